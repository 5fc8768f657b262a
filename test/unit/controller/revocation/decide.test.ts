import { describe, expect, it } from '@jest/globals';
import type { IssuerView } from '../../../../src/controller/issuer-view.js';
import {
  decideRevocation,
  type OwnerView,
  type RevocationAction,
  type RevocationFailure,
  type RevokingIssuer,
} from '../../../../src/controller/revocation/decide.js';
import type { RevocationRecord } from '../../../../src/controller/revocation/record.js';
import { later, NOW } from '../objects.js';
import { record } from './objects.js';

const nobody: OwnerView = { state: 'nobody' };
const unknown: OwnerView = { state: 'unknown' };
const missing: OwnerView = { state: 'missing' };
const gone: OwnerView = { state: 'gone' };
const present = (annotation?: string): OwnerView => ({ state: 'present', annotation });
const goneWith = (annotation?: string): OwnerView => ({ state: 'gone', last: { annotation } });

const readyView: IssuerView = { state: 'ready', uid: 'issuer-1', revision: '7' };
const issuer = (changes: Partial<Extract<RevokingIssuer, { state: 'present' }>> = {}): RevokingIssuer => ({
  state: 'present',
  uid: 'issuer-1',
  revokes: true,
  view: readyView,
  ...changes,
});
const failure = (changes: Partial<RevocationFailure> = {}): RevocationFailure => ({
  retry: 'transient',
  message: 'no connection',
  count: 1,
  notBefore: later(60),
  issuerRevision: '7',
  ...changes,
});

interface Case {
  readonly record?: Partial<RevocationRecord>;
  readonly owner: OwnerView;
  readonly issuer?: RevokingIssuer;
  readonly failure?: RevocationFailure;
  readonly action: RevocationAction | { readonly kind: 'wait'; readonly standing: object; readonly until?: Date };
}

const KEEP = { kind: 'keep' } as const;
const revoke = (reason: Extract<RevocationAction, { kind: 'revoke' }>['reason'] = 'cessationOfOperation') =>
  ({ kind: 'revoke', reason }) as const;
const held = (message: RegExp) => ({
  kind: 'wait' as const,
  standing: { phase: 'Held', message: expect.stringMatching(message) },
});

