import { describe, expect, it } from '@jest/globals';
import type { ConditionFacts } from '../../../src/api/conditions.js';
import { issuerConditions } from '../../../src/controller/issuer-conditions.js';
import { condition, NOW } from './objects.js';

const facts = (type: string, status: ConditionFacts['status'] = 'True', reason = 'x'): ConditionFacts => ({
  type,
  status,
  reason,
  message: '',
});

const types = (found: ReturnType<typeof issuerConditions>) => ({
  conditions: found?.conditions.map(({ type }) => type),
  news: found?.news.map(({ type }) => type),
});

describe('the conditions of an issuer', () => {
  it('are not written when they say nothing new', () => {
    expect(issuerConditions([condition('Ready', 'True')], [facts('Ready')], NOW)).toBeUndefined();
  });

  it('are written all together as soon as one of them is new', () => {
    const wanted = [facts('Ready'), facts('TrustUpdateAvailable')];
    const found = issuerConditions([condition('Ready', 'True')], wanted, NOW);
    expect(types(found)).toEqual({ conditions: ['Ready', 'TrustUpdateAvailable'], news: ['TrustUpdateAvailable'] });
    // That of Ready, which has not changed, stays.
    expect(found?.conditions.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
      '2030-01-01T00:00:00Z',
      '2030-01-02T03:04:05Z',
    ]);
  });

  it('are written without one that does not apply any more', () => {
    const existing = [condition('Ready', 'True'), condition('CredentialsExpiring', 'True')];
    expect(types(issuerConditions(existing, [facts('Ready')], NOW))).toEqual({ conditions: ['Ready'], news: [] });
  });

  it('are none of ours where somebody else added them', () => {
    const existing = [condition('Ready', 'True'), condition('Audited', 'True')];
    expect(issuerConditions(existing, [facts('Ready')], NOW)).toBeUndefined();
  });
});
