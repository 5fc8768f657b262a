import { describe, expect, it } from '@jest/globals';
import * as asn1js from 'asn1js';
import fc from 'fast-check';
import {
  any,
  bigInteger,
  boolean,
  type Codec,
  choice,
  DerError,
  decodeDer,
  encodeDer,
  explicit,
  generalizedTime,
  implicit,
  integer,
  namedBits,
  nullValue,
  octetAlignedBitString,
  octetString,
  oid,
  opaque,
  optional,
  sequence,
  sequenceOf,
  time,
  utf8String,
  withRaw,
} from '../../../src/asn1/index.js';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const octets = (text: string): Uint8Array => Buffer.from(text, 'hex');

const wholeSeconds = (min: string, max: string) =>
  fc.date({ min: new Date(min), max: new Date(max), noInvalidDate: true }).map((date) => {
    date.setUTCMilliseconds(0);
    return date;
  });
const arcs = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt(0n, 39n)),
      fc.tuple(fc.constant(2n), fc.bigInt(0n, 2n ** 40n)),
    ),
    fc.array(fc.bigInt(0n, 2n ** 70n), { maxLength: 4 }),
  )
  .map(([[root, second], rest]) => [root, second, ...rest].join('.'));

/** Each codec with values it must carry through unchanged. */
const ROUND_TRIPS: readonly (readonly [string, Codec<unknown>, fc.Arbitrary<unknown>])[] = [
  ['integer', integer, fc.maxSafeInteger()],
  ['bigInteger', bigInteger, fc.bigInt()],
  ['boolean', boolean, fc.boolean()],
  ['nullValue', nullValue, fc.constant(null)],
  ['octetString', octetString, fc.uint8Array()],
  ['octetAlignedBitString', octetAlignedBitString, fc.uint8Array()],
  ['oid', oid, arcs],
  ['utf8String', utf8String, fc.string({ unit: 'grapheme' })],
  ['generalizedTime', generalizedTime, wholeSeconds('0001-01-01', '9999-12-31')],
  ['time', time, wholeSeconds('1900-01-01', '2200-01-01')],
  ['namedBits', namedBits, fc.uniqueArray(fc.nat(40)).map((bits) => bits.sort((a, b) => a - b))],
  [
    'sequence',
    sequence('Pair', {
      first: integer,
      second: optional(explicit(0, utf8String)),
      third: optional(implicit(1, octetString)),
    }),
    fc.record({ first: fc.integer(), second: fc.string(), third: fc.uint8Array() }, { requiredKeys: ['first'] }),
  ],
  ['sequenceOf', sequenceOf(integer), fc.array(fc.integer())],
  [
    'choice',
    choice('Either', { number: integer, text: implicit(0, utf8String) }),
    fc.oneof(
      fc.record({ type: fc.constant('number'), value: fc.integer() }),
      fc.record({ type: fc.constant('text'), value: fc.string() }),
    ),
  ],
];

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? hex(value)
    : value instanceof Date
      ? value.toISOString()
      : Array.isArray(value)
        ? value.map(plain)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
          : value;

it.each(ROUND_TRIPS)('decode(encode(x)) = x for %s', (_name, type, values) => {
  fc.assert(
    fc.property(values, (value) => {
      expect(plain(decodeDer(type, encodeDer(type, value)))).toEqual(plain(value));
    }),
  );
});

describe('agrees with an independent encoder', () => {
  it('on INTEGERs', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 160n), 2n ** 160n), (value) => {
        expect(hex(encodeDer(bigInteger, value))).toBe(hex(new Uint8Array(asn1js.Integer.fromBigInt(value).toBER())));
      }),
    );
  });

  it('on OBJECT IDENTIFIERs', () => {
    for (const value of ['1.2.840.113533.7.66.13', '2.5.29.17', '2.999.3', '0.9.2342.19200300.100.1.25']) {
      expect(hex(encodeDer(oid, value))).toBe(hex(new Uint8Array(new asn1js.ObjectIdentifier({ value }).toBER())));
    }
  });
});

describe('known encodings', () => {
  const CertTemplateLike = sequence('Template', {
    subject: optional(explicit(5, opaque('Name'))),
    publicKey: optional(implicit(6, opaque('SubjectPublicKeyInfo'))),
    extensions: optional(implicit(9, sequenceOf(opaque('Extension')))),
  });

  it.each([
    ['an explicit tag keeps the inner identifier octet', explicit(5, opaque('Name')), octets('3000'), 'a5023000'],
    ['an implicit tag replaces it', implicit(6, opaque('SPKI')), octets('30020500'), 'a6020500'],
    ['an implicit tag over a primitive stays primitive', implicit(0, nullValue), null, '8000'],
    ['badPOP has ten significant bits', namedBits, [9], '0303060040'],
    ['no named bits', namedBits, [], '030100'],
    ['2049 is a UTCTime', time, new Date('2049-12-31T23:59:59Z'), '170d3439313233313233353935395a'],
    ['2050 is a GeneralizedTime', time, new Date('2050-01-01T00:00:00Z'), '180f32303530303130313030303030305a'],
  ] as readonly (readonly [string, Codec<unknown>, unknown, string])[])('%s', (_name, type, value, expected) => {
    expect(hex(type.encode(value))).toBe(expected);
    expect(plain(decodeDer(type, octets(expected)))).toEqual(plain(value));
  });

  it('takes an implicit tag off so that the inner octets stand alone', () => {
    const { publicKey } = decodeDer(CertTemplateLike, octets('3004a6020500'));
    expect(hex(publicKey ?? new Uint8Array())).toBe('30020500');
  });

  it('keeps the received octets beside the value', () => {
    const type = sequence('Outer', { inner: withRaw(sequence('Inner', { number: integer })) });
    expect(hex(decodeDer(type, octets('30053003020107')).inner.der)).toBe('3003020107');
  });
});

