import { any, encodeDer, explicit, nullValue, readElement, TAG, tlv } from '../../asn1/index.js';
import { assembleMessage, decodeMessage } from '../../cmp/message.js';
import { macProtector, type PbmCredential, type Protector, pbmAlgorithm } from '../../cmp/protection/index.js';
import type { CertRepMessage, PKIBody } from '../../cmp/schema/index.js';
import { parseName } from '../../pki/index.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';

// What a server may do that means harm, or does not know better; all of it protected as usual unless it is about that.

/** PasswordBasedMac whose parameters cost the client too much, or protect too little. */
export const PBM_ATTACKS = ['hugeIterations', 'fewIterations', 'shortSalt', 'hugeSalt', 'sha1'] as const;
export type PbmAttack = (typeof PBM_ATTACKS)[number];

/** Who signs: a web server with a certificate of this CA, the issuing CA although its key may not, or the right one under another name. */
export const SIGNER_ATTACKS = ['bystander', 'withoutKeyUsage', 'otherSender'] as const;
export type SignerAttack = (typeof SIGNER_ATTACKS)[number];

/** What stands in a body that nobody asked for, or cannot be meant. */
export const BODY_ATTACKS = [
  'encryptedCertificate',
  'privateKey',
  'strangeCaPubs',
  'manyCaPubs',
  'negativeCheckAfter',
  'twoPollEntries',
  'otherPollEntry',
  'terminalEscapes',
] as const;
export type BodyAttack = (typeof BODY_ATTACKS)[number];

/** What is done to the octets in the end. */
export const OCTET_ATTACKS = [
  'truncatedProtection',
  'algorithmWithoutProtection',
  'unknownField',
  'repeatedField',
  'indefiniteLength',
  'paddedLength',
  'deepNesting',
  'manyExtraCerts',
] as const;
export type OctetAttack = (typeof OCTET_ATTACKS)[number];

const RIGHT = { owf: 'sha256', mac: 'sha256', iterationCount: 500 } as const;
const SALT_OCTETS = 16;

/** Announces such parameters, and saves itself the trouble of computing anything with them. */
export function attackingPbm({ keys, reference }: PbmCredential, attack: PbmAttack, random: Random): Protector {
  const salt = random(SALT_OCTETS);
  const announced = {
    hugeIterations: { iterationCount: 2_000_000_000 },
    fewIterations: { iterationCount: 1 },
    shortSalt: { salt: random(4) },
    hugeSalt: { salt: random(4_000) },
    sha1: { owf: 'sha1' },
  } as const satisfies Record<PbmAttack, object>;
  return macProtector(reference, {
    title: 'PasswordBasedMac',
    algorithm: pbmAlgorithm({ ...RIGHT, salt, ...announced[attack] }),
    mac: RIGHT.mac,
    key: () => keys.key({ ...RIGHT, salt }),
  });
}

/** A sender that is not the signer. */
export const ANOTHER_SENDER = { type: 'directoryName', value: parseName('CN=Somebody Else,O=CMP Sandbox') } as const;

const copies = (certificate: Uint8Array, count: number): Uint8Array[] =>
  Array.from({ length: count }, () => certificate);

/** Something where an EnvelopedData would be (RFC 9810 section 5.3.4). */
const SEALED = encodeDer(explicit(0, any), encodeDer(nullValue, null));

function withKeyPair(value: CertRepMessage, change: object): CertRepMessage {
  return {
    ...value,
    response: value.response.map((response) =>
      response.certifiedKeyPair === undefined
        ? response
        : { ...response, certifiedKeyPair: { ...response.certifiedKeyPair, ...change } },
    ),
  };
}

