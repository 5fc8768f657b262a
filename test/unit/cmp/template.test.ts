import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeDer, encodeDer, withRaw } from '../../../src/asn1/index.js';
import { CertReqMessages, CertRequest, CertTemplate, PKIBody } from '../../../src/cmp/schema/index.js';
import { certTemplate, enrollmentBody } from '../../../src/cmp/template.js';
import { type CertificateRequest, readWish } from '../../../src/cmp/wish.js';
import {
  ExtensionSyntax,
  Extensions,
  encodePem,
  encodeSignatureAlgorithm,
  parseCsr,
  parseSignatureAlgorithm,
  verify,
} from '../../../src/pki/index.js';
import { text } from './support/fixture.js';
import { request } from './support/session.js';

const now = new Date('2027-01-01T00:00:00.500Z');
const wish = (change: Partial<CertificateRequest> = {}) => readWish(request(change));
const template = (change: Partial<CertificateRequest> = {}) => certTemplate(wish(change), now);

/** The extensions of a template, read like those of a certificate. */
const extensionsOf = ({ extensions = [] }: CertTemplate) =>
  new Extensions(
    extensions.map((der) => decodeDer(withRaw(ExtensionSyntax), der)),
    'template',
  );

describe('readWish', () => {
  it('takes a CSR that its own key signed', () => expect(wish().csr.subjectText).toBe('CN=new.example.com,O=CMP Test'));

  it.each([
    [
      'an altered CSR',
      encodePem(
        'CERTIFICATE REQUEST',
        parseCsr(text('new.csr')).der.map((octet, at) => (at === 60 ? octet ^ 1 : octet)),
      ),
    ],
    ['a certificate', text('new.crt')],
    ['nothing', ''],
    ['two CSRs', text('new.csr') + text('new.csr')],
  ])('refuses %s', (_name, csrPem) =>
    expect(() => wish({ csrPem })).toThrow(expect.objectContaining({ code: 'CsrInvalid', retry: 'request' })),
  );
});

describe('a CSR whose signature somebody else has verified', () => {
  const csrPem = encodePem(
    'CERTIFICATE REQUEST',
    parseCsr(text('new.csr')).der.map((octet, at, { length }) => (at === length - 1 ? octet ^ 1 : octet)),
  );

  it('is left to the CA in a p10cr', () =>
    expect(readWish(request({ csrPem, csrVerified: true }), 'p10cr').csr.subjectText).toMatch('CN=new.example.com'));

  it.each([
    ['ir', true],
    ['cr', true],
    ['kur', true],
    [undefined, true],
    ['p10cr', false],
  ] as const)('is verified all the same before %s (by others: %s)', (body, csrVerified) =>
    expect(() => readWish(request({ csrPem, csrVerified }), body)).toThrow(
      expect.objectContaining({ code: 'CsrInvalid', message: expect.stringContaining('does not verify') }),
    ),
  );
});

describe('certTemplate', () => {
  it('copies subject and key octet for octet', () => {
    const { csr } = wish();
    const made = template();
    expect(made.subject).toEqual(csr.subject);
    expect(made.publicKey).toEqual(csr.spki);
    const decoded = decodeDer(CertTemplate, encodeDer(CertTemplate, made));
    expect(decoded).toEqual({ ...made, extensions: made.extensions?.map((der) => new Uint8Array(der)) });
  });

  it('names nothing that only a CA may fill in', () => {
    const keys = Object.keys(template({ durationSeconds: 3600, usages: ['server auth'] }));
    expect(keys.sort()).toEqual(['extensions', 'publicKey', 'subject', 'validity']);
  });

  it('copies the requested extensions verbatim', () => {
    const { csr } = wish({ csrPem: text('new-usages.csr') });
    const made = template({ csrPem: text('new-usages.csr'), usages: ['code signing', 'cert sign'] });
    expect(made.extensions).toEqual(csr.extensions.list.map(({ der }) => der));
  });

  it('adds usages that the CSR does not mention', () => {
    const added = extensionsOf(template({ usages: ['digital signature', 'key encipherment', 'server auth'] }));
    expect([...(added.keyUsage ?? [])]).toEqual(['digitalSignature', 'keyEncipherment']);
    expect(added.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(added.basicConstraints).toBeUndefined();
    expect(added.subjectAltNames).toHaveLength(3);
  });

  it('asks for a CA certificate only when the request does', () => {
    const added = extensionsOf(template({ isCA: true }));
    expect(added.basicConstraints?.ca).toBe(true);
    expect(added.keyUsage?.has('keyCertSign')).toBe(true);
    expect(extensionsOf(template()).keyUsage).toBeUndefined();
  });

  it('refuses usages that X.509 does not know', () =>
    expect(() => template({ usages: ['juggling'] })).toThrow(expect.objectContaining({ code: 'CsrInvalid' })));

  it('ends the validity with the last second of the wanted lifetime', () => {
    expect(template({ durationSeconds: 3600 }).validity).toEqual({ notAfter: new Date('2027-01-01T00:59:59Z') });
    expect(template().validity).toBeUndefined();
  });
});

describe('enrollmentBody', () => {
  it('sends the CSR itself as p10cr', async () => {
    const { csr } = wish();
    expect(await enrollmentBody('p10cr', 'signature', wish(), now)).toEqual({ type: 'p10cr', value: csr.der });
  });

  it.each(['ir', 'cr'] as const)('vouches for possession in %s', async (type) => {
    const body = await enrollmentBody(type, 'raVerified', wish(), now);
    expect(body).toMatchObject({ type, value: [{ certReq: { certReqId: 0 }, popo: { type: 'raVerified' } }] });
    expect(Buffer.from(encodeDer(PKIBody, body)).toString('hex')).toMatch(/8000$/);
  });

  it('signs exactly the CertRequest that is sent', async () => {
    const body = await enrollmentBody('ir', 'signature', wish(), now);
    const [sent] = body.type === 'ir' ? decodeDer(CertReqMessages, encodeDer(CertReqMessages, body.value)) : [];
    if (sent?.popo?.type !== 'signature') throw new Error('no signature');
    const { algorithmIdentifier, poposkInput, signature } = sent.popo.value;
    expect(poposkInput).toBeUndefined();
    const algorithm = parseSignatureAlgorithm(encodeSignatureAlgorithm({ scheme: 'ecdsa', hash: 'sha256' }));
    expect(algorithmIdentifier.algorithm).toBe('1.2.840.10045.4.3.2');
    expect(verify(wish().csr.publicKey, algorithm, encodeDer(CertRequest, sent.certReq), signature)).toBe(true);
  });

  it('refuses to sign with a key that is not the one of the CSR', async () => {
    const other = wish({ privateKey: async () => createPrivateKey(text('server.key')) });
    await expect(enrollmentBody('ir', 'signature', other, now)).rejects.toMatchObject({ code: 'PrivateKeyMismatch' });
  });

  it('never asks for the key when no signature is wanted', async () => {
    const locked = wish({ privateKey: () => Promise.reject(new Error('must not be asked')) });
    await enrollmentBody('ir', 'raVerified', locked, now);
    await enrollmentBody('p10cr', 'signature', locked, now);
  });
});
