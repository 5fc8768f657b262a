import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { encodeDer, TAG, tlv } from '../../../src/asn1/index.js';
import { createCsr, ExtensionSyntax, OID, parseCsr, parseName, spkiOf } from '../../../src/pki/index.js';

const subject = parseName('CN=web,O=Example');
const names = encodeDer(ExtensionSyntax, {
  extnID: OID.subjectAltName,
  extnValue: tlv(TAG.sequence, tlv(0x82, Buffer.from('web'))),
});

describe('createCsr', () => {
  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['Ed25519', generateKeyPairSync('ed25519')],
  ])('makes a request that its own key signed (%s)', async (_name, { privateKey, publicKey }) => {
    const csr = parseCsr(await createCsr({ subject, extensions: [names] }, privateKey));
    csr.verifySignature();
    expect(csr.subject).toEqual(subject);
    expect(Buffer.from(csr.spki)).toEqual(Buffer.from(spkiOf(publicKey)));
    expect(csr.attributeTypes).toEqual([OID.extensionRequest]);
    expect(csr.extensions.list.map(({ der }) => der)).toEqual([names]);
  });

  it('has no attributes where nothing is asked for', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(parseCsr(await createCsr({ subject, extensions: [] }, privateKey)).attributeTypes).toEqual([]);
  });
});
