import { DerError, decodeDer, octetsEqual } from '../../asn1/index.js';
import type { PKIBody, RevRepContent, RevReqContent } from '../../cmp/schema/index.js';
import { ExtensionSyntax, namesEqual, PkiError } from '../../pki/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Behaviour } from './behaviour.js';
import type { Hierarchy } from './hierarchy.js';
import type { Ledger, LedgerEntry } from './ledger.js';
import { MessageRefused, RequestRefused } from './refusal.js';
import type { Requester } from './requester.js';

const REASON_CODE = '2.5.29.21';
const REMOVE_FROM_CRL = 8;

export interface RevocationContext {
  readonly hierarchy: Hierarchy;
  readonly ledger: Ledger;
}

/** The number in the reasonCode extension, which RFC 9483 section 4.2 demands. */
function reasonCode(extensions: readonly Uint8Array[] = []): number {
  for (const der of extensions) {
    const { extnID, extnValue } = decodeDer(ExtensionSyntax, der);
    if (extnID === REASON_CODE) return extnValue.at(-1) ?? 0;
  }
  throw new RequestRefused('badRequest', 'the request must say why (reasonCode)');
}

function namedCertificate([details, ...more]: RevReqContent, { hierarchy, ledger }: RevocationContext) {
  if (details === undefined || more.length > 0) {
    throw new MessageRefused('badRequest', 'exactly one certificate may be revoked in a message');
  }
  const { issuer, serialNumber } = details.certDetails;
  if (issuer === undefined || serialNumber === undefined) {
    throw new RequestRefused('addInfoNotAvailable', 'issuer and serialNumber must name the certificate');
  }
  if (!namesEqual(issuer, hierarchy.issuing.name)) {
    throw new RequestRefused('badCertId', 'the certificate is one of another CA');
  }
  const entry = ledger.certificates.find(({ serial }) => BigInt(`0x${serial}`) === serialNumber);
  if (entry === undefined) throw new RequestRefused('badCertId', 'this CA issued no such certificate');
  return { entry, reason: reasonCode(details.crlEntryDetails) };
}

/** Who holds a certificate of ours may revoke that one; registration authorities and holders of a secret may revoke all. */
function assertMayRevoke(requester: Requester, entry: LedgerEntry, { ledger }: RevocationContext): void {
  if (requester.kind === 'mac' || octetsEqual(requester.certificate, entry.der)) return;
  if (ledger.certificates.some(({ der }) => octetsEqual(der, requester.certificate))) {
    throw new RequestRefused('notAuthorized', 'only its holder or a registration authority may revoke a certificate');
  }
}

/** Revokes as asked. Throws RequestRefused for a status rejection, MessageRefused for what is no request. */
export function revoke(
  content: RevReqContent,
  requester: Requester,
  behaviour: Behaviour,
  context: RevocationContext,
): PKIBody {
  try {
    const { entry, reason } = namedCertificate(content, context);
    assertMayRevoke(requester, entry, context);
    const isRevoked = entry.state === 'revoked' || entry.state === 'rejected';
    if (reason === REMOVE_FROM_CRL) {
      if (!isRevoked) throw new RequestRefused('badRequest', 'the certificate is not on hold');
      context.ledger.conclude(entry.serial, 'confirmed');
    } else {
      if (isRevoked) throw new RequestRefused('certRevoked', 'the certificate is revoked already');
      context.ledger.conclude(entry.serial, 'revoked', `reason ${reason}`);
    }
    return { type: 'rp', value: spoilt(entry, behaviour, context) };
  } catch (error) {
    if (error instanceof DerError || error instanceof PkiError)
      throw new RequestRefused('badDataFormat', error.message);
    throw error;
  }
}

function spoilt(
  entry: LedgerEntry,
  { revocation, revocationStatus }: Behaviour,
  context: RevocationContext,
): RevRepContent {
  const { issuing, root } = context.hierarchy;
  const status = { status: revocationStatus ?? 'accepted' } as const;
  const certId = {
    issuer: { type: 'directoryName', value: issuing.name },
    serialNumber: BigInt(`0x${entry.serial}`),
  } as const;
  const right = { status: [status], revCerts: [certId] };
  switch (revocation) {
    case undefined:
      return right;
    case 'otherSerial':
      return { ...right, revCerts: [{ ...certId, serialNumber: certId.serialNumber + 1n }] };
    case 'otherIssuer':
      return { ...right, revCerts: [{ ...certId, issuer: { type: 'directoryName', value: root.name } }] };
    case 'twoRevCerts':
      return { ...right, revCerts: [certId, certId] };
    case 'twoStatuses':
      return { ...right, status: [status, status] };
    default:
      return unreachable(revocation);
  }
}
