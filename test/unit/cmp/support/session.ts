import { createPrivateKey } from 'node:crypto';
import { CertificateReader } from '../../../../src/cmp/certificate-reader.js';
import { decodeMessage, type ReceivedMessage } from '../../../../src/cmp/message.js';
import { DEFAULT_PBM_POLICY, PbmKeys } from '../../../../src/cmp/protection/index.js';
import { type CmpSession, type Credential, SignerCache } from '../../../../src/cmp/transaction/index.js';
import type { HttpTransport } from '../../../../src/cmp/transfer/index.js';
import type { CertificateRequest } from '../../../../src/cmp/wish.js';
import { Certificate, decodeCertificates, loadPrivateKey, parseName } from '../../../../src/pki/index.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { der, text } from './fixture.js';

export const certificate = (name: string): Certificate => Certificate.parse(der(name));
export const certificates = (...names: string[]): Certificate[] =>
  names.flatMap((name) => decodeCertificates(text(name)));

export const SECRET = Buffer.from('a shared secret');

export const macCredential = (secret: Uint8Array = SECRET): Credential => ({
  kind: 'mac',
  reference: 'reference-1',
  keys: new PbmKeys(secret),
  owf: 'sha256',
  mac: 'sha256',
  iterationCount: 100,
});

export const signatureCredential = (kind = 'p256'): Credential => ({
  kind: 'signature',
  certificate: certificate(`ra-${kind}.crt`),
  issuers: certificates('issuing.crt'),
  privateKey: loadPrivateKey(text(`ra-${kind}.key`)),
});

/** A session that talks to nobody until it is given a transport. */
export function session(change: Partial<CmpSession> = {}): CmpSession {
  return {
    transport: nobody,
    credential: macCredential(),
    recipient: parseName('CN=Test Issuing CA,O=CMP Test'),
    anchors: certificates('root.crt'),
    enrollment: 'ir',
    proofOfPossession: 'raVerified',
    implicitConfirm: false,
    responseProtection: 'allowSignature',
    pbmPolicy: DEFAULT_PBM_POLICY,
    ignoreKeyUsage: false,
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    maxPollingMs: 3_600_000,
    signers: new SignerCache(),
    certificates: new CertificateReader(),
    clock: new ManualClock(new Date('2027-01-01T00:00:00Z')),
    random: systemRandom,
    logger: silentLogger,
    ...change,
  };
}

const nobody: HttpTransport = {
  open: () => {
    throw new Error('nobody is there');
  },
  probe: async () => {},
  close: async () => {},
};

export const ENDPOINT = 'http://ca.test/pkix/';

/** A transport whose server is a function. */
export function transportTo(
  reply: (request: ReceivedMessage, der: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): HttpTransport {
  return {
    open: () => ({
      endpoint: ENDPOINT,
      exchange: async (message) => reply(decodeMessage(message), message),
      close: async () => {},
    }),
    probe: async () => {},
    close: async () => {},
  };
}

export function request(change: Partial<CertificateRequest> = {}): CertificateRequest {
  return {
    csrPem: text('new.csr'),
    usages: [],
    isCA: false,
    privateKey: async () => createPrivateKey(text('new.key')),
    ...change,
  };
}
