import { PassThrough } from 'node:stream';
import { expect, it } from '@jest/globals';
import { formatTable, styled } from '../../../src/cli/terminal.js';

it('makes columns as wide as their widest cell, without blanks at the end', () => {
  const rows = [
    ['NAME', 'RESULT'],
    ['a-long-name', 'ok'],
    ['b', ''],
  ];
  expect(formatTable(rows)).toEqual(['NAME         RESULT', 'a-long-name  ok', 'b']);
});

it('leaves text alone where styles are not wanted', () => {
  const terminal = { out: new PassThrough(), err: new PassThrough(), fancy: false };
  expect(styled(terminal, 'red', 'text')).toBe('text');
  expect(styled({ ...terminal, fancy: true }, 'red', 'text')).toBe('\u001b[31mtext\u001b[39m');
});
