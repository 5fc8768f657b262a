import { describe, expect, it } from '@jest/globals';
import { freeText, printable } from '../../../src/cmp/text.js';

describe('printable', () => {
  it.each([
    ['keeps what people write', 'schöne Grüße, 世界 🙂', 'schöne Grüße, 世界 🙂'],
    ['puts everything on one line', ' a\r\n\tb  c ', 'a b c'],
    ['replaces control characters', 'a\u0000b\u001b[31mc\u007f', 'a\ufffdb\ufffd[31mc\ufffd'],
    ['replaces what turns the reading order', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
  ])('%s', (_name, text, expected) => expect(printable(text)).toBe(expected));

  it('bounds the length', () => {
    expect(printable('x'.repeat(300))).toHaveLength(300);
    expect(printable('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
    expect(printable('x'.repeat(10_000_000), 10)).toBe(`${'x'.repeat(9)}…`);
  });
});

describe('freeText', () => {
  it.each([
    [undefined, ''],
    [[], ''],
    [['one'], 'one'],
    [['one', 'two\n'], 'one; two'],
  ])('%j is %j', (parts, expected) => expect(freeText(parts)).toBe(expected));
});
