import { describe, expect, it } from '@jest/globals';
import { encodeDer, octetString, tlv } from '../../../src/asn1/index.js';
import {
  basicConstraintsExtension,
  compareCertificate,
  extendedKeyUsageExtension,
  keyUsageExtension,
  parseName,
  parseUsages,
  spkiOf,
  type WantedCertificate,
} from '../../../src/pki/index.js';
import { ExtensionSyntax } from '../../../src/pki/schema.js';
import { type CertificateParts, ecKeys, makeCertificate, request } from './support.js';

const alternativeNames = (...names: Uint8Array[]) =>
  encodeDer(ExtensionSyntax, { extnID: '2.5.29.17', extnValue: tlv(0x30, ...names) });
const dns = (text: string) => tlv(0x82, Buffer.from(text));
const address = (...octets: number[]) => tlv(0x87, Uint8Array.from(octets));
const eku = (...usages: string[]) => extendedKeyUsageExtension(parseUsages(usages).extendedKeyUsage);

const csr = request('rsa2048');
const subject = csr.subject;
const names = alternativeNames(dns('web.example.com'), dns('*.web.example.com'), address(192, 0, 2, 10));
const bits = keyUsageExtension(['digitalSignature', 'keyEncipherment']);
const serverAuth = eku('server auth');

const DAY = 86_400;
const plain: WantedCertificate = { usages: [], isCA: false };

/** What differs between the RSA-2048 request and a certificate with these parts, as `severity field: text`. */
async function differences(parts: CertificateParts, wanted = plain, from = csr) {
  const certificate = await makeCertificate({ subject: from.subject, spki: from.spki, ...parts });
  return compareCertificate(from, certificate, wanted).map(
    ({ severity, field, text }) => `${severity} ${field}: ${text}`,
  );
}

