import { describe, expect, it } from '@jest/globals';
import { lifetime } from '../../../src/pki/lifetime.js';

const at = (day: number) => new Date(Date.UTC(2026, 0, day));

describe('lifetime', () => {
  it.each([
    ['a year, at its beginning', at(1), at(366), at(2), 'current', 'is valid until 2027-01-01T00:00:00.000Z'],
    [
      'a year, 29 days before its end',
      at(1),
      at(366),
      at(337),
      'ending',
      'ends at 2027-01-01T00:00:00.000Z, in 29 days',
    ],
    ['90 days, 29 days before their end', at(1), at(91), at(62), 'current', 'is valid until 2026-04-01T00:00:00.000Z'],
    [
      '90 days, 10 days before their end',
      at(1),
      at(91),
      at(81),
      'ending',
      'ends at 2026-04-01T00:00:00.000Z, in 10 days',
    ],
    ['a past one', at(1), at(2), at(3), 'expired', 'expired at 2026-01-02T00:00:00.000Z'],
    ['one to come', at(2), at(3), at(1), 'notYetValid', 'is not valid before 2026-01-02T00:00:00.000Z'],
  ])('%s', (_name, notBefore, notAfter, now, state, text) => {
    expect(lifetime({ notBefore, notAfter }, now)).toEqual({ state, text });
  });
});
