import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeDer, octetsEqual, oid, tlv } from '../../../src/asn1/index.js';
import { formatName, isNullName, NULL_DN, nameAttributes, namesEqual, parseName } from '../../../src/pki/index.js';
import { toPkijsName } from '../../../src/pki/pkijs.js';
import { certificate, fixture, request } from './support.js';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

/** CN with a value of any string type. */
const commonName = (tag: number, content: Uint8Array) =>
  tlv(0x30, tlv(0x31, tlv(0x30, encodeDer(oid, '2.5.4.3'), tlv(tag, content))));

const attribute = fc.tuple(
  fc.constantFrom('CN', 'O', 'OU', 'L', 'ST', 'UID', 'title', '1.2.3.4'),
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
);

const escaped = (value: string) => [...Buffer.from(value)].map((octet) => `\\${hex(Uint8Array.of(octet))}`).join('');

describe('distinguished names', () => {
  it('survive formatting and parsing, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 5 }), (rdns) => {
        const text = rdns.map((rdn) => rdn.map(([type, value]) => `${type}=${escaped(value)}`).join('+')).join(',');
        const name = parseName(text);
        expect(hex(parseName(formatName(name)))).toBe(hex(name));
        expect(formatName(name)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(namesEqual(name, parseName(formatName(name)))).toBe(true);
      }),
    );
  });

  it.each(['rsa2048', 'rsa4096', 'p256', 'p384', 'ed25519'])('of %s read as openssl reads them', (name) => {
    const { subject } = request(name);
    const text = fixture(`csr/${name}.subject.txt`).trimEnd();
    expect(canonicalOrder(formatName(subject))).toBe(canonicalOrder(text));
    expect(namesEqual(parseName(text), subject)).toBe(true);
  });

  it.each([
    ['CN=leaf.example.com,O=CMP Lab,C=DE', 'the form of RFC 4514'],
    ['/C=DE/O=CMP Lab/CN=leaf.example.com', 'the slash form'],
    ['cn = leaf.example.com , o=CMP Lab , c=DE', 'lower case and blanks'],
    ['2.5.4.3=leaf.example.com,O="CMP Lab",countryName=DE', 'OIDs, quotes and long names'],
  ])('%s is encoded as openssl does (%s)', (text) => {
    expect(hex(parseName(text))).toBe(hex(certificate('leaf').subject));
  });

  it.each([
    ['CN=a\\,b\\+c\\"\\\\\\<\\>\\;\\=\\#', 'CN=a\\,b\\+c\\"\\\\\\<\\>\\;=#'],
    ['CN=\\ a \\ ', 'CN=\\ a \\ '],
    ['CN=\\#a', 'CN=\\#a'],
    ['CN=Lu\\C4\\8Di\\C4\\87', 'CN=Lučić'],
    ['CN=a\\0Ab', 'CN=a\\0Ab'],
    ['1.2.3.4=#0c0161', '1.2.3.4=#0c0161'],
    ['1.2.3.4=a', '1.2.3.4=#0c0161'],
    ['/CN=a\\/b', 'CN=a/b'],
    ['/CN=a,b', 'CN=a\\,b'],
    ['CN="a, b"', 'CN=a\\, b'],
    ['OU=x+CN=y', 'CN=y+OU=x'],
    ['', ''],
    ['/', ''],
  ])('%s is written as %s', (text, formatted) => {
    expect(formatName(parseName(text))).toBe(formatted);
  });

  it('have the string types of RFC 5280', () => {
    const tags = nameAttributes(parseName('CN=a,DC=b,C=DE,emailAddress=a@b,serialNumber=1')).map(
      ([attribute]) => attribute?.der[0],
    );
    expect(tags).toEqual([0x13, 0x16, 0x13, 0x16, 0x0c]);
  });

  it.each([
    ['nonsense', 'expected TYPE=VALUE at "nonsense"'],
    ['CN=a,', 'expected TYPE=VALUE'],
    ['CN=', 'the value of CN is empty'],
    ['XX=a', 'attribute type "XX" is unknown; write it as a dotted OID'],
    ['9.9=a', 'attribute type "9.9" is unknown'],
    ['1.99=a', 'second arc'],
    ['CN=a;b', '";" must be written as "\\;"'],
    ['CN=a\\', 'lone backslash'],
    ['CN="a', 'a quotation is not closed'],
    ['CN=\\ff', 'the value of CN is not UTF-8'],
    ['CN=#zz', 'the value of CN is not hexadecimal'],
    ['CN=#0c', 'invalid DER'],
    ['C=Germany', 'two-letter country code'],
    ['C=D_', 'may only hold letters'],
    ['DC=ä', 'the value of DC must be ASCII'],
  ])('%s is refused', (text, message) => {
    expect(() => parseName(text)).toThrow(message);
  });

  it.each([
    ['the same', 'CN=a,O=b', 'CN=a,O=b'],
    ['case', 'CN=Lab CA,O=b', 'CN=LAB ca,O=B'],
    ['blanks', 'CN=Lab  CA', 'CN=\\ Lab CA\\ '],
    ['order of RDNs', 'CN=a,O=b,C=DE', 'C=DE,O=b,CN=a'],
    ['order inside an RDN', 'CN=a+OU=b', 'OU=b+CN=a'],
    ['compatibility forms', 'CN=ﬁn', 'CN=fin'],
  ])('are equal in spite of %s', (_, a, b) => {
    expect(namesEqual(parseName(a), parseName(b))).toBe(true);
  });

  it.each([
    ['a value', 'CN=a,O=b', 'CN=a,O=c'],
    ['an attribute more', 'CN=a,O=b', 'CN=a,O=b,O=b'],
    ['the type', 'CN=a', 'OU=a'],
    ['grouping', 'CN=a+OU=b', 'CN=a,OU=b'],
    ['separators inside a value', 'CN=a\\,O\\=b', 'CN=a,O=b'],
    ['everything', 'CN=a', ''],
  ])('are different by %s', (_, a, b) => {
    expect(namesEqual(parseName(a), parseName(b))).toBe(false);
  });

  it.each([
    ['UTF8String', 0x0c, Buffer.from('Zürich')],
    ['T61String', 0x14, Buffer.from('Zürich', 'latin1')],
    ['BMPString', 0x1e, Buffer.from('Zürich', 'utf16le').swap16()],
    ['UniversalString', 0x1c, Buffer.concat(Array.from('Zürich', (c) => Buffer.from([0, 0, 0, c.charCodeAt(0)])))],
  ])('compare across string types: %s', (_, tag, content) => {
    const name = commonName(tag, content);
    expect(formatName(name)).toBe('CN=Zürich');
    expect(namesEqual(name, parseName('CN=zürich'))).toBe(true);
  });

  it.each([
    ['a BMPString of odd length', 0x1e, Uint8Array.of(0)],
    ['a UniversalString beyond Unicode', 0x1c, Uint8Array.of(0x7f, 0, 0, 0)],
    ['no string', 0x04, Uint8Array.of(1)],
  ])('with a value that is %s are shown in hexadecimal', (_, tag, content) => {
    const name = commonName(tag, content);
    expect(formatName(name)).toBe(`CN=#${hex(tlv(tag, content))}`);
    expect(hex(parseName(formatName(name)))).toBe(hex(name));
  });

  it('know the name without RDNs', () => {
    expect(isNullName(NULL_DN)).toBe(true);
    expect(isNullName(parseName('CN=a'))).toBe(false);
    expect(formatName(NULL_DN)).toBe('');
    expect(octetsEqual(parseName(''), NULL_DN)).toBe(true);
  });

  it('refuse what is no name', () => {
    expect(() => formatName(Uint8Array.of(0x30, 0x02, 0x05, 0x00))).toThrow('name: invalid DER at offset 2');
  });

  it('become pkijs objects with the same octets', () => {
    const name = parseName('CN=leaf,O=Läb+OU=x,C=DE');
    expect(hex(new Uint8Array(toPkijsName(name).toSchema().toBER()))).toBe(hex(name));
  });
});

/** The attributes of a multi-valued RDN have no order that readers agree on. */
function canonicalOrder(text: string): string {
  return text
    .split(',')
    .map((rdn) => rdn.split('+').sort().join('+'))
    .join(',');
}
