import { type Codec, decodeDer, encodeDer, mapped, sequenceOf, withRaw } from '../../asn1/index.js';
import type { Certificate } from '../../pki/index.js';
import { CmpError } from '../error.js';
import { OID } from '../oids.js';
import {
  onlyItemAnswers,
  type RootCaUpdate,
  rootUpdateHolds,
  supportCertificate,
  valueOfType,
} from '../rules/index.js';
import {
  type AlgorithmIdentifier,
  CaCertsValue,
  CertificateListSyntax,
  CertReqTemplateContent,
  type CRLStatus,
  CrlStatusListValue,
  RootCaKeyUpdateContent,
  SignKeyPairTypesValue,
} from '../schema/index.js';
import { askPatiently } from './patience.js';
import type { CmpSession } from './session.js';

// Support messages (RFC 9483 section 4.3). Each asks for one thing. What comes back informs people; it never becomes
// anything that we trust.

interface Inquiry<T> {
  /** For error texts. */
  readonly title: string;
  readonly asks: string;
  /** Absent: the same. */
  readonly answeredBy?: string;
  readonly question?: Uint8Array;
  readonly answer: Codec<T>;
}

/** Resolves with undefined if the CA has nothing to tell. */
async function inquire<T>(inquiry: Inquiry<T>, session: CmpSession, signal: AbortSignal): Promise<T | undefined> {
  const { title, asks, answeredBy = asks, question, answer } = inquiry;
  const item = { infoType: asks, ...(question === undefined ? {} : { infoValue: question }) };
  const { body } = await askPatiently({ type: 'genm', value: [item] }, 'genp', session, signal);
  return valueOfType(onlyItemAnswers(body.value, answeredBy, title), answer, title, session.limits);
}

/**
 * The CA certificates that the CA hands out (RFC 9483 section 4.3.1): intermediates, perhaps roots. For chain building;
 * none of them is trusted by that.
 */
export async function requestCaCertificates(session: CmpSession, signal: AbortSignal): Promise<readonly Certificate[]> {
  const title = 'CA certificates (caCerts)';
  const found = await inquire({ title, asks: OID.caCerts, answer: CaCertsValue }, session, signal);
  return (found ?? []).map((der) => supportCertificate(der, title));
}

/**
 * Whether a root of ours has a successor (RFC 9483 section 4.3.2); undefined if not. The triple is verified against that
 * root, which must be one of the session's anchors. To trust the new one is for people to decide.
 */
export async function requestRootCaUpdate(
  oldRoot: Certificate,
  session: CmpSession,
  signal: AbortSignal,
): Promise<RootCaUpdate | undefined> {
  if (!session.anchors.some((anchor) => anchor.equals(oldRoot))) {
    throw new CmpError({
      code: 'ConfigurationInvalid',
      message:
        'the root whose update is asked for is not among the trust anchors; only a trusted one can vouch for its successor',
    });
  }
  const update = await inquire(
    {
      title: 'a root update (rootCaCert)',
      asks: OID.rootCaCert,
      answeredBy: OID.rootCaKeyUpdate,
      question: oldRoot.der,
      answer: RootCaKeyUpdateContent,
    },
    session,
    signal,
  );
  return update && rootUpdateHolds(update, oldRoot, session.clock.now());
}

/** What the CA wants requests to look like (RFC 9483 section 4.3.3); undefined if it does not say. */
export function requestCertReqTemplate(
  session: CmpSession,
  signal: AbortSignal,
): Promise<CertReqTemplateContent | undefined> {
  const title = 'the template of requests (certReqTemplate)';
  return inquire({ title, asks: OID.certReqTemplate, answer: CertReqTemplateContent }, session, signal);
}

/** A CRL as the CA sent it. Its signature is for whoever uses it to verify. */
export interface RevocationList {
  readonly der: Uint8Array;
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  /** Certificates on it. */
  readonly entries: number;
}

const CRL: Codec<RevocationList> = mapped(
  'CertificateList',
  withRaw(CertificateListSyntax),
  ({ der, value }) => {
    const { issuer, thisUpdate, nextUpdate, revokedCertificates = [] } = value.tbsCertList.value;
    return { der, issuer, thisUpdate, nextUpdate, entries: revokedCertificates.length };
  },
  ({ der }) => decodeDer(withRaw(CertificateListSyntax), der),
);

/** Newer CRLs than those at hand (RFC 9483 section 4.3.4); none if there are none. */
export async function requestCrls(
  wanted: readonly CRLStatus[],
  session: CmpSession,
  signal: AbortSignal,
): Promise<readonly RevocationList[]> {
  const found = await inquire(
    {
      title: 'CRLs (crlStatusList)',
      asks: OID.crlStatusList,
      answeredBy: OID.crls,
      question: encodeDer(CrlStatusListValue, wanted),
      answer: sequenceOf(CRL, { min: 1 }),
    },
    session,
    signal,
  );
  return found ?? [];
}

/** The CA's current CRL (RFC 9810 section 5.3.19.6); undefined if it hands out none. */
export function requestCurrentCrl(session: CmpSession, signal: AbortSignal): Promise<RevocationList | undefined> {
  return inquire({ title: 'the current CRL (currentCRL)', asks: OID.currentCRL, answer: CRL }, session, signal);
}

/** Signature algorithms of keys that the CA certifies (RFC 9810 section 5.3.19.2); none if it does not say. */
export async function requestSignKeyPairTypes(
  session: CmpSession,
  signal: AbortSignal,
): Promise<readonly AlgorithmIdentifier[]> {
  const title = 'key types (signKeyPairTypes)';
  const found = await inquire({ title, asks: OID.signKeyPairTypes, answer: SignKeyPairTypesValue }, session, signal);
  return found ?? [];
}
