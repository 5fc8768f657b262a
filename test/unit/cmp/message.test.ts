import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  concatOctets,
  DerError,
  decodeDer,
  encodeDer,
  explicit,
  octetString,
  TAG,
  tlv,
} from '../../../src/asn1/index.js';
import { assembleMessage, decodeMessage, encodeBody, encodeHeader, protectedPart } from '../../../src/cmp/message.js';
import {
  PKI_FAILURE_INFO_NAMES,
  PKI_STATUS_NAMES,
  type PKIBody,
  PKIFailureInfo,
  type PKIFailureInfoName,
  type PKIHeader,
  PKIStatus,
} from '../../../src/cmp/schema/index.js';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const fromHex = (text: string): Uint8Array => Buffer.from(text, 'hex');

const NULL_DN = fromHex('3000');
const header = (fields: Partial<PKIHeader> = {}): PKIHeader => ({
  pvno: 2,
  sender: { type: 'directoryName', value: NULL_DN },
  recipient: { type: 'directoryName', value: NULL_DN },
  ...fields,
});
const PKICONF: PKIBody = { type: 'pkiconf', value: null };

describe('known encodings', () => {
  it('writes the smallest message', () => {
    const message = assembleMessage({ rawHeader: encodeHeader(header()), rawBody: encodeBody(PKICONF) });
    expect(hex(message)).toBe('3011300b020102a4023000a4023000b3020500');
  });

  it.each<[string, PKIBody, string]>([
    ['pkiconf', PKICONF, 'b3020500'],
    ['a pollReq for a whole message', { type: 'pollReq', value: [{ certReqId: -1 }] }, 'b907300530030201ff'],
    ['an empty certConf, which rejects everything', { type: 'certConf', value: [] }, 'b8023000'],
    [
      'an error',
      { type: 'error', value: { pKIStatusInfo: { status: 'rejection', failInfo: ['badPOP'] } } },
      'b70c300a30080201020303060040',
    ],
  ])('writes %s', (_name, body, expected) => {
    expect(hex(encodeBody(body))).toBe(expected);
  });

  it('keeps status and failInfo names at their numbers', () => {
    for (const [number, name] of PKI_STATUS_NAMES.entries()) expect(encodeDer(PKIStatus, name).at(-1)).toBe(number);
    for (const [bit, name] of PKI_FAILURE_INFO_NAMES.entries()) {
      const octets = encodeDer(PKIFailureInfo, [name]);
      expect(octets[3 + (bit >> 3)]).toBe(0x80 >> (bit & 7));
    }
  });

  it('keeps failInfo bits that have no name, and reads trailing zeros of old servers', () => {
    const names: PKIFailureInfoName[] = ['badAlg', 'bit30'];
    expect(decodeDer(PKIFailureInfo, encodeDer(PKIFailureInfo, names))).toEqual(names);
    expect(decodeDer(PKIFailureInfo, fromHex('0305002000 0000'.replace(' ', '')))).toEqual(['badRequest']);
  });

  it('refuses a status that does not exist', () => {
    expect(() => decodeDer(PKIStatus, fromHex('020107'))).toThrow('PKIStatus 7 does not exist');
  });
});

