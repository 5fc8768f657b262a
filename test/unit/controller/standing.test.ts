import { expect, it } from '@jest/globals';
import { readiness } from '../../../src/controller/standing.js';

const follower = { holder: 'pod-1', problem: undefined };

it.each([
  ['starting', undefined, undefined, false, 'starting'],
  ['starting', 'no list yet', undefined, false, 'no list yet'],
  ['working', undefined, undefined, true, 'working'],
  ['working', undefined, follower, true, 'working: this one leads'],
  ['working', 'nothing heard for 200 s', undefined, false, 'nothing heard for 200 s'],
  ['standingBy', undefined, follower, true, 'standing by: pod-1 leads'],
  ['standingBy', undefined, { holder: undefined, problem: undefined }, true, 'standing by: nobody yet leads'],
  ['standingBy', undefined, { ...follower, problem: 'forbidden' }, false, 'the Lease cannot be seen: forbidden'],
  ['standingBy', 'no list yet', follower, false, 'no list yet'],
  ['stopping', undefined, follower, false, 'shutting down'],
] as const)('%s, cache problem %s, election %j: ready %s', (stage, problem, election, ready, detail) => {
  expect(readiness(stage, problem, election)).toEqual({ ready, detail });
});
