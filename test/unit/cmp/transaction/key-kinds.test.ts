import { getCurves } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CmpSession,
  requestCaCertificates,
  revokeCertificate,
  startEnrollment,
} from '../../../../src/cmp/transaction/index.js';
import type { CertificateRequest } from '../../../../src/cmp/wish.js';
import { type Certificate, createCsr, encodePem, parseName } from '../../../../src/pki/index.js';
import { KEY_KINDS, type KeyKind, type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { generateKey } from '../../../../src/sandbox/ca/key-kind.js';
import { sandboxSession, signatureOf } from '../support/sandbox.js';

const { signal } = new AbortController();

/** What messages and certificates of each kind of key are signed with. */
const PROTECTION: Readonly<Record<KeyKind, string>> = {
  'ec-p256': 'ECDSA with SHA-256',
  'ec-p384': 'ECDSA with SHA-384',
  'ec-p521': 'ECDSA with SHA-512',
  'brainpool-p256r1': 'ECDSA with SHA-256',
  'brainpool-p384r1': 'ECDSA with SHA-384',
  'brainpool-p512r1': 'ECDSA with SHA-512',
  'rsa-2048': 'RSA with SHA-256',
  'rsa-pss-2048': 'RSASSA-PSS with SHA-256',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
};

let ca: SandboxCa;
let session: CmpSession;
async function wishFor(keys: KeyKind, replaces?: Certificate): Promise<CertificateRequest> {
  const key = await generateKey(keys);
  const der = await createCsr({ subject: parseName('CN=device,O=Lab'), extensions: [] }, key);
  return {
    csrPem: encodePem('CERTIFICATE REQUEST', der),
    usages: ['digital signature'],
    isCA: false,
    privateKey: async () => key,
    ...(replaces === undefined ? {} : { replaces }),
  };
}

async function issued(wish: CertificateRequest, client: CmpSession) {
  const result = await startEnrollment(wish, client, signal);
  if (result.kind !== 'issued') throw new Error('put off');
  return result;
}

describe('keys of every kind', () => {
  afterEach(async () => {
    await session.transport.close();
    await ca.close();
  });

  it.each(KEY_KINDS)('%s: CA, signer of answers, our own protection, proof of possession and request', async (keys) => {
    ca = await startSandboxCa({ keys });
    const credential = signatureOf(await ca.issueClientCertificate('ra'));
    session = sandboxSession(ca, '', { credential, proofOfPossession: 'signature' });
    const wish = await wishFor(keys);
    for (const enrollment of ['ir', 'cr', 'p10cr'] as const) {
      const { facts } = await issued(wish, { ...session, enrollment });
      expect(facts).toMatchObject({ body: enrollment, protection: PROTECTION[keys], confirmation: 'explicit' });
      // The hash in certConf was the one that belongs to the signature of the certificate: the CA says so.
      expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'confirmed', protection: PROTECTION[keys] });
    }
    const { certificate: old } = await issued(wish, session);
    const oldKey = { kind: 'signature', certificate: old, issuers: [], privateKey: await wish.privateKey() } as const;
    const updated = await issued(await wishFor(keys, old), { ...session, enrollment: 'kur', credential: oldKey });
    expect(updated.facts.protection).toBe(PROTECTION[keys]);
    await expect(
      revokeCertificate({ certificate: updated.certificate, reason: 'superseded' }, session, signal),
    ).resolves.toMatchObject({ already: false });
    await expect(requestCaCertificates(session, signal)).resolves.toHaveLength(3);
  });
});

it('the OpenSSL below Node.js has the Brainpool curves', () => {
  expect(getCurves()).toEqual(expect.arrayContaining(['brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']));
});