function attackedResponse(value: CertRepMessage, attack: BodyAttack, stranger: Uint8Array): CertRepMessage {
  switch (attack) {
    case 'encryptedCertificate':
      return withKeyPair(value, { certOrEncCert: { type: 'encryptedCert', value: SEALED } });
    case 'privateKey':
      return withKeyPair(value, { privateKey: SEALED });
    case 'strangeCaPubs':
      return { ...value, caPubs: [stranger] };
    case 'manyCaPubs':
      return { ...value, caPubs: copies(stranger, 60) };
    case 'terminalEscapes': {
      const statusString = [`\u001b[31mred\u0007 \u202egnorw\r\n${'x'.repeat(5_000)}`];
      return {
        response: value.response.map(({ certReqId }) => ({ certReqId, status: { status: 'rejection', statusString } })),
      };
    }
    case 'negativeCheckAfter':
    case 'twoPollEntries':
    case 'otherPollEntry':
      return value;
    default:
      return unreachable(attack);
  }
}

/** The body, spoilt where the attack is about bodies of its kind. `stranger` is the certificate of a root nobody trusts. */
export function attackedBody(body: PKIBody, attack: BodyAttack, stranger: Uint8Array): PKIBody {
  if (body.type === 'ip' || body.type === 'cp' || body.type === 'kup') {
    return { type: body.type, value: attackedResponse(body.value, attack, stranger) };
  }
  const [entry] = body.type === 'pollRep' ? body.value : [];
  if (body.type !== 'pollRep' || entry === undefined) return body;
  if (attack === 'negativeCheckAfter') return { type: 'pollRep', value: [{ ...entry, checkAfter: -5 }] };
  if (attack === 'twoPollEntries') return { type: 'pollRep', value: [entry, entry] };
  if (attack === 'otherPollEntry') return { type: 'pollRep', value: [{ ...entry, certReqId: entry.certReqId + 1 }] };
  return body;
}

/** Children of the message: header, body, protection, extraCerts. */
const partsOf = (der: Uint8Array): Uint8Array[] =>
  [...readElement(der, 0, der.length).children()].map((element) => element.der);

function withLastHeaderField(der: Uint8Array, field: Uint8Array | undefined): Uint8Array {
  const [header = new Uint8Array(), ...rest] = partsOf(der);
  const fields = partsOf(header);
  return tlv(TAG.sequence, tlv(TAG.sequence, ...fields, field ?? fields.at(-1) ?? new Uint8Array()), ...rest);
}

function nested(levels: number): Uint8Array {
  let octets = encodeDer(nullValue, null);
  for (let level = 0; level < levels; level++) octets = tlv(TAG.sequence, octets);
  return octets;
}

/** The message with its octets spoilt. */
export function attackedOctets(der: Uint8Array, attack: OctetAttack): Uint8Array {
  switch (attack) {
    case 'truncatedProtection': {
      const message = decodeMessage(der);
      return assembleMessage({ ...message, protection: message.protection?.subarray(0, 4) });
    }
    case 'algorithmWithoutProtection':
      return assembleMessage({ ...decodeMessage(der), protection: undefined });
    case 'unknownField':
      return withLastHeaderField(der, tlv(0xa9, encodeDer(nullValue, null)));
    case 'repeatedField':
      return withLastHeaderField(der, undefined);
    case 'indefiniteLength':
      return Buffer.concat([Uint8Array.of(TAG.sequence, 0x80), ...partsOf(der), Uint8Array.of(0, 0)]);
    case 'paddedLength': {
      const content = Buffer.concat(partsOf(der));
      const length = [0, 0, content.length >> 8, content.length & 0xff];
      return Buffer.concat([Uint8Array.of(TAG.sequence, 0x84, ...length), content]);
    }
    case 'deepNesting':
      return withLastHeaderField(der, nested(2_000));
    case 'manyExtraCerts': {
      const message = decodeMessage(der);
      const [first] = message.extraCerts;
      const flood = first === undefined ? [] : copies(first, 60);
      return assembleMessage({ ...message, extraCerts: [...message.extraCerts, ...flood] });
    }
    default:
      return unreachable(attack);
  }
}
