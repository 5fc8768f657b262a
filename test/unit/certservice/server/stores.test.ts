import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readServerTls, type StoreFile } from '../../../../src/certservice/server/index.js';
import { decodeCertificates } from '../../../../src/pki/index.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';

const store = (name: string, password = 'secret'): StoreFile => ({
  path: name,
  password,
  content: readFileSync(join(packageRoot(), 'fixtures', 'certservice', name)),
});

const joined = (...names: readonly string[]): StoreFile => ({
  ...store(names[0] ?? ''),
  content: Buffer.concat(names.map((name) => Buffer.from(store(name).content))),
});

const subjects = (pem: string) => decodeCertificates(pem).map(({ subjectText }) => subjectText);

describe.each(['rsa', 'ec'])('an %s key store', (kind) => {
  it.each([
    ['JKS', store(`${kind}-server.jks`), undefined],
    ['PKCS#12 of Java, today', store(`${kind}-server.p12`), undefined],
    // Its 50,000 iterations take seconds, so once is enough.
    ...(kind === 'ec'
      ? [['PKCS#12 of Java, with the old ciphers', store('ec-server-legacy.p12'), undefined] as const]
      : []),
    ['PKCS#12 of OpenSSL, without names', store(`${kind}-server-openssl.p12`), undefined],
    ['PEM in one file', joined(`${kind}-server.key`, `${kind}-chain.pem`), undefined],
    ['PEM in one file, key encrypted', joined(`${kind}-server-encrypted.key`, `${kind}-chain.pem`), undefined],
    ['PEM in two files', store(`${kind}-chain.pem`), store(`${kind}-server.key`)],
  ])('in %s gives key and chain', (_format, keyStore, key) => {
    const tls = readServerTls(keyStore, store(`${kind}-trust.jks`), key);
    const privateKey = createPrivateKey(tls.keyPem);
    expect(privateKey.asymmetricKeyType).toBe(kind);
    expect(new X509Certificate(tls.certificatesPem).checkPrivateKey(privateKey)).toBe(true);
    expect(subjects(tls.certificatesPem)).toEqual([`CN=${kind} server`, `CN=${kind} intermediate`]);
  });

  it.each([`${kind}-trust.jks`, `${kind}-trust.p12`, `${kind}-chain.pem`])('trusts all CAs of %s', (name) => {
    const tls = readServerTls(store(`${kind}-server.jks`), store(name));
    expect(subjects(tls.clientCasPem)).toEqual(expect.arrayContaining([`CN=${kind} root`, `CN=${kind} intermediate`]));
  });
});

describe('a store that cannot be used', () => {
  const trust = store('ec-trust.jks');
  it.each([
    ['ec-server.jks', 'wrong', /ec-server\.jks: JKS store cannot be read: it is damaged, or the password is wrong/],
    ['ec-server.p12', 'wrong', /PKCS12 store cannot be read: .*password is wrong/],
    ['ec-server.jceks', 'secret', /JCEKS store, which is not supported; convert it/],
    ['ec-trust.jks', 'secret', /it holds no private key/],
    ['ec-chain.pem', 'secret', /it holds no private key/],
    ['ec-server.key', 'secret', /it holds no certificate for the private key/],
  ])('%s with password "%s" is refused with the reason', (name, password, message) => {
    expect(() => readServerTls(store(name, password), trust)).toThrow(message);
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a cut off PEM block', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
    ['half a JKS file', Buffer.from(store('ec-server.jks').content).subarray(0, 200)],
    ['half a PKCS#12 file', Buffer.from(store('ec-server.p12').content).subarray(0, 200)],
  ])('%s is refused', (_name, content) => {
    const file = { path: 'broken', password: 'secret', content: Buffer.from(content) };
    expect(() => readServerTls(file, trust)).toThrow(expect.objectContaining({ name: 'StoreError' }));
    expect(() => readServerTls(store('ec-server.jks'), file)).toThrow(expect.objectContaining({ name: 'StoreError' }));
  });

  it('names a trust store without any CA', () =>
    expect(() => readServerTls(store('ec-server.jks'), store('ec-server.key'))).toThrow(
      'ec-server.key: it holds no CA certificate for the clients',
    ));
});
