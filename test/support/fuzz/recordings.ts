import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DerError, encodeDer, octetsEqual } from '../../../src/asn1/index.js';
import { describeMessage } from '../../../src/cli/inspect/describe.js';
import { CmpError } from '../../../src/cmp/error.js';
import { decodeMessage, protectedPart, type ReceivedMessage } from '../../../src/cmp/message.js';
import { isPasswordBasedMac } from '../../../src/cmp/protection/index.js';
import { PKIMessage } from '../../../src/cmp/schema/index.js';
import { acceptAnswer, type CmpSession } from '../../../src/cmp/transaction/index.js';
import { Certificate, CertificationRequest, decodeCertificates, PkiError, parseName } from '../../../src/pki/index.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { macCredential, session, signatureCredential } from '../../unit/cmp/support/session.js';
import { ManualClock } from '../manual-clock.js';
import type { Subject } from './subject.js';

const fixtures = join(packageRoot(), 'fixtures');
const recorded = (name: string): Uint8Array => readFileSync(join(fixtures, 'cmp', 'recorded', name));
const names = readdirSync(join(fixtures, 'cmp', 'recorded')).filter((name) => name.endsWith('.der'));
const root = decodeCertificates(readFileSync(join(fixtures, 'pki', 'recorded', 'root.crt'), 'utf8'));
const secret = Buffer.from('labsecret-0123456789');

/** Runs `work`; an error of one of these kinds is a proper answer to bad input, everything else is a crash. */
function refusedWith<T>(
  kinds: readonly (abstract new (...parameters: never[]) => Error)[],
  work: () => T,
): T | undefined {
  try {
    return work();
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** Decodes; whatever does must come out of the codec again octet for octet, and must be fit to be shown. */
function decodesFaithfully(mutant: Uint8Array): ReceivedMessage | undefined {
  const message = refusedWith([DerError], () => decodeMessage(mutant));
  if (message === undefined) return undefined;
  const again = encodeDer(PKIMessage, {
    header: { der: message.rawHeader, value: message.header },
    body: { der: message.rawBody, value: message.body },
    protection: message.protection,
    extraCerts: message.extraCerts.length === 0 ? undefined : message.extraCerts,
  });
  if (!octetsEqual(again, mutant)) throw new Error('decoding and encoding again does not give the same octets');
  refusedWith([PkiError], () => describeMessage(message));
  return message;
}

/** What protection covers, and protection itself. */
const believable = (message: ReceivedMessage): Uint8Array =>
  Buffer.concat([protectedPart(message), message.protection ?? new Uint8Array()]);

function requestSubject(name: string): Subject {
  return {
    name,
    seed: recorded(name),
    feed: (mutant) => (decodesFaithfully(mutant) === undefined ? 'not decoded' : 'decoded'),
  };
}

/** A recorded answer, taken by a client that had sent the request of then. */
function answerSubject(name: string): Subject {
  const seed = recorded(name);
  const sent = decodeMessage(recorded(name.replace('pkiconf', 'certconf').replace('.rsp.', '.req.')));
  const right = believable(decodeMessage(seed));
  const { transactionID = new Uint8Array(), senderNonce = new Uint8Array(), messageTime } = sent.header;
  const client: CmpSession = session({
    anchors: root,
    recipient: parseName('/O=CMP Lab/CN=Lab Issuing CA'),
    credential: isPasswordBasedMac(sent) ? macCredential(secret) : signatureCredential(),
    clock: new ManualClock(messageTime),
  });
  const expectation = { transactionID, lastNonce: senderNonce, seenNonces: [senderNonce], knownSigners: [] };
  return {
    name,
    seed,
    feed: async (mutant) => {
      const decoded = decodesFaithfully(mutant);
      try {
        const { message } = await acceptAnswer(mutant, expectation, client);
        if (!octetsEqual(believable(message), right)) throw new Error('an altered message was believed');
        return 'accepted: only unprotected parts differ';
      } catch (error) {
        if (error instanceof CmpError) return decoded === undefined ? 'not decoded' : `refused: ${error.code}`;
        throw error;
      }
    },
  };
}

/** Every getter of a certificate that code of ours ever asks. */
function readAll(certificate: Certificate): void {
  const reads: readonly (() => unknown)[] = [
    () => certificate.publicKey,
    () => certificate.subjectText,
    () => certificate.issuerText,
    () => certificate.serialHex,
    () => certificate.isCA,
    () => certificate.isSelfSigned,
    () => certificate.extensions.subjectAltNames,
  ];
  for (const read of reads) refusedWith([PkiError], read);
}

function certificateSubject(file: string): Subject[] {
  const pem = readFileSync(join(fixtures, 'pki', 'recorded', file), 'utf8');
  return decodeCertificates(pem).map(({ der }) => ({
    name: file,
    seed: der,
    feed: (mutant) => {
      const certificate = refusedWith([PkiError], () => Certificate.parse(mutant));
      if (certificate === undefined) return 'not decoded';
      readAll(certificate);
      return 'decoded';
    },
  }));
}

function csrSubject(name: string): Subject {
  const { body } = decodeMessage(recorded(name));
  if (body.type !== 'p10cr') throw new Error(`${name} is no p10cr`);
  const signed = new CertificationRequest(body.value);
  return {
    name: `CSR of ${name}`,
    seed: body.value,
    feed: (mutant) => {
      const csr = refusedWith([PkiError], () => new CertificationRequest(mutant));
      if (csr === undefined) return 'not decoded';
      refusedWith([PkiError], () => csr.extensions.subjectAltNames);
      refusedWith([PkiError], () => csr.subjectText);
      const verified = refusedWith([PkiError], () => {
        csr.verifySignature();
        return true;
      });
      if (verified === true && !octetsEqual(mutant, signed.der)) throw new Error('an altered CSR verifies');
      return 'decoded';
    },
  };
}

/** All recorded messages, and the certificates and CSRs in them. */
export const recordedSubjects = (): Subject[] => [
  ...names.map((name) => (name.endsWith('.req.der') ? requestSubject(name) : answerSubject(name))),
  ...readdirSync(join(fixtures, 'pki', 'recorded'))
    .filter((name) => name.endsWith('.crt'))
    .flatMap(certificateSubject),
  ...['pbm-p10cr-1.req.der', 'sig-p10cr-1.req.der'].map(csrSubject),
];
