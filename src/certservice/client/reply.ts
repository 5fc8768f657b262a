import { CmpError } from '../../cmp/error.js';
import {
  caOnlyIfAsked,
  certificateValidNow,
  pathToTrust,
  publicKeyMatches,
  requestCovered,
} from '../../cmp/rules/index.js';
import { printable } from '../../cmp/text.js';
import type { Wish } from '../../cmp/wish.js';
import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import { isAuthority, trustedCas } from '../../enrollment/trusted-cas.js';
import { Certificate, decodePem, dedupe, PkiError, samePublicKey } from '../../pki/index.js';
import { failed } from './failure.js';

/** A certificate that passed all rules. */
export interface ValidReply {
  readonly certificate: Certificate;
  /** Leaf first, a certificate that CertService trusts last. */
  readonly path: readonly Certificate[];
  /** For `status.ca`. */
  readonly ca: readonly Certificate[];
  /** What a person should know although it is no error. */
  readonly notes: readonly string[];
}

const MOST_IN_ONE_LIST = 64;

const malformed = (reason: string, cause?: unknown) =>
  failed({
    code: 'ResponseMalformed',
    retry: 'issuer',
    message: `the answer of CertService cannot be used: ${reason}. Look into its log, and check that spec.url leads to it`,
    cause,
  });

type ListName = 'certificateChain' | 'trustedCertificates';

/** The two lists of a 200 answer: texts, at least one each. Throws EnrollmentError `ResponseMalformed`. */
function lists(body: Uint8Array): Readonly<Record<ListName, readonly string[]>> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw malformed('it is no JSON', cause);
  }
  const list = (name: ListName): readonly string[] => {
    const value: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined;
    if (!Array.isArray(value)) throw malformed(`it has no list ${name}`);
    if (value.length === 0)
      throw malformed(
        `${name} is empty, which is what ONAP's service makes of an answer of the CA that holds no certificate`,
      );
    if (value.length > MOST_IN_ONE_LIST)
      throw malformed(`${name} has ${value.length} entries, more than ${MOST_IN_ONE_LIST}`);
    return value.map((entry: unknown, index) => {
      if (typeof entry !== 'string') throw malformed(`${name}[${index}] is no text`);
      return entry;
    });
  };
  return { certificateChain: list('certificateChain'), trustedCertificates: list('trustedCertificates') };
}

/** DER of all certificates of a list. ONAP's provider looks at the first block of each entry only; all count here. */
function blocks(name: ListName, entries: readonly string[]): Uint8Array[] {
  return entries.flatMap((entry, index) => {
    try {
      return decodePem(entry, 'CERTIFICATE');
    } catch (error) {
      if (error instanceof PkiError) throw malformed(`${name}[${index}]: ${error.message}`, error);
      throw error;
    }
  });
}

function readable(der: Uint8Array): Certificate | undefined {
  try {
    return Certificate.parse(der);
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

function chainOf(entries: readonly string[]): Certificate[] {
  return blocks('certificateChain', entries).map((der, index) => {
    try {
      return Certificate.parse(der);
    } catch (error) {
      if (error instanceof PkiError)
        throw malformed(`certificateChain, certificate ${index + 1}: ${error.message}`, error);
      throw error;
    }
  });
}

/** ONAP's service passes on whatever the CA sent along, signers and other people's certificates included. */
function trustedOf(entries: readonly string[]): { anchors: Certificate[]; notes: string[] } {
  const all = blocks('trustedCertificates', entries).map(readable);
  const certificates = all.filter((certificate) => certificate !== undefined);
  const anchors = dedupe(certificates.filter(isAuthority));
  const foreign = certificates.filter((certificate) => !isAuthority(certificate));
  const unreadable = all.length - certificates.length;
  if (anchors.length === 0) throw malformed('there is no CA certificate in trustedCertificates');
  return {
    anchors,
    notes: [
      ...foreign.map(
        ({ subjectText }) => `"${printable(subjectText)}" among the trusted certificates is no CA and was left out`,
      ),
      ...(unreadable > 0 ? [`${unreadable} trusted certificates cannot be read and were left out`] : []),
    ],
  };
}

/**
 * Holds a 200 answer against the request by the rules for answers of a CA. Anchors are what CertService calls trusted:
 * it vouches for them over mutual TLS, and nothing else does. Throws CmpError or EnrollmentError.
 */
export function validateReply(
  body: Uint8Array,
  wish: Wish,
  { policy, caBundle }: CertServiceConfig,
  now: Date,
): ValidReply {
  const { certificateChain, trustedCertificates } = lists(body);
  const chain = chainOf(certificateChain);
  const { anchors, notes } = trustedOf(trustedCertificates);
  // The one with our key, wherever it stands: the order of the list proves nothing.
  const certificate = chain.find(({ spki }) => samePublicKey(spki, wish.csr.spki)) ?? chain[0];
  if (certificate === undefined) throw malformed('certificateChain is empty');
  publicKeyMatches(certificate, wish.csr);
  certificateValidNow(certificate, now);
  caOnlyIfAsked(certificate, wish);
  const found = pathToTrust(certificate, chain, anchors, now);
  if (!found.ok)
    throw new CmpError({
      code: 'ChainIncomplete',
      message: `the answer of CertService holds a certificate, but no chain leads from it to a trusted certificate of that answer: ${printable(found.reason, 400)}. Have the CA send its whole chain (caPubs, extraCerts)`,
    });
  // CertService never asks for a CA certificate; that it does not was told beforehand.
  const asked = { ...wish, isCA: wish.isCA && certificate.isCA };
  return {
    certificate,
    path: found.path,
    ca: trustedCas({ path: found.path, caPubs: [], extraCerts: [] }, anchors, caBundle, now),
    notes: [...requestCovered(certificate, asked, policy), ...notes],
  };
}
