import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { encodeDer, TAG, tlv } from '../../../../src/asn1/index.js';
import { csrToSend, isUnreadableForOnap } from '../../../../src/certservice/client/csr-form.js';
import { createCsr, ExtensionSyntax, OID, parseCsr, parseName } from '../../../../src/pki/index.js';
import { fixture } from './support.js';

const key = createPrivateKey(fixture('csr', 'rsa2048.key'));
const extension = (extnID: string, extnValue: Uint8Array) => encodeDer(ExtensionSyntax, { extnID, extnValue });
const name = (tag: number, text: string) => tlv(tag, Buffer.from(text));
const [DNS, EMAIL, URI, RID] = [0x82, 0x81, 0x86, 0x88];
const keyUsage = extension(OID.keyUsage, Uint8Array.of(0x03, 0x02, 0x05, 0xa0));
const names = (...all: Uint8Array[]) => extension(OID.subjectAltName, tlv(TAG.sequence, ...all));
const csr = async (subject: string, ...extensions: Uint8Array[]) =>
  parseCsr(await createCsr({ subject: parseName(subject), extensions }, key));

describe('the CSR that is sent', () => {
  it.each(['Auto', 'AsIs'] as const)('is the request’s own, octet by octet (%s)', async (setting) => {
    const own = parseCsr(fixture('csr', 'rsa2048.csr'));
    expect(await csrToSend(own, key, setting)).toEqual({ form: 'asItCame', der: own.der });
  });

  it('is made anew where ONAP’s service fails over attributes without alternative names', async () => {
    const own = await csr('UID=7,CN=web,O=ONAP', keyUsage);
    expect(isUnreadableForOnap(own)).toBe(true);
    const { form, der } = await csrToSend(own, key, 'Auto');
    const sent = parseCsr(der);
    sent.verifySignature();
    expect(form).toBe('rebuilt');
    expect(sent.subject).toEqual(own.subject);
    expect(sent.spki).toEqual(own.spki);
    expect(sent.attributeTypes).toEqual([]);
    expect((await csrToSend(own, key, 'AsIs')).der).toEqual(own.der);
  });

  it('is left alone where there is nothing to fail over', async () => {
    expect(isUnreadableForOnap(await csr('CN=web'))).toBe(false);
    expect(isUnreadableForOnap(await csr('CN=web', names(name(DNS, 'web'))))).toBe(false);
  });

  it('keeps what ONAP’s provider keeps when it is reduced, in its order', async () => {
    const own = await csr(
      'CN=web,DC=org,serialNumber=7,ST=California,OU=b,OU=a,L=SF,C=US,O=ONAP,street=Main',
      keyUsage,
      names(name(URI, 'urn:x'), name(RID, '\u002a'), name(EMAIL, 'a@b'), name(DNS, 'web')),
    );
    const { form, der } = await csrToSend(own, key, 'Reduced');
    const sent = parseCsr(der);
    sent.verifySignature();
    expect(form).toBe('reduced');
    expect(sent.subjectText).toMatch(/^CN=web,ST=California,L=SF,OU=[ab]\+OU=[ab],O=ONAP,C=US$/);
    expect(sent.extensions.list.map(({ oid }) => oid)).toEqual([OID.subjectAltName]);
    expect(sent.extensions.subjectAltNames.map(({ type, text }) => `${type}:${text}`)).toEqual([
      'dns:web',
      'email:a@b',
      'uri:urn:x',
    ]);
  });

  it('has no attributes when reducing leaves no alternative names', async () => {
    const { der } = await csrToSend(await csr('CN=web', keyUsage), key, 'Reduced');
    expect(parseCsr(der).attributeTypes).toEqual([]);
  });
});
