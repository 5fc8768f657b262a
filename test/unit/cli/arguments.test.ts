import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from 'commander';
import { parseAddress, parseCount, parsePort } from '../../../src/cli/arguments.js';

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:9', { host: '::1', port: 9 }],
    [':8080', { host: '::', port: 8080 }],
  ])('reads %s', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it.each(['8080', 'host', 'host:', '::1:80', 'host:65536', 'host:-1'])('refuses %s', (text) => {
    expect(() => parseAddress(text)).toThrow(InvalidArgumentError);
  });
});

it.each(['', '-1', '65536', '80x', '1.5'])('refuses "%s" as a port', (text) => {
  expect(() => parsePort(text)).toThrow('a port is a number from 0 to 65535');
});

it('holds counts to their bounds', () => {
  expect(parseCount(1, 8)('8')).toBe(8);
  expect(() => parseCount(1, 8)('9')).toThrow('a whole number from 1 to 8');
  expect(() => parseCount(1)('0')).toThrow('a whole number from 1.');
});
