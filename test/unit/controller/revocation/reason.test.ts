import { describe, expect, it } from '@jest/globals';
import { ANNOTATED_REASONS, annotatedReason } from '../../../../src/controller/revocation/reason.js';

describe('the annotated reason', () => {
  it.each(ANNOTATED_REASONS)('may be %s, in any case', (reason) => {
    for (const text of [reason, reason.toUpperCase(), ` ${reason}\n`]) expect(annotatedReason(text)).toBe(reason);
  });

  it.each(['', 'because', 'certificateHold', 'removeFromCRL', 'aACompromise', 'key compromise', '1'])(
    'may not be "%s"',
    (text) => expect(annotatedReason(text)).toBeUndefined(),
  );
});
