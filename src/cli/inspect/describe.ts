import { DerError, decodeDer } from '../../asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import { OID } from '../../cmp/oids.js';
import {
  type AttributeTypeAndValue,
  type CertRepMessage,
  type CertReqMessages,
  type CertResponse,
  type GeneralName,
  type InfoTypeAndValue,
  type PKIBody,
  type PKIHeader,
  PKIMessages,
  type PKIStatusInfo,
} from '../../cmp/schema/index.js';
import { printable } from '../../cmp/text.js';
import { formatName } from '../../pki/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import { describeAlgorithm, oidName } from './algorithms.js';
import { type Description, hex, present, utc } from './description.js';
import { describeInfo } from './info.js';
import { describeCertificate, describeExtension, describeRequest } from './pkix.js';
import { describeTemplate } from './template.js';

/** What a PKIMessage says, field by field, with the names of the RFCs. Verifies nothing. */
export function describeMessage({ der, header, body, protection, extraCerts }: ReceivedMessage): Description {
  return present({
    type: body.type,
    octets: der.length,
    header: describeHeader(header),
    body: describeBody(body),
    protection: protection && hex(protection),
    extraCerts: extraCerts.length > 0 ? extraCerts.map(describeCertificate) : undefined,
  });
}

function describeHeader(header: PKIHeader): Description {
  return present({
    pvno: header.pvno,
    sender: describeName(header.sender),
    recipient: describeName(header.recipient),
    messageTime: header.messageTime && utc(header.messageTime),
    protectionAlg: header.protectionAlg && describeAlgorithm(header.protectionAlg.value),
    senderKID: header.senderKID && octetsOrText(header.senderKID),
    recipKID: header.recipKID && octetsOrText(header.recipKID),
    transactionID: header.transactionID && hex(header.transactionID),
    senderNonce: header.senderNonce && hex(header.senderNonce),
    recipNonce: header.recipNonce && hex(header.recipNonce),
    freeText: header.freeText?.map((text) => printable(text)),
    generalInfo: header.generalInfo?.map(describeHeaderInfo),
  });
}

/** As in support messages, but that the original of a message (origPKIMessage) is shown in full. */
function describeHeaderInfo(item: InfoTypeAndValue): Description {
  const { infoType, infoValue = new Uint8Array() } = item;
  if (infoType !== OID.origPKIMessage) return describeInfo(item);
  const value = () => decodeDer(PKIMessages, infoValue).map(describeInner);
  return { infoType: oidName(infoType), infoValue: readable(value) };
}

function describeName({ type, value }: GeneralName): Description {
  if (type !== 'directoryName') return `${type} ${hex(value)}`;
  const text = formatName(value);
  return text === '' ? 'NULL-DN' : text;
}

/** A reference value reads better as text; a key identifier is octets. */
function octetsOrText(octets: Uint8Array): string {
  const text = Buffer.from(octets).toString('latin1');
  return /^[\x20-\x7e]+$/.test(text) ? `${hex(octets)} ("${text}")` : hex(octets);
}

const describeAttribute = ({ type, value }: AttributeTypeAndValue): Description => ({
  type: oidName(type),
  value: hex(value),
});