describe('comparing request and certificate', () => {
  it('finds nothing where everything is as asked', async () => {
    expect(await differences({ extensions: [names, bits, serverAuth] })).toEqual([]);
    expect(
      await differences(
        {
          extensions: [
            bits,
            serverAuth,
            alternativeNames(address(192, 0, 2, 10), dns('*.WEB.example.com'), dns('web.example.com')),
          ],
        },
        { usages: ['digital signature', 'key encipherment', 'server auth'], isCA: false, durationSeconds: 90 * DAY },
      ),
    ).toEqual([]);
    expect(
      await differences({
        subject: parseName('/CN=WEB.example.com/OU=Network/O=CMP Lab/C=DE'),
        extensions: [names, bits, serverAuth],
      }),
    ).toEqual([]);
  });

  const all = [names, bits, serverAuth];

  it.each<[string, CertificateParts, WantedCertificate, string]>([
    [
      'another key',
      { spki: spkiOf(ecKeys().publicKey), extensions: all },
      plain,
      'refuse publicKey: the certificate is for another public key than the request',
    ],
    [
      'a CA not asked for',
      { extensions: [...all, basicConstraintsExtension(true)] },
      plain,
      'refuse basicConstraints: the certificate is a CA certificate, which was not asked for',
    ],
    [
      'keyCertSign not asked for',
      { extensions: [names, keyUsageExtension(['digitalSignature', 'keyEncipherment', 'keyCertSign']), serverAuth] },
      plain,
      'refuse keyUsage: key usages not asked for: keyCertSign',
    ],
    [
      'no CA',
      { extensions: [names, keyUsageExtension(['digitalSignature', 'keyEncipherment', 'keyCertSign']), serverAuth] },
      { ...plain, isCA: true },
      'modification basicConstraints: a CA certificate was asked for, but this one is none',
    ],
    [
      'another subject',
      { subject: parseName('CN=other'), extensions: all },
      plain,
      'modification subject: subject "CN=web.example.com,OU=Network,O=CMP Lab,C=DE" was asked for, "CN=other" issued',
    ],
    [
      'missing names',
      { extensions: [alternativeNames(dns('web.example.com')), bits, serverAuth] },
      plain,
      'modification subjectAltName: missing alternative names: dns *.web.example.com, ip 192.0.2.10',
    ],
    [
      'no names',
      { extensions: [bits, serverAuth] },
      plain,
      'modification subjectAltName: missing alternative names: dns web.example.com, dns *.web.example.com, ip 192.0.2.10',
    ],
    [
      'a missing key usage',
      { extensions: [names, keyUsageExtension(['keyEncipherment']), serverAuth] },
      plain,
      'modification keyUsage: missing key usages: digitalSignature',
    ],
    [
      'another key usage',
      { extensions: [names, keyUsageExtension(['digitalSignature', 'keyEncipherment', 'keyAgreement']), serverAuth] },
      plain,
      'note keyUsage: key usages not asked for: keyAgreement',
    ],
    [
      'unrestricted usage',
      { extensions: [names, serverAuth] },
      plain,
      'note keyUsage: the certificate does not restrict key usage, although usages were asked for',
    ],
    [
      'a missing extended usage',
      { extensions: [names, bits, serverAuth] },
      { ...plain, usages: ['digital signature', 'key encipherment', 'client auth', 'server auth'] },
      'modification extendedKeyUsage: missing extended key usages: client auth',
    ],
    [
      'another extended usage',
      { extensions: [names, bits, eku('server auth', 'timestamping')] },
      plain,
      'note extendedKeyUsage: extended key usages not asked for: timestamping',
    ],
    [
      'unrestricted purpose',
      { extensions: [names, bits] },
      plain,
      'note extendedKeyUsage: the certificate is good for any purpose, asked for: server auth',
    ],
    [
      'shorter validity',
      { extensions: all },
      { ...plain, durationSeconds: 365 * DAY },
      'note validity: asked for 365 days of validity, issued 90 days',
    ],
    [
      'longer validity',
      { extensions: all },
      { ...plain, durationSeconds: 3600 * 12 },
      'note validity: asked for 12.0 hours of validity, issued 90 days',
    ],
  ])('finds %s', async (_, parts, wanted, difference) => {
    expect(await differences(parts, wanted)).toEqual([difference]);
  });

  it('finds names that were added', async () => {
    const more = alternativeNames(
      dns('web.example.com'),
      dns('*.web.example.com'),
      address(192, 0, 2, 10),
      dns('evil.example.com'),
    );
    expect(await differences({ extensions: [more, bits, serverAuth] })).toEqual([
      'modification subjectAltName: alternative names not asked for: dns evil.example.com',
    ]);
  });

  it('finds refused power even where no usage was asked for', async () => {
    const from = request('p256');
    const extensions = [
      ...from.extensions.list.map(({ der }) => der),
      keyUsageExtension(['keyCertSign', 'digitalSignature']),
    ];
    expect(await differences({ extensions }, plain, from)).toEqual([
      'refuse keyUsage: key usages not asked for: digitalSignature, keyCertSign',
    ]);
    expect(await differences({ extensions: [...extensions.slice(0, -1), bits] }, plain, from)).toEqual([]);
  });

  it('takes it easy where CAs have their customs', async () => {
    const p256 = request('p256');
    const requested = p256.extensions.list.map(({ der }) => der);
    const usages = ['digital signature', 'key encipherment'];
    // No key encipherment with a key that cannot do it.
    expect(
      await differences(
        { extensions: [...requested, keyUsageExtension(['digitalSignature'])] },
        { ...plain, usages },
        p256,
      ),
    ).toEqual(['note keyUsage: key usages left out because this kind of key has no use for them: keyEncipherment']);
    // The common name is repeated as a DNS name.
    const workload = alternativeNames(
      tlv(0x86, Buffer.from('spiffe://example.org/ns/demo/sa/workload')),
      dns('workload.demo.svc'),
      dns('mesh workload'),
    );
    expect(await differences({ extensions: [workload] }, plain, p256)).toEqual([
      'note subjectAltName: the common name was added as dns mesh workload',
    ]);
    // A subject is made up from the alternative names; any other one is not.
    const p384 = request('p384');
    const extensions = p384.extensions.list.map(({ der }) => der);
    expect(await differences({ subject: parseName('CN=gnb.ran.example.net'), extensions }, plain, p384)).toEqual([
      'note subject: no subject was asked for, "CN=gnb.ran.example.net" issued',
    ]);
    expect(await differences({ subject: parseName('CN=other'), extensions }, plain, p384)).toEqual([
      'modification subject: no subject was asked for, "CN=other" issued',
    ]);
  });

  it('lets usages outrank the request', async () => {
    expect(
      await differences(
        { extensions: [names, keyUsageExtension(['digitalSignature'])] },
        { ...plain, usages: ['signing'] },
      ),
    ).toEqual([]);
    await expect(differences({ extensions: all }, { ...plain, usages: ['nonsense'] })).rejects.toThrow(
      '"nonsense" is unknown',
    );
  });

  it('finds extensions that the CA left out', async () => {
    const staple = encodeDer(ExtensionSyntax, {
      extnID: '1.3.6.1.5.5.7.1.24',
      extnValue: encodeDer(octetString, Uint8Array.of(5)),
    });
    const from = {
      spki: csr.spki,
      subject,
      keyFamily: csr.keyFamily,
      extensions: (await makeCertificate({ extensions: [...all, staple] })).extensions,
    };
    const certificate = await makeCertificate({ subject, spki: csr.spki, extensions: all });
    expect(compareCertificate(from, certificate, plain)).toEqual([
      { field: 'extension', severity: 'modification', text: 'missing extensions: 1.3.6.1.5.5.7.1.24' },
    ]);
    expect(
      compareCertificate(from, await makeCertificate({ subject, spki: csr.spki, extensions: [...all, staple] }), plain),
    ).toEqual([]);
  });
});
