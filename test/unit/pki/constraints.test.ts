import { describe, expect, it } from '@jest/globals';
import { encodeDer, tlv } from '../../../src/asn1/index.js';
import { nameConstraintObjection, unprocessedCriticalExtension } from '../../../src/pki/constraints.js';
import { directoryName, parseName } from '../../../src/pki/index.js';
import { ExtensionSyntax } from '../../../src/pki/schema.js';
import { certificate, makeCertificate } from './support.js';

const TAGS = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87, dn: 0xa4, id: 0x88 } as const;

/** A GeneralName written `dns:example.com`, `ip:c0000200ffffff00` (hexadecimal) or `dn:CN=a`. */
function generalName(text: string): Uint8Array {
  const colon = text.indexOf(':');
  const type = text.slice(0, colon) as keyof typeof TAGS;
  const value = text.slice(colon + 1);
  if (type === 'dn') return directoryName(parseName(value));
  return tlv(TAGS[type], Buffer.from(value, type === 'ip' || type === 'id' ? 'hex' : 'utf8'));
}

const extension = (extnID: string, extnValue: Uint8Array) =>
  encodeDer(ExtensionSyntax, { extnID, critical: true, extnValue });

/** `+dns:a` permits, `-dns:a` excludes. */
function constraints(...texts: string[]): Uint8Array {
  const subtrees = (sign: string, tag: number) => {
    const chosen = texts.filter((text) => text.startsWith(sign)).map((text) => tlv(0x30, generalName(text.slice(1))));
    return chosen.length === 0 ? [] : [tlv(tag, ...chosen)];
  };
  return extension('2.5.29.30', tlv(0x30, ...subtrees('+', 0xa0), ...subtrees('-', 0xa1)));
}

const ca = (...texts: string[]) =>
  makeCertificate({ subject: parseName('CN=CA'), extensions: [constraints(...texts)] });

const leaf = (names: string[], subject = '') =>
  makeCertificate({
    subject: parseName(subject),
    extensions: names.length === 0 ? [] : [extension('2.5.29.17', tlv(0x30, ...names.map(generalName)))],
  });

