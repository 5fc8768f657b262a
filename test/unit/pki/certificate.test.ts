import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DerError, encodeDer, tlv } from '../../../src/asn1/index.js';
import {
  basicConstraintsExtension,
  Certificate,
  certHash,
  certHashAlgorithm,
  decodeCertificates,
  describeKey,
  digest,
  directoryName,
  encodeSignatureAlgorithm,
  generalNameKey,
  keyUsageExtension,
  NULL_DN,
  PkiError,
  parseGeneralName,
  parseName,
  spkiOf,
  subjectKeyIdentifierOf,
} from '../../../src/pki/index.js';
import { toPkijsCertificate } from '../../../src/pki/pkijs.js';
import { AlgorithmIdentifier, ExtensionSyntax } from '../../../src/pki/schema.js';
import { certificate, ecKeys, fixture, makeCertificate, thrown } from './support.js';

/** What openssl read in every fixture: one block of `key=value` lines per file. */
const readings = fixture('pki/openssl.txt')
  .split(/^file=/m)
  .slice(1)
  .map((block) => {
    const [file = '', ...lines] = block.trim().split('\n');
    const fields = new Map(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
    );
    return { name: file.replace('.crt', ''), field: (key: string) => fields.get(key) ?? '' };
  });

describe('a certificate', () => {
  it.each(readings)('is read as openssl reads it: $name', ({ name, field }) => {
    const read = certificate(name);
    expect(read.subjectText).toBe(field('subject'));
    expect(read.issuerText).toBe(field('issuer'));
    expect(read.serialHex).toBe(field('serial').toLowerCase());
    expect(read.notBefore).toEqual(new Date(field('notBefore')));
    expect(read.notAfter).toEqual(new Date(field('notAfter')));
    expect(read.sha256).toBe(field('sha256 Fingerprint').replaceAll(':', '').toLowerCase());
  });

  it.each(readings)('is read as node reads it: $name', ({ name }) => {
    const read = certificate(name);
    const node = new X509Certificate(fixture(`pki/${name}.crt`));
    expect(Buffer.compare(read.der, node.raw)).toBe(0);
    expect(read.publicKey.equals(node.publicKey)).toBe(true);
    expect(Buffer.compare(spkiOf(node.publicKey), read.spki)).toBe(0);
    // Node calls a CA only what may sign as well.
    expect(read.isCA && read.extensions.keyUsage?.has('keyCertSign') !== false).toBe(node.ca);
    expect(read.isSelfSigned).toBe(node.subject === node.issuer && node.verify(node.publicKey));
    expect(read.extensions.extendedKeyUsage).toEqual(node.keyUsage);
  });

  it.each(readings)('is read as pkijs reads it: $name', ({ name }) => {
    const read = certificate(name);
    const other = toPkijsCertificate(read);
    expect(Buffer.from(read.tbs).equals(Buffer.from(other.tbsView))).toBe(true);
    expect(Buffer.from(read.signature).equals(Buffer.from(other.signatureValue.valueBlock.valueHexView))).toBe(true);
    expect(read.extensions.list.map(({ oid, critical }) => [oid, critical])).toEqual(
      (other.extensions ?? []).map(({ extnID, critical }) => [extnID, critical]),
    );
  });

  it('tells its extensions', () => {
    const { extensions } = certificate('leaf');
    expect([...(extensions.keyUsage ?? [])]).toEqual(['digitalSignature']);
    expect(extensions.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(extensions.basicConstraints).toEqual({ ca: false });
    expect(extensions.authorityKeyIdentifier).toEqual(subjectKeyIdentifierOf(certificate('issuing').spki));
    expect(extensions.subjectKeyIdentifier).toEqual(subjectKeyIdentifierOf(certificate('leaf').spki));
    expect(certificate('issuing').extensions.basicConstraints).toEqual({ ca: true, pathLength: 0 });
    expect(certificate('old-style-root').extensions).toMatchObject({
      list: [],
      keyUsage: undefined,
      subjectAltNames: [],
    });
  });

  it('tells its alternative names', () => {
    expect(certificate('leaf').extensions.subjectAltNames.map(({ type, text }) => `${type} ${text}`)).toEqual([
      'dns leaf.example.com',
      'dns www.example.com',
      'ip 192.0.2.1',
      'ip 2001:db8::1',
      'uri https://leaf.example.com/',
      'email leaf@example.com',
      expect.stringMatching(/^otherName 060a/),
      'registeredID 1.2.3.4',
    ]);
    const directory = parseGeneralName(directoryName(parseName('CN=a,O=b')));
    expect(directory).toMatchObject({ type: 'directoryName', text: 'CN=a,O=b' });
  });

  it('shows strange alternative names harmlessly', () => {
    expect(parseGeneralName(tlv(0x82, Buffer.from('a\n\u00e4b'))).text).toBe('a\\0a\\c3\\a4b');
    expect(parseGeneralName(tlv(0x87, Uint8Array.of(1, 2, 3))).text).toBe('010203');
    expect(() => parseGeneralName(tlv(0x89))).toThrow('not a GeneralName');
    expect(() => parseGeneralName(tlv(0xa2))).toThrow('not a GeneralName');
  });

  it.each([
    [0x82, 'WWW.example.com', 'dns:www.example.com'],
    [0x81, 'Some.One@EXAMPLE.com', 'email:Some.One@example.com'],
    [0x86, 'spiffe://Example/a', 'uri:spiffe://Example/a'],
  ])('compares alternative names of tag %i by their rules', (tag, text, key) => {
    expect(generalNameKey(parseGeneralName(tlv(tag, Buffer.from(text))))).toBe(key);
  });

  it.each([
    [0n, '00'],
    [255n, 'ff'],
    [0x1234n, '1234'],
    [-1n, '-01'],
    [2n ** 159n - 1n, `7f${'ff'.repeat(19)}`],
  ])('shows serial number %i', async (serialNumber, text) => {
    expect((await makeCertificate({ serialNumber })).serialHex).toBe(text);
  });

  it('describes keys', () => {
    expect(['root', 'root-two', 'ed25519-root'].map((name) => describeKey(certificate(name).publicKey))).toEqual([
      'P-256',
      'RSA-2048',
      'Ed25519',
    ]);
  });

  it('tells self-issued from self-signed', async () => {
    const subject = parseName('CN=a');
    const { publicKey } = ecKeys();
    const selfIssued = await makeCertificate({ subject, issuer: subject, spki: spkiOf(publicKey) });
    expect([selfIssued.isSelfIssued, selfIssued.isSelfSigned]).toEqual([true, false]);
    const selfSigned = await makeCertificate({ subject, issuer: parseName('CN=A') });
    expect([selfSigned.isSelfIssued, selfSigned.isSelfSigned]).toEqual([true, true]);
  });

  const extension = (extnID: string, extnValue: Uint8Array) => encodeDer(ExtensionSyntax, { extnID, extnValue });

  it.each([
    ['an unknown version', { version: 3 }, 'there is no version 4'],
    [
      'extensions in version 1',
      { version: 0, extensions: [basicConstraintsExtension(true)] },
      'extensions in version 1',
    ],
    [
      'an extension twice',
      { extensions: [keyUsageExtension(['cRLSign']), keyUsageExtension(['cRLSign'])] },
      'extension 2.5.29.15 appears twice',
    ],
    ['a malformed extension', { extensions: [extension('2.5.29.15', NULL_DN)] }, 'extension keyUsage: invalid DER at'],
    ['a negative path length', { extensions: [basicConstraintsExtension(true, -1)] }, 'a negative pathLenConstraint'],
    [
      'two signature algorithms',
      { innerAlgorithm: encodeSignatureAlgorithm({ scheme: 'ecdsa', hash: 'sha384' }) },
      'inside and outside the signed part differ',
    ],
    ['a subject that is no name', { subject: tlv(0x30, tlv(0x05)) }, 'certificate, subject: invalid DER at offset 2'],
  ])('is refused with %s', async (_, parts, message) => {
    await expect(makeCertificate(parts)).rejects.toThrow(message);
  });

  it('throws nothing but its own error for altered octets, and never reads another content as the same', () => {
    const { der, sha256 } = certificate('leaf');
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = der.slice();
        altered[at] = (altered[at] ?? 0) ^ change;
        try {
          const read = Certificate.parse(altered);
          expect(read.sha256).not.toBe(sha256);
          expect(read.signatureObjection(certificate('issuing'))).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(PkiError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['octets behind it', (der: Uint8Array) => Buffer.concat([der, Buffer.of(0)]), 'after the end'],
    ['missing octets', (der: Uint8Array) => der.subarray(0, -1), 'a length of'],
    ['nothing', () => new Uint8Array(), 'the input ends'],
  ])('is refused with %s', (_, change, message) => {
    const error = thrown(() => Certificate.parse(change(certificate('leaf').der)));
    expect(error).toMatchObject({
      code: 'DerInvalid',
      message: expect.stringContaining(message),
      cause: expect.any(DerError),
    });
  });

  it('comes out of bundles of nothing but certificates', () => {
    expect(decodeCertificates(fixture('pki/roots.pem')).map(({ subjectText }) => subjectText)).toEqual([
      'CN=Lab Root,O=CMP Lab',
      'CN=Lab Root Two,O=CMP Lab',
    ]);
    expect(() => decodeCertificates(fixture('pki/root.crt') + fixture('csr/p256.key'))).toThrow(
      'PEM block 2 is a PRIVATE KEY, expected CERTIFICATE',
    );
    const broken = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
    expect(() => decodeCertificates(fixture('pki/root.crt') + broken)).toThrow('PEM block 2: certificate: invalid DER');
  });
});

describe('certHash', () => {
  it.each([
    ['leaf', 'sha256'],
    ['rsa-leaf', 'sha384'],
    ['sha1-leaf', 'sha1'],
    ['pss-leaf', 'sha384'],
    ['ed25519-leaf', 'sha512'],
  ] as const)('of %s is %s', (name, hash) => {
    const { signatureAlgorithm, der } = certificate(name);
    expect(certHashAlgorithm(signatureAlgorithm)).toEqual({ hash, explicit: false });
    expect(certHash(certificate(name))).toEqual(digest(hash, der));
  });

  it('follows Ed448 and unknown algorithms', () => {
    const { der } = certificate('leaf');
    expect(certHashAlgorithm(encodeSignatureAlgorithm({ scheme: 'ed448' }))).toEqual({
      hash: 'shake256',
      explicit: false,
    });
    expect(certHash({ der, signatureAlgorithm: encodeSignatureAlgorithm({ scheme: 'ed448' }) })).toHaveLength(64);
    const mlDsa = encodeDer(AlgorithmIdentifier, { algorithm: '2.16.840.1.101.3.4.3.17' });
    expect(certHashAlgorithm(mlDsa)).toEqual({ hash: 'sha256', explicit: true });
  });
});
