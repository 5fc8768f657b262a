import { PbmKeys } from '../../../../src/cmp/protection/index.js';
import type { CmpSession } from '../../../../src/cmp/transaction/index.js';
import { createHttpTransport } from '../../../../src/cmp/transfer/index.js';
import { decodeCertificates, loadPrivateKey, parseName } from '../../../../src/pki/index.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import type { ClientCertificate, SandboxCa } from '../../../../src/sandbox/ca/index.js';
import { HastyClock } from '../../../support/hasty-clock.js';
import { macCredential, session } from './session.js';

const LIMITS = { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxResponseBytes: 1_000_000 };

/** The shared secret of the sandbox CA. */
export const secretOf = ({ credentials }: SandboxCa, change: object = {}): CmpSession['credential'] => ({
  ...(macCredential() as Extract<CmpSession['credential'], { kind: 'mac' }>),
  reference: credentials.reference,
  keys: new PbmKeys(Buffer.from(credentials.secret)),
  ...change,
});

export function signatureOf({ certificatePem, chainPem, keyPem }: ClientCertificate) {
  const [certificate] = decodeCertificates(certificatePem);
  if (certificate === undefined) throw new Error('no certificate');
  const issuers = decodeCertificates(chainPem);
  return { kind: 'signature', certificate, issuers, privateKey: loadPrivateKey(keyPem) } as const;
}

/** A session with the sandbox CA over HTTP, which behaves as the path says; close its transport in the end. */
export function sandboxSession(ca: SandboxCa, behaviour = '', change: Partial<CmpSession> = {}): CmpSession {
  const clock = new HastyClock(new Date());
  const endpoints = [{ url: `${ca.url}/cmp/${behaviour}` }];
  return session({
    transport: createHttpTransport({ endpoints, ...LIMITS }, systemClock),
    credential: secretOf(ca),
    recipient: parseName(ca.caName),
    anchors: decodeCertificates(ca.rootPem),
    clock,
    ...change,
  });
}
