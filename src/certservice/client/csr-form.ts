import type { KeyObject } from 'node:crypto';
import { encodeDer, TAG, tlv } from '../../asn1/index.js';
import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import {
  type CertificationRequest,
  createCsr,
  ExtensionSyntax,
  type GeneralNameType,
  nameAttributes,
  OID,
} from '../../pki/index.js';
import { RDNSequence } from '../../pki/name.js';

/** What goes into the CSR header, in DER. */
export interface CsrForm {
  readonly der: Uint8Array;
  /** `asItCame`: the request's own. `rebuilt`: subject and names as they came, nothing else. `reduced`: as ONAP's provider. */
  readonly form: 'asItCame' | 'rebuilt' | 'reduced';
}

/**
 * Whether ONAP's service fails over this CSR: it looks at the first attribute only, takes it for an extensionRequest,
 * and breaks when that holds no subjectAltName.
 */
export function isUnreadableForOnap({ attributeTypes, extensions }: CertificationRequest): boolean {
  const [first] = attributeTypes;
  return first !== undefined && (first !== OID.extensionRequest || extensions.find(OID.subjectAltName) === undefined);
}

/** Attributes that ONAP's provider keeps, in the order in which Go writes them: C, O, OU, L, ST, CN. */
const KEPT_ATTRIBUTES = ['2.5.4.6', '2.5.4.10', '2.5.4.11', '2.5.4.7', '2.5.4.8', '2.5.4.3'] as const;
const KEPT_NAMES: readonly GeneralNameType[] = ['dns', 'email', 'ip', 'uri'];

/** One RDN for each kept type, with all values of that type. */
function reducedSubject(csr: CertificationRequest): Uint8Array {
  const attributes = nameAttributes(csr.subject).flat();
  const rdns = KEPT_ATTRIBUTES.map((kept) => attributes.filter(({ type }) => type === kept));
  return encodeDer(
    RDNSequence,
    rdns.filter((rdn) => rdn.length > 0),
  );
}

function reducedNames({ extensions }: CertificationRequest): Uint8Array[] {
  const names = KEPT_NAMES.flatMap((kept) => extensions.subjectAltNames.filter(({ type }) => type === kept));
  if (names.length === 0) return [];
  const extnValue = tlv(TAG.sequence, ...names.map(({ der }) => der));
  return [encodeDer(ExtensionSyntax, { extnID: OID.subjectAltName, extnValue })];
}

async function reduced(csr: CertificationRequest, key: KeyObject): Promise<CsrForm> {
  const contents = { subject: reducedSubject(csr), extensions: reducedNames(csr) };
  return { form: 'reduced', der: await createCsr(contents, key) };
}

async function rebuilt(csr: CertificationRequest, key: KeyObject): Promise<CsrForm> {
  const names = csr.extensions.find(OID.subjectAltName);
  const contents = { subject: csr.subject, extensions: names === undefined ? [] : [names.der] };
  return { form: 'rebuilt', der: await createCsr(contents, key) };
}

/** The CSR to send. `key` is the request's own and signs what is made anew. Throws PkiError. */
export async function csrToSend(
  csr: CertificationRequest,
  key: KeyObject,
  setting: CertServiceConfig['csr'],
): Promise<CsrForm> {
  switch (setting) {
    case 'Reduced':
      return reduced(csr, key);
    case 'Auto':
      return isUnreadableForOnap(csr) ? rebuilt(csr, key) : { form: 'asItCame', der: csr.der };
    case 'AsIs':
      return { form: 'asItCame', der: csr.der };
  }
}
