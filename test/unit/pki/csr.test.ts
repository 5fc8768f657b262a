import { describe, expect, it } from '@jest/globals';
import { checkDer, tlv } from '../../../src/asn1/index.js';
import {
  describeKey,
  encodePem,
  KEY_USAGE_BITS,
  keyMatches,
  loadPrivateKey,
  PkiError,
  parseCsr,
} from '../../../src/pki/index.js';
import { toPkijsRequest } from '../../../src/pki/pkijs.js';
import { fixture, request, thrown } from './support.js';

const OTHERS = ['p521', 'brainpool256', 'brainpool384', 'brainpool512', 'ed448', 'rsapss2048'];
const NAMES = ['rsa2048', 'rsa4096', 'p256', 'p384', 'ed25519', ...OTHERS];

describe('a certificate request', () => {
  it.each([
    [
      'rsa2048',
      'RSA-2048',
      ['digitalSignature', 'keyEncipherment'],
      ['dns web.example.com', 'dns *.web.example.com', 'ip 192.0.2.10'],
    ],
    [
      'rsa4096',
      'RSA-4096',
      ['digitalSignature', 'keyEncipherment'],
      [
        'dns sdnc.onap.org',
        'dns sdnc',
        'email sdnc@onap.org',
        'uri https://sdnc.onap.org/',
        'ip 192.0.2.40',
        'ip 2001:db8::40',
      ],
    ],
    ['p256', 'P-256', undefined, ['uri spiffe://example.org/ns/demo/sa/workload', 'dns workload.demo.svc']],
    [
      'p384',
      'P-384',
      ['digitalSignature', 'keyAgreement'],
      ['dns gnb.ran.example.net', 'email ran@example.net', 'ip 198.51.100.7'],
    ],
    ['ed25519', 'Ed25519', ['digitalSignature'], ['email edge@example.com']],
    ['p521', 'P-521', undefined, ['dns p521.example.com']],
    ['brainpool256', 'BrainpoolP256r1', undefined, ['dns brainpool256.example.com']],
    ['brainpool384', 'BrainpoolP384r1', undefined, ['dns brainpool384.example.com']],
    ['brainpool512', 'BrainpoolP512r1', undefined, ['dns brainpool512.example.com']],
    ['ed448', 'Ed448', undefined, ['dns ed448.example.com']],
    ['rsapss2048', 'RSA-PSS-2048', undefined, ['dns pss.example.com']],
  ])('made by openssl is read: %s', (name, key, usages, alternativeNames) => {
    const read = request(name);
    expect(describeKey(read.publicKey)).toBe(key);
    expect(read.extensions.keyUsage && KEY_USAGE_BITS.filter((bit) => read.extensions.keyUsage?.has(bit))).toEqual(
      usages,
    );
    expect(read.extensions.subjectAltNames.map(({ type, text }) => `${type} ${text}`)).toEqual(alternativeNames);
    expect(() => read.verifySignature()).not.toThrow();
    expect(parseCsr(read.der).subjectText).toBe(read.subjectText);
  });

  it.each(NAMES)('gives raw slices that pkijs reads alike: %s', (name) => {
    const read = request(name);
    const other = toPkijsRequest(read);
    expect(Buffer.from(read.spki).equals(Buffer.from(other.subjectPublicKeyInfo.toSchema().toBER()))).toBe(true);
    expect(Buffer.from(read.subject).equals(Buffer.from(other.subject.toSchema().toBER()))).toBe(true);
    const attribute = other.attributes?.find(({ type }) => type === '1.2.840.113549.1.9.14');
    const requested = tlv(0x30, ...read.extensions.list.map(({ der }) => der));
    expect(Buffer.from(requested).equals(Buffer.from(attribute?.values[0].toBER()))).toBe(true);
  });

  it.each(NAMES)('fits its private key: %s', (name) => {
    const key = loadPrivateKey(fixture(`csr/${name}.key`));
    for (const other of NAMES) expect(keyMatches(key, request(other).spki)).toBe(other === name);
  });

  it.each([
    ['bad-rsa1024', 'KeyUnsupported', 'certificate request: RSA-1024 is too short: at least 2048 bits are needed'],
    ['bad-p224', 'KeyUnsupported', 'EC secp224r1 is not supported: use RSA, P-256, P-384, P-521, Brainpool'],
    ['bad-secp256k1', 'KeyUnsupported', 'EC secp256k1 is not supported'],
    ['bad-two-blocks', 'PemInvalid', 'certificate request: 2 PEM blocks, expected exactly one'],
    ['bad-truncated', 'PemInvalid', 'has no END line: the text is cut off'],
    ['bad-certificate', 'PemInvalid', 'PEM block 1 is a CERTIFICATE, expected CERTIFICATE REQUEST'],
    ['bad-der', 'DerInvalid', 'certificate request: invalid DER at offset 0: a length of'],
  ])('is refused: %s', (name, code, message) => {
    const error = thrown(() => request(name));
    expect(error).toBeInstanceOf(PkiError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('with a wrong signature is readable, but does not verify', () => {
    const read = request('bad-signature');
    expect(thrown(() => read.verifySignature())).toMatchObject({
      code: 'SignatureInvalid',
      message: expect.stringContaining('the signature does not verify'),
    });
  });

  it('for a point that is not on the curve is readable, but its key is of no use', () => {
    const { der, spki } = request('p256');
    const off = Buffer.from(der);
    // The last octet of the point: no other point has the same x and this y.
    const last = off.indexOf(Buffer.from(spki)) + spki.length - 1;
    off[last] = (off[last] ?? 0) ^ 1;
    const read = parseCsr(off);
    expect(read.keyFamily).toBe('ec');
    expect(thrown(() => read.publicKey)).toMatchObject({ code: 'KeyInvalid' });
    expect(thrown(() => read.verifySignature())).toMatchObject({ code: 'KeyInvalid' });
  });

  it.each([
    ['hello', 'certificate request: not PEM: no block found'],
    ['', 'certificate request: not PEM'],
    [Uint8Array.of(0x30, 0x80), 'invalid DER at offset 1: indefinite length'],
    [`${'x'.repeat(64 * 1024)}x`, 'certificate request of 65537 octets: at most 65536 are accepted'],
    [new Uint8Array(64 * 1024 + 1), 'at most 65536 are accepted'],
  ])('is refused when it is %.10s', (input, message) => {
    expect(() => parseCsr(input)).toThrow(message);
  });

  describe('taken apart and put together', () => {
    const elements = (der: Uint8Array) => [...checkDer(der).children()].map((element) => element.der);
    const [info = new Uint8Array(), ...rest] = elements(request('p256').der);
    const [
      version = new Uint8Array(),
      subject = new Uint8Array(),
      spki = new Uint8Array(),
      attributes = new Uint8Array(),
    ] = elements(info);
    const rebuilt = (...parts: Uint8Array[]) => parseCsr(tlv(0x30, tlv(0x30, ...parts), ...rest));
    const [attribute = new Uint8Array()] = elements(attributes);
    const [type = new Uint8Array()] = elements(attribute);

    it('does not verify with other content', () => {
      expect(() => rebuilt(version, tlv(0x30), spki, attributes).verifySignature()).toThrow('does not verify');
    });

    it.each([
      ['no attributes', [version, subject, spki]],
      ['empty attributes', [version, subject, spki, tlv(0xa0)]],
      ['an empty list of extensions', [version, subject, spki, tlv(0xa0, tlv(0x30, type, tlv(0x31, tlv(0x30))))]],
    ])('asks for no extensions with %s', (_, parts) => {
      expect(rebuilt(...parts).extensions.list).toEqual([]);
    });

    it.each([
      ['another version', [tlv(2, Uint8Array.of(1)), subject, spki, attributes], 'version 2, only version 1 exists'],
      ['two extension lists', [version, subject, spki, tlv(0xa0, attribute, attribute)], 'must hold exactly one value'],
      ['no value', [version, subject, spki, tlv(0xa0, tlv(0x30, type, tlv(0x31)))], 'must hold exactly one value'],
      ['a subject that is no name', [version, tlv(0x30, tlv(5)), spki, attributes], 'certificate request, subject'],
      ['a key that is none', [version, subject, tlv(0x30), attributes], 'the public key is malformed'],
      ['text behind the attributes', [version, subject, spki, attributes, tlv(5)], 'unknown, repeated or out of order'],
    ])('is refused with %s', (_, parts, message) => {
      expect(() => rebuilt(...parts)).toThrow(message);
    });
  });

  it('is read from PEM that we write', () => {
    const { der } = request('p384');
    expect(parseCsr(encodePem('CERTIFICATE REQUEST', der)).subjectText).toBe('');
  });
});