describe('name constraints', () => {
  it.each<[string, string[]]>([
    ['+dns:example.com', ['dns:example.com', 'dns:a.EXAMPLE.com', 'dns:*.b.example.com']],
    ['+dns:.example.com', ['dns:a.example.com']],
    ['+dns:', ['dns:anything']],
    ['+dns:example.com', ['ip:c0000201', 'email:a@example.org', 'uri:https://example.org/']],
    ['-dns:bad.example.com', ['dns:example.com', 'dns:notbad.example.com', 'dns:*.worse.example.com']],
    ['+email:example.com', ['email:a@EXAMPLE.com']],
    ['+email:.example.com', ['email:a@b.example.com']],
    ['+email:a@example.com', ['email:a@Example.com']],
    [
      '+uri:example.com',
      ['uri:https://example.com/x', 'uri:spiffe://EXAMPLE.com/ns', 'uri:https://u:p@example.com:8443'],
    ],
    ['+uri:.example.com', ['uri:https://a.example.com?x']],
    ['+ip:c0000200ffffff00', ['ip:c0000201', 'ip:c00002ff']],
    [`+ip:${'20010db8'.padEnd(32, '0')}${'ffffffff'.padEnd(32, '0')}`, [`ip:${'20010db8'.padEnd(32, '1')}`]],
    ['-ip:c0000200ffffff00', ['ip:c6336401', `ip:${'0'.repeat(32)}`]],
    ['+id:2a03', ['dns:a']],
  ])('%s lets %j pass', async (constraint, names) => {
    expect(nameConstraintObjection([await leaf(names), await ca(constraint)])).toBeUndefined();
  });

  it.each([
    ['+dns:example.com', 'dns:example.org', 'not permitted'],
    ['+dns:example.com', 'dns:badexample.com', 'not permitted'],
    ['+dns:.example.com', 'dns:example.com', 'not permitted'],
    ['-dns:example.com', 'dns:a.example.com', 'excluded'],
    ['-dns:bad.example.com', 'dns:*.example.com', 'excluded'],
    ['-dns:', 'dns:a', 'excluded'],
    ['+email:example.com', 'email:a@b.example.com', 'not permitted'],
    ['+email:.example.com', 'email:a@example.com', 'not permitted'],
    ['+email:a@example.com', 'email:A@example.com', 'not permitted'],
    ['+uri:example.com', 'uri:https://a.example.com/', 'not permitted'],
    ['+uri:example.com', 'uri:https://example.org/?https://example.com/', 'not permitted'],
    ['+uri:example.com', 'uri:https://example.com@example.org/', 'not permitted'],
    ['+uri:example.com', 'uri:urn:example.com', 'not permitted'],
    ['-uri:example.com', 'uri:urn:something', 'excluded'],
    ['-uri:example.com', 'uri:https://192.0.2.1/', 'excluded'],
    ['+ip:c0000200ffffff00', 'ip:c6336401', 'not permitted'],
    ['+ip:c0000200ffffff00', `ip:${'0'.repeat(32)}`, 'not permitted'],
    ['-ip:c0000200ffffff00', 'ip:c0000207', 'excluded'],
    ['+dn:O=a', 'dn:O=b', 'not permitted'],
    ['+id:2a03', 'id:2a03', 'not permitted'],
    ['-id:2a03', 'id:2a04', 'excluded'],
  ])('%s refuses %s', async (constraint, name, reason) => {
    expect(nameConstraintObjection([await leaf([name]), await ca(constraint)])).toContain(reason);
  });

  it('apply to each name, not to some', async () => {
    const constrained = await ca('+dns:example.com', '+dns:example.net');
    expect(
      nameConstraintObjection([await leaf(['dns:a.example.com', 'dns:a.example.net']), constrained]),
    ).toBeUndefined();
    expect(nameConstraintObjection([await leaf(['dns:a.example.com', 'dns:a.example.org']), constrained])).toBe(
      'name constraints of "CN=CA": dns "a.example.org" is not permitted',
    );
  });

  it.each([
    ['+dn:O=Lab,C=DE', 'CN=a,O=LAB,C=DE', undefined],
    ['+dn:O=Lab,C=DE', 'O=Lab,C=DE', undefined],
    ['+dn:O=Lab,C=DE', 'C=DE,O=Lab', 'not permitted'],
    ['+dn:O=Lab', 'O=Lab,C=DE', 'not permitted'],
    ['-dn:O=Lab', 'CN=a,O=Lab', 'excluded'],
    ['+dn:O=Lab', '', undefined],
    ['+email:example.com', 'emailAddress=a@example.org,CN=a', 'not permitted'],
    ['+dns:example.com', 'CN=host.example.org', 'not permitted'],
    ['+dns:example.com', 'CN=no host name', undefined],
  ])('%s on subject %s: %s', async (constraint, subject, reason) => {
    const objection = nameConstraintObjection([await leaf([], subject), await ca(constraint)]);
    if (reason === undefined) expect(objection).toBeUndefined();
    else expect(objection).toContain(reason);
  });

  it('of every CA hold, and exempt self-issued CAs but not leaves', async () => {
    const [wide, narrow] = [await ca('+dns:example.com'), await ca('+dns:a.example.com')];
    const b = await leaf(['dns:b.example.com']);
    expect(nameConstraintObjection([b, wide])).toBeUndefined();
    expect(nameConstraintObjection([b, narrow, wide])).toContain('not permitted');
    expect(nameConstraintObjection([b, wide, narrow])).toContain('not permitted');

    const name = parseName('O=Other');
    const selfIssued = await makeCertificate({ subject: name, issuer: name });
    const forLab = await ca('+dn:O=Lab');
    expect(nameConstraintObjection([await leaf([], 'O=Lab'), selfIssued, forLab])).toBeUndefined();
    expect(nameConstraintObjection([selfIssued, forLab])).toContain('not permitted');
  });

  it.each([
    ['rubbish', tlv(5)],
    ['a minimum', tlv(0x30, tlv(0xa0, tlv(0x30, generalName('dns:a'), tlv(0x80, Uint8Array.of(1)))))],
    ['a base that is no name', tlv(0x30, tlv(0xa0, tlv(0x30, tlv(5))))],
  ])('that are %s refuse everything', async (_, value) => {
    const broken = await makeCertificate({ extensions: [extension('2.5.29.30', value)] });
    expect(nameConstraintObjection([await leaf(['dns:a']), broken])).toContain('name constraints of "CN=subject"');
  });

  it('are absent from most certificates', () => {
    expect(nameConstraintObjection(['leaf', 'issuing', 'root'].map(certificate))).toBeUndefined();
    expect(nameConstraintObjection([certificate('constrained-some'), certificate('constrained')])).toContain(
      'a.example.org',
    );
  });
});

describe('critical extensions', () => {
  it('that can require a policy are not processed, those that cannot are', async () => {
    const required = await makeCertificate({
      extensions: [extension('2.5.29.36', tlv(0x30, tlv(0x80, Uint8Array.of(0))))],
    });
    const policies = await makeCertificate({ extensions: [extension('2.5.29.32', tlv(0x30))] });
    expect(unprocessedCriticalExtension(required)).toBe('2.5.29.36');
    expect(unprocessedCriticalExtension(policies)).toBeUndefined();
  });
});
