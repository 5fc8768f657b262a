import { describe, expect, it } from '@jest/globals';
import { decodeMessage } from '../../../../src/cmp/message.js';
import { signatureProtector } from '../../../../src/cmp/protection/index.js';
import {
  findSigner,
  senderIsSigner,
  senderKidIsSigner,
  signerCandidates,
  signerIsRecipient,
  signerKeyUsage,
  signerSpeaksForCa,
  signerTrusted,
} from '../../../../src/cmp/rules/index.js';
import type { PKIHeader } from '../../../../src/cmp/schema/index.js';
import { type Certificate, loadPrivateKey, type Name, NULL_DN, parseName } from '../../../../src/pki/index.js';
import { text } from '../support/fixture.js';
import { certificate } from '../support/session.js';

const server = certificate('server.crt');
const serverRsa = certificate('server-rsa.crt');
const bystander = certificate('bystander.crt');
const rogue = certificate('rogue-server.crt');
const issuing = certificate('issuing.crt');
const root = certificate('root.crt');
const now = new Date('2027-01-01T00:00:00Z');

const from = (name: Name, senderKID?: Uint8Array): PKIHeader => ({
  pvno: 2,
  sender: { type: 'directoryName', value: name },
  recipient: { type: 'directoryName', value: NULL_DN },
  senderKID,
});
const untrusted = expect.objectContaining({ code: 'SignerUntrusted', retry: 'issuer' });

describe('senderIsSigner', () => {
  it.each([
    ['the same name', server.subject],
    ['the same name in another order', parseName('O=CMP Test,CN=Test CMP Server')],
    ['no name', NULL_DN],
  ])('takes %s', (_name, sender) => expect(() => senderIsSigner(from(sender), server)).not.toThrow());

  it('takes a sender that is no directory name', () => {
    const mail = { ...from(NULL_DN), sender: { type: 'rfc822Name', value: Uint8Array.of(0x81, 0) } } as const;
    expect(() => senderIsSigner(mail, server)).not.toThrow();
  });

  it.each([
    ['another name', bystander.subject],
    ['something that is no name', Uint8Array.of(0x30, 0x02, 0x05, 0x00)],
  ])('refuses %s', (_name, sender) => expect(() => senderIsSigner(from(sender), server)).toThrow(untrusted));
});

describe('senderKidIsSigner', () => {
  const own = server.extensions.subjectKeyIdentifier;
  it.each([
    ['the signer’s', own, true],
    ['none', undefined, true],
    ['another', new Uint8Array(20), false],
  ])('%s', (_name, kid, expected) => expect(senderKidIsSigner(from(NULL_DN, kid), server)).toBe(expected));
});

describe('signerKeyUsage', () => {
  const noSign = certificate('server-no-sign.crt');
  it('takes digitalSignature', () => expect(() => signerKeyUsage(server, false)).not.toThrow());
  it('takes what the operator ignores', () => expect(() => signerKeyUsage(noSign, true)).not.toThrow());
  it('refuses a key that may not sign', () => expect(() => signerKeyUsage(noSign, false)).toThrow(untrusted));
});

describe('signerSpeaksForCa', () => {
  it.each([
    ['the recipient', bystander, bystander.subject],
    ['a signer marked as CMC CA', server, issuing.subject],
    ['a signer marked as CMC RA', certificate('ra-p256.crt'), NULL_DN],
    ['a CA', issuing, NULL_DN],
  ])('takes %s', (_name, signer, recipient) => expect(() => signerSpeaksForCa(signer, recipient)).not.toThrow());

  it.each([
    ['somebody else below the same root', bystander, issuing.subject],
    ['anybody when no recipient is known', bystander, NULL_DN],
    ['a holder of a web server’s certificate', certificate('new.crt'), issuing.subject],
  ])('refuses %s', (_name, signer, recipient) => expect(() => signerSpeaksForCa(signer, recipient)).toThrow(untrusted));

  it('does not take an unknown recipient for everybody', () => expect(signerIsRecipient(server, NULL_DN)).toBe(false));
});

describe('signerTrusted', () => {
  it.each([
    ['a chain from the message', [issuing], [root]],
    ['a configured intermediate', [], [issuing]],
    ['the pinned signer itself', [], [server]],
  ])('takes %s', (_name, extra, anchors) => expect(() => signerTrusted(server, extra, anchors, now)).not.toThrow());

  const rogueRoot = certificate('rogue-root.crt');
  it.each<[string, Certificate, Certificate[], Certificate[], Date]>([
    ['a chain to a root that came with the message', rogue, [rogueRoot], [root], now],
    ['a chain with a hole', server, [], [root], now],
    ['no anchors at all', server, [issuing, root], [], now],
    ['a time before the certificates', server, [issuing], [root], new Date('2020-01-01')],
  ])('refuses %s', (_name, signer, extra, anchors, at) =>
    expect(() => signerTrusted(signer, extra, anchors, at)).toThrow(untrusted),
  );
});

describe('signerCandidates', () => {
  const known = [bystander, serverRsa, server];
  it.each<[string, PKIHeader, Certificate[]]>([
    ['by sender', from(server.subject), [server]],
    ['by senderKID', from(NULL_DN, server.extensions.subjectKeyIdentifier), [server]],
    ['by sender, when senderKID fits nobody', from(server.subject, new Uint8Array(20)), [server]],
    ['all, without a hint', from(NULL_DN), known],
    ['nobody, when the sender is unknown', from(root.subject), []],
  ])('%s', (_name, header, expected) => expect(signerCandidates(header, known)).toEqual(expected));
});

describe('findSigner', () => {
  async function signedBy(name: string, sender?: Name) {
    const signer = certificate(`${name}.crt`);
    const protector = signatureProtector({
      certificates: [],
      subject: sender ?? signer.subject,
      subjectKeyIdentifier: undefined,
      privateKey: loadPrivateKey(text(`${name}.key`)),
    });
    const recipient = { type: 'directoryName', value: NULL_DN } as const;
    return decodeMessage(await protector.protect({ pvno: 2, recipient }, { type: 'pkiconf', value: null }));
  }

  it.each(['server', 'server-rsa', 'ra-p384', 'ra-ed25519'])('finds %s among others', async (name) => {
    const known = [bystander, certificate(`${name}.crt`), issuing];
    expect(findSigner(await signedBy(name), known).subjectText).toBe(known[1]?.subjectText);
  });

  it('tries the next one when several have the sender’s name', async () => {
    expect(findSigner(await signedBy('server'), [rogue, server])).toBe(server);
  });

  it('refuses a signature that nobody known made', async () => {
    const message = await signedBy('bystander', server.subject);
    expect(() => findSigner(message, [server, rogue])).toThrow(expect.objectContaining({ code: 'ProtectionInvalid' }));
  });

  it('refuses a signer whose certificate is not there', async () => {
    const message = await signedBy('server');
    expect(() => findSigner(message, [bystander])).toThrow(untrusted);
  });

  it('does not try keys without end', async () => {
    const message = await signedBy('server', NULL_DN);
    const many = ['ra-p256', 'ra-p384', 'ra-rsa', 'ra-ed25519'].map((name) => certificate(`${name}.crt`));
    expect(() => findSigner(message, [...many, server])).toThrow();
    expect(findSigner(message, [...many.slice(1), server])).toBe(server);
  });
});
