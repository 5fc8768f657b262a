import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkDer, DerError, tlv } from '../../../src/asn1/index.js';

const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex');

function reasonOf(input: Uint8Array): string {
  try {
    checkDer(input);
  } catch (error) {
    if (error instanceof DerError) return `${error.offset}: ${error.reason}`;
    throw error;
  }
  return 'accepted';
}

describe('checkDer accepts', () => {
  it.each([
    ['an empty SEQUENCE', '3000'],
    ['INTEGER -1', '0201ff'],
    ['INTEGER 128 with its sign octet', '02020080'],
    ['BOOLEAN TRUE', '0101ff'],
    ['an empty OCTET STRING', '0400'],
    ['a BIT STRING without bits', '030100'],
    ['a BIT STRING with six unused bits', '0303060040'],
    ['a long-form length of 128 octets', `048180${'00'.repeat(128)}`],
    ['a context tag around a SEQUENCE', 'a0023000'],
  ])('%s', (_name, input) => {
    expect(checkDer(hex(input)).start).toBe(0);
  });
});

describe('checkDer refuses', () => {
  it.each([
    ['nothing at all', '', '0: the input ends where a tag is expected'],
    ['a tag alone', '30', '1: the input ends where a length is expected'],
    ['a second value after the first (smuggled data)', '30000500', '2: 2 octets after the end of the value'],
    ['an indefinite length (two readings of where a value ends)', '30800000', '1: indefinite length'],
    ['a long form where the short one fits', '0481020000', '1: a length in more octets than needed'],
    ['a long form with a leading zero octet', `04820080${'00'.repeat(128)}`, '1: a length in more octets than needed'],
    ['a length that wraps around 32 bits', '0485010000000100', '1: a length of more than 4 octets'],
    ['a length beyond the input', '0405ab', '0: a length of 5 octets where only 1 are left'],
    ['a child that is longer than its parent', '30030402ab', '2: a length of 2 octets where only 1 are left'],
    ['a high tag number', '1f2000', '0: tag numbers above 30 are not used by any type known here'],
    ['an INTEGER padded with zeros', '02020001', '0: an INTEGER in more octets than needed'],
    ['an INTEGER padded with ones', '0202ff80', '0: an INTEGER in more octets than needed'],
    ['an empty INTEGER', '0200', '0: an INTEGER without content'],
    ['BOOLEAN TRUE as 01', '010101', '0: a BOOLEAN must be the one octet 00 or FF'],
    ['a NULL with content', '050100', '0: a NULL with content'],
    ['a BIT STRING with dirty padding', '03020703', '0: a BIT STRING whose unused bits are not zero'],
    ['a BIT STRING with eight unused bits', '03020800', '0: a BIT STRING with 8 unused bits in 1 octets'],
    ['a BIT STRING with unused bits of nothing', '030101', '0: a BIT STRING with 1 unused bits in 0 octets'],
    ['a constructed OCTET STRING', '24040402abcd', '0: octetString in constructed form'],
    ['an OID arc with leading zeros', '0603558001', '0: an OBJECT IDENTIFIER arc with leading zeros'],
    ['an OID that ends inside an arc', '06025581', '0: an OBJECT IDENTIFIER that ends inside an arc'],
    ['an end-of-contents octet', '0000', '0: an end-of-contents octet'],
  ])('%s', (_name, input, reason) => {
    expect(reasonOf(hex(input))).toBe(reason);
  });

  it('nesting one level deeper than the limit, and not at the limit', () => {
    const nested = (levels: number): Uint8Array => (levels === 1 ? hex('3000') : tlv(0x30, nested(levels - 1)));
    expect(reasonOf(nested(32))).toBe('accepted');
    expect(reasonOf(nested(33))).toMatch(/nested deeper than 32 levels/);
  });

  it('one element more than the limit, and not at the limit', () => {
    const wide = (elements: number): Uint8Array =>
      tlv(
        0x30,
        new Uint8Array((elements - 1) * 2).map((_, i) => (i % 2 === 0 ? 5 : 0)),
      );
    expect(reasonOf(wide(10_000))).toBe('accepted');
    expect(reasonOf(wide(10_001))).toMatch(/more than 10000 elements/);
  });

  it('a megabyte of nesting without a stack overflow', () => {
    expect(reasonOf(new Uint8Array(1 << 20).fill(0x30))).not.toBe('accepted');
  });
});

it('throws nothing but DerError, whatever the octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      reasonOf(octets);
    }),
    { numRuns: 2000 },
  );
});
