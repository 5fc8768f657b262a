import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  Certificate,
  type CertificationRequest,
  encodePem,
  keyMatches,
  keyObjection,
  type PemBlock,
  PkiError,
  parseCsr,
  pemBlocks,
} from '../../pki/index.js';
import { ApiError, type ApiProblem } from './api-error.js';

// What comes in the headers: each is one PEM text in base64. Nothing here puts any of it into an error or a log.

/** The CSR and the private key it was made with. */
export interface NewMaterial {
  /** PEM, normalised to one `CERTIFICATE REQUEST` block. */
  readonly csrPem: string;
  readonly csr: CertificationRequest;
  readonly privateKey: KeyObject;
}

/** The certificate to be replaced and its private key. */
export interface OldMaterial {
  readonly certificate: Certificate;
  /** What else the header held: its issuers, if the client sent them. */
  readonly others: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** RFC 4648 section 4, no line breaks; padding may be missing, as Java's basic decoder has it. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function decodeHeader(value: string, problem: ApiProblem): string {
  if (value === '' || !BASE64.test(value)) throw new ApiError(problem, 'the header is not base64');
  return Buffer.from(value, 'base64').toString('utf8');
}

/** From one PEM boundary line to the end of the next END line; empty if there is none. */
function blockAt(text: string, label = ''): string {
  const start = text.indexOf(`-----BEGIN ${label}`);
  const end = start < 0 ? -1 : text.indexOf('-----END ', start);
  const close = end < 0 ? -1 : text.indexOf('-----', end + 9);
  return close < 0 ? '' : text.slice(start, close + 5);
}

/** The first PEM object; what follows it does not count. */
function firstPem(text: string, problem: ApiProblem): PemBlock {
  try {
    const [block] = pemBlocks(blockAt(text));
    if (block !== undefined) return block;
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
  }
  throw new ApiError(problem, 'the header holds no PEM object');
}

/** The CSR header: the first PEM object whatever its label, a PKCS#10 request. Throws ApiError. */
function readCsr(header: string): { readonly csrPem: string; readonly csr: CertificationRequest } {
  const problem = { kind: 'csr' } as const;
  const { der } = firstPem(decodeHeader(header, problem), problem);
  try {
    const csr = parseCsr(der);
    csr.verifySignature({ evenIfWeak: true });
    return { csrPem: encodePem('CERTIFICATE REQUEST', der), csr };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const unusableKey = error.code === 'KeyUnsupported' || error.code === 'KeyInvalid';
    throw new ApiError(unusableKey ? { kind: 'privateKey' } : problem, error.message, error);
  }
}

const KEY_TYPES = ['pkcs8', 'pkcs1', 'sec1'] as const;

/**
 * A private key whatever the label says, because ONAP's client sends PKCS#8 under the label `RSA PRIVATE KEY`. A block
 * of EC parameters may stand before it. Throws ApiError.
 */
function readKey(header: string, problem: ApiProblem): KeyObject {
  const text = decodeHeader(header, problem);
  const key = text.slice(Math.max(0, text.search(/-----BEGIN [A-Z ]*PRIVATE KEY-----/)));
  const { der, label } = firstPem(key, problem);
  if (label === 'ENCRYPTED PRIVATE KEY') throw new ApiError(problem, 'the private key is encrypted');
  for (const type of KEY_TYPES) {
    const found = tryKey(Buffer.from(der), type);
    if (found === undefined) continue;
    const objection = keyObjection(found);
    if (objection !== undefined) throw new ApiError(problem, objection);
    return found;
  }
  throw new ApiError(problem, 'the header holds no private key in PKCS#8, PKCS#1 or SEC1');
}

function tryKey(key: Buffer, type: (typeof KEY_TYPES)[number]): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: 'der', type });
  } catch {
    // What touched key octets is told to nobody.
    return undefined;
  }
}

/** CSR and PK, in this order. Throws ApiError. */
export function readNewMaterial(csrHeader: string, keyHeader: string): NewMaterial {
  const request = readCsr(csrHeader);
  const privateKey = readKey(keyHeader, { kind: 'privateKey' });
  if (!keyMatches(privateKey, request.csr.spki)) {
    throw new ApiError({ kind: 'privateKey' }, 'the private key (PK) is not the key of the CSR');
  }
  return { ...request, privateKey };
}

const MOST_CERTIFICATES = 16;

/** The first certificates of a PEM text. */
function certificateBlocks(text: string): string[] {
  const blocks: string[] = [];
  for (let rest = text; blocks.length < MOST_CERTIFICATES; ) {
    const block = blockAt(rest, 'CERTIFICATE-----');
    if (block === '') break;
    blocks.push(block);
    rest = rest.slice(rest.indexOf(block) + block.length);
  }
  return blocks;
}

/** OLD_CERT: the first certificate counts, those after it help the CA to find its issuers. Throws ApiError. */
function readOldCertificates(header: string): { readonly certificate: Certificate; readonly others: Certificate[] } {
  const problem = { kind: 'oldCertificate' } as const;
  const blocks = certificateBlocks(decodeHeader(header, problem));
  try {
    const [certificate, ...others] = blocks.map((block) => Certificate.parse(firstPem(block, problem).der));
    if (certificate !== undefined) return { certificate, others };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new ApiError(problem, error.message, error);
  }
  throw new ApiError(problem, 'OLD_CERT holds no certificate in PEM');
}

/** OLD_CERT and OLD_PK, in this order. Whether they belong together is not looked at. Throws ApiError. */
export function readOldMaterial(certificateHeader: string, keyHeader: string): OldMaterial {
  const found = readOldCertificates(certificateHeader);
  return { ...found, privateKey: readKey(keyHeader, { kind: 'oldCertificate' }) };
}