function describeBody(body: PKIBody): Description {
  switch (body.type) {
    case 'ir':
    case 'cr':
    case 'kur':
      return describeRequests(body.value);
    case 'ip':
    case 'cp':
    case 'kup':
      return describeResponses(body.value);
    case 'p10cr':
      return describeRequest(body.value);
    case 'pkiconf':
      return null;
    case 'error':
      return present({
        pKIStatusInfo: describeStatus(body.value.pKIStatusInfo),
        errorCode: body.value.errorCode,
        errorDetails: body.value.errorDetails?.map((text) => printable(text)),
      });
    case 'certConf':
      return body.value.map(({ certHash, certReqId, statusInfo, hashAlg }) =>
        present({
          certReqId,
          certHash: hex(certHash),
          statusInfo: statusInfo && describeStatus(statusInfo),
          hashAlg: hashAlg && describeAlgorithm(hashAlg),
        }),
      );
    case 'pollReq':
      return body.value.map(({ certReqId }) => ({ certReqId }));
    case 'pollRep':
      return body.value.map(({ certReqId, checkAfter, reason }) =>
        present({ certReqId, checkAfterSeconds: checkAfter, reason: reason?.map((text) => printable(text)) }),
      );
    case 'rr':
      return body.value.map(({ certDetails, crlEntryDetails }) =>
        present({
          certDetails: describeTemplate(certDetails),
          crlEntryDetails: crlEntryDetails?.map(describeExtension),
        }),
      );
    case 'rp':
      return present({
        status: body.value.status.map(describeStatus),
        revCerts: body.value.revCerts?.map(({ issuer, serialNumber }) => ({
          issuer: describeName(issuer),
          serialNumber: serialNumber.toString(16),
        })),
        crls: body.value.crls?.map((crl) => `CertificateList of ${crl.length} octets`),
      });
    case 'genm':
    case 'genp':
      return body.value.map(describeInfo);
    case 'nested':
      return body.value.map(describeInner);
    case 'popdecc':
    case 'popdecr':
    case 'krr':
    case 'krp':
    case 'ccr':
    case 'ccp':
    case 'ckuann':
    case 'cann':
    case 'rann':
    case 'crlann':
      return `${body.value.length} octets, not decoded further`;
    default:
      return unreachable(body);
  }
}

/** A message inside another one; what cannot be read does not hide the rest. */
const describeInner = (der: Uint8Array): Description => readable(() => describeMessage(decodeMessage(der)));

function readable(describe: () => Description): Description {
  try {
    return describe();
  } catch (error) {
    if (error instanceof DerError) return { unreadable: error.message };
    throw error;
  }
}

function describeRequests(messages: CertReqMessages): Description {
  return messages.map(({ certReq, popo, regInfo }) =>
    present({
      certReqId: certReq.certReqId,
      certTemplate: describeTemplate(certReq.certTemplate),
      controls: certReq.controls?.map(describeAttribute),
      popo: popo === undefined ? 'absent' : popo.type === 'signature' ? describePopSignature(popo.value) : popo.type,
      regInfo: regInfo?.map(describeAttribute),
    }),
  );
}

const describePopSignature = ({
  algorithmIdentifier,
  poposkInput,
}: {
  readonly algorithmIdentifier: { readonly algorithm: string; readonly parameters?: Uint8Array | undefined };
  readonly poposkInput?: unknown;
}): Description =>
  present({
    signature: describeAlgorithm(algorithmIdentifier),
    poposkInput: poposkInput === undefined ? undefined : 'present',
  });

const describeResponses = ({ caPubs, response }: CertRepMessage): Description =>
  present({ caPubs: caPubs?.map(describeCertificate), response: response.map(describeResponse) });

function describeResponse({ certReqId, status, certifiedKeyPair, rspInfo }: CertResponse): Description {
  const issued = certifiedKeyPair?.certOrEncCert;
  return present({
    certReqId,
    status: describeStatus(status),
    certificate: issued?.type === 'certificate' ? describeCertificate(issued.value) : undefined,
    encryptedCert: issued?.type === 'encryptedCert' ? `${issued.value.length} octets` : undefined,
    privateKey: certifiedKeyPair?.privateKey && `encrypted, ${certifiedKeyPair.privateKey.length} octets`,
    publicationInfo: certifiedKeyPair?.publicationInfo && hex(certifiedKeyPair.publicationInfo),
    rspInfo: rspInfo && hex(rspInfo),
  });
}

const describeStatus = ({ status, statusString, failInfo }: PKIStatusInfo): Description =>
  present({ status, statusString: statusString?.map((text) => printable(text)), failInfo: failInfo && [...failInfo] });
