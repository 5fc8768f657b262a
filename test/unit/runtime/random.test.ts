import { expect, it } from '@jest/globals';
import { systemRandom } from '../../../src/runtime/random.js';

it.each([1, 16, 64, 65, 300])('draws %d octets, never the same and never shared', (octets) => {
  const drawn = Array.from({ length: 500 }, () => systemRandom(octets));
  expect(drawn.every(({ length }) => length === octets)).toBe(true);
  const hex = drawn.map((value) => Buffer.from(value).toString('hex'));
  if (octets >= 16) expect(new Set(hex).size).toBe(drawn.length);
  for (const value of drawn) value.fill(0);
  expect(Buffer.from(systemRandom(64)).equals(Buffer.alloc(64))).toBe(false);
});

it('gives every bit a chance', () => {
  const union = new Uint8Array(16);
  const meet = new Uint8Array(16).fill(0xff);
  for (let i = 0; i < 400; i++) {
    systemRandom(16).forEach((octet, at) => {
      union[at] = (union[at] ?? 0) | octet;
      meet[at] = (meet[at] ?? 0) & octet;
    });
  }
  expect(union).toEqual(new Uint8Array(16).fill(0xff));
  expect(meet).toEqual(new Uint8Array(16));
});