describe('what becomes of a certificate', () => {
  it.each<[string, Case]>([
    ['is kept while its Certificate is there', { owner: present(), action: KEEP }],
    ['is kept while nothing is known of its Certificate', { owner: unknown, action: KEEP }],
    ['is not revoked because our copy lacks the Certificate', { owner: missing, action: { kind: 'confirm' } }],
    ['is revoked once its Certificate is gone', { owner: gone, action: revoke() }],
    [
      'is forgotten once it has expired',
      { record: { notAfter: NOW }, owner: present(), action: { kind: 'drop', because: 'expired' } },
    ],
    [
      'is not revoked any more once it has expired',
      { record: { notAfter: later(-1) }, owner: gone, action: { kind: 'drop', because: 'expired' } },
    ],
    ['is revoked in the last second', { record: { notAfter: later(1) }, owner: gone, action: revoke() }],

    ['is revoked at once if nobody ever got it', { owner: nobody, action: revoke() }],
    [
      'is revoked for the reason of the request if nobody ever got it',
      { record: { requestAnnotation: 'superseded' }, owner: nobody, action: revoke('superseded') },
    ],
    [
      'is revoked for the reason of the Certificate it was meant for',
      { record: { annotation: 'keyCompromise' }, owner: nobody, action: revoke('keyCompromise') },
    ],
    [
      'is forgotten once it has expired, though nobody ever got it',
      { record: { notAfter: NOW }, owner: nobody, action: { kind: 'drop', because: 'expired' } },
    ],
    [
      'that nobody ever got is not revoked unless the issuer wants it',
      { owner: nobody, issuer: issuer({ revokes: false }), action: { kind: 'drop', because: 'unwanted' } },
    ],
    [
      'that nobody ever got is held when the issuer is another one',
      { owner: nobody, issuer: issuer({ uid: 'issuer-2' }), action: held(/not the one/) },
    ],
    [
      'that nobody ever got waits after a failure',
      {
        owner: nobody,
        failure: failure(),
        action: { kind: 'wait', standing: { phase: 'Due', message: 'no connection' }, until: later(60) },
      },
    ],

    [
      'takes note of an annotation',
      { owner: present('keyCompromise'), action: { kind: 'note', annotation: 'keyCompromise' } },
    ],
    [
      'takes note of an annotation once',
      { record: { annotation: 'superseded' }, owner: present('superseded'), action: KEEP },
    ],
    [
      'takes note of an annotation that was removed',
      { record: { annotation: 'superseded' }, owner: present(), action: { kind: 'note', annotation: undefined } },
    ],
    [
      'takes note of an annotation that came with the deletion',
      { owner: goneWith('keyCompromise'), action: { kind: 'note', annotation: 'keyCompromise' } },
    ],
    [
      'takes note of a removal that came with the deletion',
      { record: { annotation: 'superseded' }, owner: goneWith(), action: { kind: 'note', annotation: undefined } },
    ],
    [
      'is revoked for the annotated reason',
      { record: { annotation: 'keyCompromise' }, owner: goneWith('keyCompromise'), action: revoke('keyCompromise') },
    ],
    [
      'is revoked for the reason in the record when nobody saw the Certificate go',
      { record: { annotation: 'superseded' }, owner: gone, action: revoke('superseded') },
    ],
    [
      'is revoked for the reason of the request when the Certificate names none',
      { record: { requestAnnotation: 'superseded' }, owner: goneWith(), action: revoke('superseded') },
    ],
    [
      'is revoked for the reason of the Certificate, whatever the request says',
      {
        record: { annotation: 'keyCompromise', requestAnnotation: 'superseded' },
        owner: gone,
        action: revoke('keyCompromise'),
      },
    ],
    [
      'is revoked for the default reason when the annotation is none',
      { record: { annotation: 'because' }, owner: gone, action: revoke() },
    ],

    [
      'is not revoked unless the issuer wants it',
      { owner: gone, issuer: issuer({ revokes: false }), action: { kind: 'drop', because: 'unwanted' } },
    ],
    [
      'is kept while the issuer does not want it, but might again',
      { owner: present(), issuer: issuer({ revokes: false }), action: KEEP },
    ],
    [
      'is held when the issuer is gone',
      { owner: gone, issuer: { state: 'missing' }, action: held(/ca does not exist any more: revoke it by hand/) },
    ],
    [
      'is held when the issuer is another one',
      { owner: gone, issuer: issuer({ uid: 'issuer-2' }), action: held(/ca is not the one that got the certificate/) },
    ],
    [
      'is held when the issuer is another one, whatever that wants',
      { owner: gone, issuer: issuer({ uid: 'issuer-2', revokes: false }), action: held(/not the one/) },
    ],
    [
      'waits until the issuer has been verified',
      { owner: gone, issuer: issuer({ view: { state: 'unverified' } }), action: KEEP },
    ],
    [
      'waits until the issuer is ready',
      {
        owner: gone,
        issuer: issuer({ view: { state: 'notReady', message: 'no Secret' } }),
        action: {
          kind: 'wait',
          standing: { phase: 'Due', message: 'CMPv2Issuer resource shop/ca is not Ready: no Secret' },
        },
      },
    ],

    [
      'waits after a failure',
      {
        owner: gone,
        failure: failure(),
        action: { kind: 'wait', standing: { phase: 'Due', message: 'no connection' }, until: later(60) },
      },
    ],
    ['is tried again when it is time', { owner: gone, failure: failure({ notBefore: NOW }), action: revoke() }],
    [
      'is tried again at once when the issuer was repaired',
      { owner: gone, failure: failure({ issuerRevision: '6' }), action: revoke() },
    ],
    [
      'is not tried again when the CA refused',
      {
        owner: gone,
        failure: failure({ retry: 'request', notBefore: later(-60), message: 'CA says no' }),
        action: { kind: 'wait', standing: { phase: 'Refused', message: 'CA says no' } },
      },
    ],
    [
      'is tried again after a refusal when the issuer was changed',
      { owner: gone, failure: failure({ retry: 'request', issuerRevision: '6' }), action: revoke() },
    ],
  ])('%s', (_name, { record: changes, owner, issuer: who = issuer(), failure: failed, action }) => {
    expect(decideRevocation(record(changes), owner, who, failed, NOW)).toEqual(action);
  });
});
