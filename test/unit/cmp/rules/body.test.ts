import { describe, expect, it } from '@jest/globals';
import type { CmpRetryClass } from '../../../../src/cmp/error.js';
import {
  bodyTypeExpected,
  certificateInPlain,
  certReqIdExpected,
  errorReported,
  exactlyOneCertResponse,
  rejection,
  retryAfterRejection,
  statusMatchesCertificate,
  verdict,
} from '../../../../src/cmp/rules/index.js';
import {
  type CertResponse,
  PKI_FAILURE_INFO_NAMES,
  type PKIBody,
  type PKIFailureInfoName,
  type PKIStatusName,
} from '../../../../src/cmp/schema/index.js';
import { der } from '../support/fixture.js';

const certificate = { type: 'certificate', value: der('new.crt') } as const;
const response = (status: PKIStatusName, change: Partial<CertResponse> = {}): CertResponse => ({
  certReqId: 0,
  status: { status },
  ...change,
});
const withCertificate = { certifiedKeyPair: { certOrEncCert: certificate } };
const malformed = expect.objectContaining({ code: 'ResponseMalformed', retry: 'transaction' });

describe('bodyTypeExpected', () => {
  const ip: PKIBody = { type: 'ip', value: { response: [] } };
  it('takes what this state allows', () => expect(bodyTypeExpected(ip, ['ip', 'error'])).toBe(ip));

  it.each<PKIBody>([
    ip,
    { type: 'pkiconf', value: null },
    { type: 'ir', value: [] },
    { type: 'pollReq', value: [] },
    { type: 'certConf', value: [] },
    { type: 'kup', value: { response: [] } },
    { type: 'nested', value: [] },
  ])('refuses $type where cp is expected', (body) =>
    expect(() => bodyTypeExpected(body, ['cp'])).toThrow(expect.objectContaining({ code: 'UnexpectedBody' })),
  );
});

describe('exactlyOneCertResponse', () => {
  const one = response('accepted');
  it('takes one', () => expect(exactlyOneCertResponse({ response: [one] })).toBe(one));
  it.each([[[]], [[one, one]]])('refuses %#', (list) =>
    expect(() => exactlyOneCertResponse({ response: list })).toThrow(malformed),
  );
});

describe('certReqIdExpected', () => {
  it.each([
    [0, [0]],
    [0, [-1, 0]],
    [-1, [-1, 0]],
  ])('takes %i of %j', (certReqId, accepted) => expect(() => certReqIdExpected({ certReqId }, accepted)).not.toThrow());
  it.each([
    [1, [0]],
    [-1, [0]],
    [1, [-1, 0]],
  ])('refuses %i of %j', (certReqId, accepted) =>
    expect(() => certReqIdExpected({ certReqId }, accepted)).toThrow(malformed),
  );
});

describe('verdict', () => {
  it.each([
    ['accepted', 'granted'],
    ['grantedWithMods', 'grantedWithMods'],
    ['waiting', 'waiting'],
  ] as const)('%s is %s', (status, expected) => expect(verdict({ status })).toBe(expected));

  it.each(['rejection', 'keyUpdateWarning', 'revocationWarning', 'revocationNotification'] as const)(
    '%s is no certificate',
    (status) =>
      expect(() => verdict({ status })).toThrow(expect.objectContaining({ code: 'Rejected', retry: 'request' })),
  );
});

describe('statusMatchesCertificate', () => {
  it.each([
    response('accepted', withCertificate),
    response('grantedWithMods', withCertificate),
    response('rejection'),
    response('waiting'),
    // Refused by `verdict`, with or without a certificate.
    response('keyUpdateWarning', withCertificate),
  ])('takes $status.status %#', (candidate) => expect(() => statusMatchesCertificate(candidate)).not.toThrow());

  it.each([
    ['accepted without a certificate', response('accepted')],
    ['grantedWithMods without a certificate', response('grantedWithMods')],
    [
      'accepted with failInfo',
      response('accepted', { ...withCertificate, status: { status: 'accepted', failInfo: ['badAlg'] } }),
    ],
    ['rejection with a certificate', response('rejection', withCertificate)],
    ['waiting with a certificate', response('waiting', withCertificate)],
  ])('refuses %s', (_name, candidate) => expect(() => statusMatchesCertificate(candidate)).toThrow(malformed));
});

