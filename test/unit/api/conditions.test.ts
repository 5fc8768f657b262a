import { describe, expect, it } from '@jest/globals';
import { nextCondition, saysTheSame, wholeSeconds } from '../../../src/api/conditions.js';

const now = new Date('2030-01-02T03:04:05.678Z');
const before = '2029-12-31T00:00:00Z';

describe('nextCondition', () => {
  it.each([
    ['nothing before', undefined, '2030-01-02T03:04:05Z'],
    ['same status', { type: 'Ready', status: 'False', lastTransitionTime: before } as const, before],
    ['other status', { type: 'Ready', status: 'True', lastTransitionTime: before } as const, '2030-01-02T03:04:05Z'],
    ['same status without a time', { type: 'Ready', status: 'False' } as const, '2030-01-02T03:04:05Z'],
  ])('gives the right transition time: %s', (_name, existing, expected) => {
    const facts = { type: 'Ready', status: 'False', reason: 'Pending', message: 'x' } as const;
    expect(nextCondition(existing, facts, now)).toEqual({ ...facts, lastTransitionTime: expected });
  });
});

it('writes whole seconds', () => expect(wholeSeconds(now)).toBe('2030-01-02T03:04:05Z'));

describe('saysTheSame', () => {
  const facts = { type: 'Ready', status: 'False', reason: 'Pending', message: 'x' } as const;
  it.each([
    ['equal but for the time', { ...facts, lastTransitionTime: before }, true],
    ['absent', undefined, false],
    ['other message', { ...facts, message: 'y' }, false],
    ['other generation', { ...facts, observedGeneration: 2 }, false],
  ])('%s', (_name, existing, same) => expect(saysTheSame(existing, facts)).toBe(same));
});
