import { type Codec, DerError, type DerLimits, decodeDer } from '../../asn1/index.js';
import { Certificate, namesEqual, PkiError, samePublicKey } from '../../pki/index.js';
import { DEFAULT_ANSWER_LIMITS } from '../answer-limits.js';
import { CmpError } from '../error.js';
import type { InfoTypeAndValue, RootCaKeyUpdateContent } from '../schema/index.js';
import { printable } from '../text.js';

// Rules about answers to support messages (RFC 9810 section 5.3.19, RFC 9483 section 4.3).

const malformed = (message: string, cause?: unknown) =>
  new CmpError({ code: 'ResponseMalformed', retry: 'transaction', message, cause });

/** We ask for one thing, so there is one item, and it is the answer to that. */
export function onlyItemAnswers(items: readonly InfoTypeAndValue[], infoType: string, title: string): InfoTypeAndValue {
  const [only, ...more] = items;
  if (only === undefined || more.length > 0) {
    throw malformed(`the CA's answer holds ${items.length} items where we asked for ${title} alone`);
  }
  if (only.infoType === infoType) return only;
  throw malformed(`the CA answered with infoType ${only.infoType} where we asked for ${title} (${infoType})`);
}

/** The value is of the type that its infoType promises; undefined if the CA has nothing to tell. */
export function valueOfType<T>(
  { infoValue }: InfoTypeAndValue,
  codec: Codec<T>,
  title: string,
  limits: DerLimits = DEFAULT_ANSWER_LIMITS,
): T | undefined {
  if (infoValue === undefined) return undefined;
  try {
    return decodeDer(codec, infoValue, limits);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw malformed(`the CA's answer about ${title} is not what it should be: ${printable(error.message)}`, error);
  }
}

/** The certificate, read strictly. */
export function supportCertificate(der: Uint8Array, title: string): Certificate {
  try {
    return Certificate.parse(der);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw malformed(`the CA's answer about ${title} holds a certificate that cannot be read: ${error.message}`, error);
  }
}

/** The new root as the old one vouches for it. */
export interface RootCaUpdate {
  readonly newWithNew: Certificate;
  /** The new key, certified by the old root. */
  readonly newWithOld: Certificate;
  /** The old key, certified by the new root; absent where the CA does not send it. */
  readonly oldWithNew: Certificate | undefined;
}

const TITLE = 'the root update';

const refused = (what: string) =>
  new CmpError({
    code: 'CertificateRefused',
    message: `the CA's update of its root certificate must not be believed: ${what}. Ask the operator of the CA, and compare fingerprints before trusting the new root`,
  });

function sameSubject(a: Certificate, b: Certificate): boolean {
  try {
    return namesEqual(a.subject, b.subject);
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

function certifies(name: string, certificate: Certificate, issuerName: string, issuer: Certificate): void {
  if (!certificate.mayBeIssuedBy(issuer)) throw refused(`${name} does not name ${issuerName} as its issuer`);
  const objection = certificate.signatureObjection(issuer);
  if (objection !== undefined) throw refused(`${name} is not signed by ${issuerName}: ${objection}`);
}

/**
 * The three certificates of a root update belong together: the old root, which we trust, certifies the new key
 * (newWithOld); the new key certifies itself (newWithNew) and the old one (oldWithNew); all bear one name and are CAs, and
 * what vouches is valid now. Without newWithOld nothing but the message would vouch for the new root, so it must be there.
 */
export function rootUpdateHolds(content: RootCaKeyUpdateContent, oldRoot: Certificate, now: Date): RootCaUpdate {
  const newWithNew = supportCertificate(content.newWithNew, TITLE);
  if (content.newWithOld === undefined) throw refused('newWithOld is missing, so the old root does not vouch for it');
  const newWithOld = supportCertificate(content.newWithOld, TITLE);
  const oldWithNew = content.oldWithNew && supportCertificate(content.oldWithNew, TITLE);
  for (const [name, certificate] of Object.entries({ newWithNew, newWithOld, oldWithNew })) {
    if (certificate === undefined) continue;
    if (!sameSubject(certificate, oldRoot)) throw refused(`${name} bears another name than the old root`);
    if (!certificate.isCA) throw refused(`${name} is not a CA certificate`);
  }
  certifies('newWithNew', newWithNew, 'its own key', newWithNew);
  certifies('newWithOld', newWithOld, 'the old root', oldRoot);
  if (!samePublicKey(newWithOld.spki, newWithNew.spki)) throw refused('newWithOld and newWithNew hold different keys');
  if (newWithOld.notAfter < now || newWithOld.notBefore > now) throw refused('newWithOld is not valid now');
  if (newWithNew.notAfter < now) throw refused('newWithNew has expired');
  if (oldWithNew !== undefined) {
    certifies('oldWithNew', oldWithNew, 'the new root', newWithNew);
    if (!samePublicKey(oldWithNew.spki, oldRoot.spki))
      throw refused('oldWithNew does not hold the key of the old root');
  }
  return { newWithNew, newWithOld, oldWithNew };
}
