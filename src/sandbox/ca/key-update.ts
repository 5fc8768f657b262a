import { DerError, decodeDer, octetsEqual } from '../../asn1/index.js';
import { OID } from '../../cmp/oids.js';
import { CertId, type CertReqMsg } from '../../cmp/schema/index.js';
import { Certificate, namesEqual } from '../../pki/index.js';
import type { Identity } from './authority.js';
import type { CertificateRequest } from './issuing.js';
import type { Ledger } from './ledger.js';
import { RequestRefused } from './refusal.js';
import type { Requester } from './requester.js';

interface KeyUpdateContext {
  readonly requester: Requester;
  readonly issuing: Identity;
  readonly ledger: Ledger;
}

/**
 * What a kur must show besides the proof of possession (RFC 9483 section 4.1.3): oldCertID names a certificate of this CA
 * that is in use, that certificate's key signed the message, and the subject stays. Throws RequestRefused.
 */
export function assertMayUpdate(message: CertReqMsg, request: CertificateRequest, context: KeyUpdateContext): void {
  const { requester, issuing, ledger } = context;
  const control = (message.certReq.controls ?? []).find(({ type }) => type === OID.oldCertID);
  if (control === undefined)
    throw new RequestRefused('badCertId', 'a key update must name the old certificate (oldCertID)');
  const { issuer, serialNumber } = readCertId(control.value);
  if (issuer.type !== 'directoryName' || !namesEqual(issuer.value, issuing.name)) {
    throw new RequestRefused('badCertId', 'oldCertID names another CA as issuer');
  }
  const entry = ledger.certificates.find(({ serial }) => BigInt(`0x${serial}`) === serialNumber);
  if (entry === undefined) throw new RequestRefused('badCertId', 'oldCertID names no certificate of this CA');
  if (entry.state === 'rejected' || entry.state === 'revoked') {
    throw new RequestRefused('certRevoked', `the certificate to be updated was ${entry.state}`);
  }
  if (requester.kind !== 'signature' || !octetsEqual(requester.certificate, entry.der)) {
    throw new RequestRefused('notAuthorized', 'the key of the certificate to be updated must sign the request');
  }
  if (!namesEqual(request.subject, Certificate.parse(entry.der).subject)) {
    throw new RequestRefused('badCertTemplate', 'a key update keeps the subject');
  }
}

function readCertId(der: Uint8Array): CertId {
  try {
    return decodeDer(CertId, der);
  } catch (error) {
    if (error instanceof DerError) throw new RequestRefused('badDataFormat', error.message);
    throw error;
  }
}
