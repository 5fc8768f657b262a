import { describe, expect, it } from '@jest/globals';
import { adviceFor, FAILURE_INFO, GRAVEST_FIRST, retryAfterRejection } from '../../../../src/cmp/rules/failure-info.js';
import { PKI_FAILURE_INFO_NAMES } from '../../../../src/cmp/schema/index.js';

describe('each reason of a CA', () => {
  it.each(PKI_FAILURE_INFO_NAMES)('%s has a class, and a sentence for people', (name) => {
    const { retry, advice } = FAILURE_INFO[name];
    expect(GRAVEST_FIRST).toContain(retry);
    expect(retryAfterRejection([name])).toBe(retry);
    expect(advice).toMatch(/^(The (CA|clocks|certificate)|This CA) .*\.$/);
    expect(adviceFor([name])).toBe(advice);
  });

  it('that is known to nobody has neither', () => {
    expect(retryAfterRejection(['bit31'])).toBe('request');
    expect(adviceFor(['bit31'])).toBeUndefined();
    expect(adviceFor([])).toBeUndefined();
  });
});

describe('of several reasons', () => {
  it('the gravest decides', () => {
    expect(retryAfterRejection(['systemUnavail', 'badPOP'])).toBe('request');
    expect(retryAfterRejection(['badPOP', 'notAuthorized', 'systemUnavail'])).toBe('issuer');
    expect(retryAfterRejection(['bit31', 'systemUnavail'])).toBe('transient');
  });

  it('the one that says most is explained', () => {
    expect(adviceFor(['badRequest', 'badPOP'])).toBe(FAILURE_INFO.badPOP.advice);
    expect(adviceFor(['bit31', 'badDataFormat', 'badAlg', 'badPOP'])).toBe(FAILURE_INFO.badAlg.advice);
    expect(adviceFor(['badRequest', 'badDataFormat'])).toBe(FAILURE_INFO.badRequest.advice);
  });
});