describe('certificateInPlain', () => {
  it('takes a plain certificate', () =>
    expect(certificateInPlain(response('accepted', withCertificate))).toBe(certificate.value));

  it.each<[string, Partial<CertResponse>]>([
    ['nothing', {}],
    [
      'an encrypted certificate',
      { certifiedKeyPair: { certOrEncCert: { type: 'encryptedCert', value: der('new.crt') } } },
    ],
    ['a private key beside it', { certifiedKeyPair: { certOrEncCert: certificate, privateKey: der('new.crt') } }],
  ])('refuses %s', (_name, change) =>
    expect(() => certificateInPlain(response('accepted', change))).toThrow(malformed),
  );
});

describe('what a rejection means', () => {
  const classes: Readonly<Record<(typeof PKI_FAILURE_INFO_NAMES)[number], CmpRetryClass>> = {
    badAlg: 'request',
    badMessageCheck: 'issuer',
    badRequest: 'request',
    badTime: 'transaction',
    badCertId: 'request',
    badDataFormat: 'request',
    wrongAuthority: 'request',
    incorrectData: 'request',
    missingTimeStamp: 'request',
    badPOP: 'request',
    certRevoked: 'request',
    certConfirmed: 'transaction',
    wrongIntegrity: 'issuer',
    badRecipientNonce: 'transaction',
    timeNotAvailable: 'transient',
    unacceptedPolicy: 'request',
    unacceptedExtension: 'request',
    addInfoNotAvailable: 'transient',
    badSenderNonce: 'transaction',
    badCertTemplate: 'request',
    signerNotTrusted: 'issuer',
    transactionIdInUse: 'transaction',
    unsupportedVersion: 'issuer',
    notAuthorized: 'issuer',
    systemUnavail: 'transient',
    systemFailure: 'transient',
    duplicateCertReq: 'request',
  };

  it.each(PKI_FAILURE_INFO_NAMES)('%s', (name) => expect(retryAfterRejection([name])).toBe(classes[name]));

  it.each<[PKIFailureInfoName[], CmpRetryClass]>([
    [[], 'request'],
    [['bit31'], 'request'],
    [['systemFailure', 'badPOP'], 'request'],
    [['badPOP', 'notAuthorized'], 'issuer'],
  ])('%j is %s', (failInfo, expected) => expect(retryAfterRejection(failInfo)).toBe(expected));

  it('tells what the CA said and what to do', () => {
    const error = rejection({ status: 'rejection', failInfo: ['badPOP'], statusString: ['no', 'proof'] }, true);
    expect(error.message).toMatch(/^CA rejected the request: badPOP "no; proof"\. .*raVerified.*P10CR/);
  });

  it('is never final when nobody vouches for it', () => {
    const error = errorReported(
      { pKIStatusInfo: { status: 'rejection', failInfo: ['notAuthorized'] }, errorCode: 7, errorDetails: ['go away'] },
      false,
    );
    expect(error).toMatchObject({ retry: 'unauthenticated', failInfo: ['notAuthorized'] });
    expect(error.message).toMatch(/unauthenticated message: notAuthorized \(error code 7, go away\)/);
  });

  it('bounds and cleans the text of strangers', () => {
    const hostile = `\u001b[31m\n\r{"level":"error"}\u202e${'x'.repeat(100_000)}`;
    const { message } = errorReported(
      {
        pKIStatusInfo: { status: 'rejection', statusString: Array.from({ length: 500 }, () => hostile) },
        errorDetails: [hostile],
      },
      true,
    );
    expect(message.length).toBeLessThan(1_500);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