describe('errors name the field, the offset and the reason', () => {
  const Inner = sequence('Inner', { count: integer, note: optional(explicit(0, utf8String)) });
  const Outer = sequence('Outer', { items: sequenceOf(Inner, { min: 1 }), flag: optional(boolean) });

  it.each([
    ['a wrong type', '30073005300304010a', 'Outer.items[0].count', 'expected INTEGER, found octetString'],
    ['a missing field', '300430023000', 'Outer.items[0].count', 'expected INTEGER, found the end'],
    [
      'an unknown field at the end',
      '30093005300302010a0500',
      'Outer',
      'null is unknown, repeated or out of order here',
    ],
    ['a list that must not be empty', '30023000', 'Outer.items', 'expected at least 1 Inner'],
    [
      'an empty explicit tag',
      '3009300730050201 0aa000'.replace(' ', ''),
      'Outer.items[0].note',
      'an empty [0] where UTF8String is expected',
    ],
    [
      'two values inside one explicit tag',
      '300d300b30090201 0aa0040c000c00'.replace(' ', ''),
      'Outer.items[0].note',
      'more than one value inside [0]',
    ],
    ['text that is not UTF-8', '300c300a300802010aa0030c01ff', 'Outer.items[0].note', 'a UTF8String that is not UTF-8'],
    [
      'an INTEGER too large for its use',
      `300d300b3009020720${'00'.repeat(6)}`,
      'Outer.items[0].count',
      'an INTEGER larger than its use here allows',
    ],
  ])('%s', (_name, input, path, reason) => {
    let found: unknown;
    try {
      decodeDer(Outer, octets(input));
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(DerError);
    expect(found).toMatchObject({ path, reason });
  });

  it.each([
    ['31 February', '20260231000000Z'],
    ['29 February in a common year', '20260229000000Z'],
    ['29 February in a century without leap day', '21000229000000Z'],
    ['31 April', '20260431000000Z'],
    ['month 0', '20260001000000Z'],
    ['month 13', '20261301000000Z'],
    ['day 0', '20260100000000Z'],
    ['the 25th hour', '20260101250000Z'],
    ['hour 24', '20260101240000Z'],
    ['minute 60', '20260101006000Z'],
    ['second 60', '20260101000060Z'],
    ['a fraction of a second', '20260101000000.5Z'],
    ['a time zone', '20260101000000+0100'],
    ['no zone', '20260101000000'],
    ['a small z', '20260101000000z'],
    ['a letter', '2026010l000000Z'],
    ['a blank', '2026 101000000Z'],
    ['a two-digit year', '260101000000Z'],
  ])('refuses a time with %s', (_name, input) => {
    const content = Buffer.from(input);
    expect(() => decodeDer(generalizedTime, Buffer.from([0x18, content.length, ...content]))).toThrow(DerError);
  });

  it.each([
    ['a leap day', '20240229235959Z', '2024-02-29T23:59:59Z'],
    ['the leap day of a leap century', '20000229000000Z', '2000-02-29T00:00:00Z'],
    ['a leap day of the first century', '00040229120000Z', '0004-02-29T12:00:00Z'],
    ['the last second', '99991231235959Z', '9999-12-31T23:59:59Z'],
  ])('reads %s', (_name, input, expected) => {
    const content = Buffer.from(input);
    expect(decodeDer(generalizedTime, Buffer.from([0x18, content.length, ...content]))).toEqual(new Date(expected));
  });

  it('reads as a number exactly what fits one, and refuses the rest', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), (value) => {
        const der = encodeDer(bigInteger, value);
        const fits = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
        if (fits) expect(decodeDer(integer, der)).toBe(Number(value));
        else expect(() => decodeDer(integer, der)).toThrow(DerError);
      }),
    );
    for (const edge of [2n ** 53n, -(2n ** 53n), 2n ** 63n, 2n ** 4000n]) {
      expect(() => decodeDer(integer, encodeDer(bigInteger, edge))).toThrow(DerError);
    }
    for (const edge of [0, -1, 127, 128, -128, -129, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
      expect(encodeDer(integer, edge)).toEqual(Uint8Array.from(encodeDer(bigInteger, BigInt(edge))));
    }
  });

  it('tells object identifiers apart, however many it has read', () => {
    const texts = Array.from({ length: 600 }, (_, i) => `1.3.6.1.4.1.${i}.${i * 131_071}`);
    for (const text of [...texts, ...texts]) expect(decodeDer(oid, encodeDer(oid, text))).toBe(text);
  });

  it('refuses values that the type cannot hold', () => {
    expect(() => encodeDer(integer, 0.5)).toThrow(RangeError);
    expect(() => encodeDer(oid, '3.1')).toThrow(RangeError);
    expect(() => encodeDer(oid, '1.40')).toThrow(RangeError);
    expect(() => encodeDer(opaque('Name'), octets('3100'))).toThrow(RangeError);
    expect(() => implicit(0, any)).toThrow(TypeError);
  });
});
