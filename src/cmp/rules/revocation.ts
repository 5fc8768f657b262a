import { type Name, namesEqual, PkiError } from '../../pki/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import { CmpError } from '../error.js';
import type { RevocationReason } from '../revocation-reason.js';
import type { CertId, PKIStatusInfo, RevRepContent } from '../schema/index.js';
import { freeText } from '../text.js';
import { rejection } from './body.js';

// Rules about the answer to a revocation request (RFC 9810 section 5.3.10, RFC 9483 section 4.2).

/** What names a certificate at its CA. Every `Certificate` is one. */
export interface CertificateName {
  readonly issuer: Name;
  readonly serialNumber: bigint;
}

const malformed = (message: string) => new CmpError({ code: 'ResponseMalformed', retry: 'transaction', message });

/** We ask about one certificate, so there is one status. */
export function exactlyOneStatus({ status }: RevRepContent): PKIStatusInfo {
  const [only, ...more] = status;
  if (only !== undefined && more.length === 0) return only;
  throw malformed(`the CA's answer holds ${status.length} statuses about one certificate to be revoked`);
}

function names({ issuer, serialNumber }: CertId, wanted: CertificateName): boolean {
  if (issuer.type !== 'directoryName' || serialNumber !== wanted.serialNumber) return false;
  try {
    return namesEqual(issuer.value, wanted.issuer);
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

/** revCerts, if the CA sends them, name the certificate that we asked about and no other. */
export function revCertsNameOurs({ revCerts }: RevRepContent, wanted: CertificateName): void {
  if (revCerts === undefined) return;
  const [only, ...more] = revCerts;
  if (only !== undefined && more.length === 0 && names(only, wanted)) return;
  throw malformed(
    `the CA's answer is about another certificate (${revCerts
      .slice(0, 4)
      .map(({ serialNumber }) => `serial ${serialNumber.toString(16)}`)
      .join(', ')}) than the one to be revoked (serial ${wanted.serialNumber.toString(16)})`,
  );
}

/** What became of the certificate, and what a person should know besides. */
export interface RevocationVerdict {
  /** It had been revoked before: nothing was left to do. */
  readonly already: boolean;
  readonly notes: readonly string[];
}

/**
 * A certificate that is revoked already is what was asked for, unless it was to be taken off the list.
 * Throws CmpError `Rejected` for all that is no revocation.
 */
export function revocationVerdict(info: PKIStatusInfo, reason: RevocationReason): RevocationVerdict {
  const said = freeText(info.statusString);
  const remark = (text: string) => `${text}${said && `: ${said}`}`;
  switch (info.status) {
    case 'accepted':
      return { already: false, notes: said === '' ? [] : [`the CA says: ${said}`] };
    case 'grantedWithMods':
      return { already: false, notes: [remark('the CA revoked the certificate with modifications')] };
    case 'revocationNotification':
      return { already: false, notes: [remark('the CA announces the revocation')] };
    case 'revocationWarning':
      return { already: false, notes: [remark('the CA will revoke the certificate, but has not done so yet')] };
    case 'rejection':
      if (reason !== 'removeFromCRL' && (info.failInfo ?? []).includes('certRevoked')) {
        return { already: true, notes: [remark('the certificate had been revoked already')] };
      }
      throw rejection(info, true);
    case 'waiting':
    case 'keyUpdateWarning':
      throw new CmpError({
        code: 'Rejected',
        retry: info.status === 'waiting' ? 'transient' : 'request',
        message: `CA answered with status ${info.status}, which revokes nothing${said && ` "${said}"`}`,
        failInfo: info.failInfo ?? [],
      });
    default:
      return unreachable(info.status);
  }
}