describe('the header is read without ambiguity', () => {
  const transactionID = encodeDer(explicit(4, octetString), Uint8Array.of(1));
  const senderNonce = encodeDer(explicit(5, octetString), Uint8Array.of(2));
  const withFields = (...fields: Uint8Array[]): Uint8Array => {
    const start = fromHex('020102a4023000a4023000');
    return tlv(TAG.sequence, tlv(TAG.sequence, start, ...fields), fromHex('b3020500'));
  };

  it('accepts the fields in order, and tells [4] transactionID from the [4] of a directoryName', () => {
    const message = decodeMessage(withFields(transactionID, senderNonce));
    expect(message.header.transactionID).toEqual(Uint8Array.of(1));
    expect(message.header.senderNonce).toEqual(Uint8Array.of(2));
  });

  it.each([
    ['fields out of order', withFields(senderNonce, transactionID)],
    ['a repeated field', withFields(transactionID, transactionID)],
    ['an unknown field', withFields(fromHex('a9020500'))],
    ['a universal type at the end', withFields(fromHex('0500'))],
  ])('refuses %s', (_name, octets) => {
    expect(() => decodeMessage(octets)).toThrow(/PKIMessage\.header: .* is unknown, repeated or out of order/);
  });

  it.each([
    ['a repeated protection', ['a00403020000', 'a00403020000']],
    ['extraCerts before protection', ['a1043002 3000'.replace(' ', ''), 'a00403020000']],
    ['an unknown part', ['a2020500']],
    ['an empty list of extraCerts', ['a1023000']],
  ])('refuses %s', (_name, parts) => {
    const plain = decodeMessage(withFields());
    const octets = tlv(TAG.sequence, plain.rawHeader, plain.rawBody, ...parts.map(fromHex));
    expect(() => decodeMessage(octets)).toThrow(DerError);
  });

  it('refuses a protection with unused bits', () => {
    const plain = decodeMessage(withFields());
    const octets = tlv(TAG.sequence, plain.rawHeader, plain.rawBody, fromHex('a004030201fe'));
    expect(() => decodeMessage(octets)).toThrow(/PKIMessage\.protection: a BIT STRING with unused bits/);
  });

  it('refuses anything behind the message', () => {
    expect(() => decodeMessage(concatOctets([withFields(), Uint8Array.of(0)]))).toThrow(/after the end of the value/);
  });
});

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((value) => new Date(value * 1000));
const headers: fc.Arbitrary<PKIHeader> = fc.record(
  {
    pvno: fc.integer({ min: 1, max: 3 }),
    sender: fc.constant({ type: 'directoryName' as const, value: NULL_DN }),
    recipient: fc.constant({ type: 'directoryName' as const, value: NULL_DN }),
    messageTime: seconds,
    senderKID: fc.uint8Array({ maxLength: 40 }),
    transactionID: octets(16),
    senderNonce: octets(16),
    recipNonce: octets(16),
    freeText: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['pvno', 'sender', 'recipient'] },
);
const statusInfo = fc.record(
  {
    status: fc.constantFrom(...PKI_STATUS_NAMES),
    statusString: fc.array(fc.string(), { minLength: 1, maxLength: 2 }),
    failInfo: fc.subarray([...PKI_FAILURE_INFO_NAMES]) as fc.Arbitrary<PKIFailureInfoName[]>,
  },
  { requiredKeys: ['status'] },
);
const certReqId = fc.integer({ min: -1, max: 1000 });
const bodies: fc.Arbitrary<PKIBody> = fc.oneof(
  fc.constant(PKICONF),
  fc.record({ type: fc.constant('pollReq' as const), value: fc.array(fc.record({ certReqId })) }),
  fc.record({
    type: fc.constant('pollRep' as const),
    value: fc.array(
      fc.record(
        { certReqId, checkAfter: fc.integer(), reason: fc.array(fc.string(), { minLength: 1 }) },
        { requiredKeys: ['certReqId', 'checkAfter'] },
      ),
    ),
  }),
  fc.record({
    type: fc.constant('certConf' as const),
    value: fc.array(
      fc.record({ certHash: octets(32), certReqId, statusInfo }, { requiredKeys: ['certHash', 'certReqId'] }),
    ),
  }),
  fc.record({
    type: fc.constant('error' as const),
    value: fc.record({ pKIStatusInfo: statusInfo, errorCode: fc.integer() }, { requiredKeys: ['pKIStatusInfo'] }),
  }),
);

it('decode(encode(x)) = x for headers and bodies', () => {
  fc.assert(
    fc.property(headers, bodies, (someHeader, body) => {
      const rawHeader = encodeHeader(someHeader);
      const rawBody = encodeBody(body);
      const message = decodeMessage(assembleMessage({ rawHeader, rawBody }));
      expect(message.header).toEqual(someHeader);
      expect(message.body).toEqual(body);
      expect(hex(protectedPart(message))).toBe(hex(tlv(TAG.sequence, rawHeader, rawBody)));
    }),
  );
});

it('throws nothing but DerError, whatever the octets', () => {
  const start = assembleMessage({ rawHeader: encodeHeader(header()), rawBody: encodeBody(PKICONF) });
  const decode = (input: Uint8Array) => {
    try {
      decodeMessage(input);
    } catch (error) {
      expect(error).toBeInstanceOf(DerError);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decode), { numRuns: 1000 });
  fc.assert(
    fc.property(fc.nat(start.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const changed = Uint8Array.from(start);
      changed[at] = value;
      decode(changed);
    }),
    { numRuns: 1000 },
  );
});
