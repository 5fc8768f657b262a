import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeMessage } from '../../src/cmp/message.js';
import { createDirectEnroller } from '../../src/enrollment/direct.js';
import { createDirectClient } from '../../src/enrollment/direct-client.js';
import type { DirectBackendConfig } from '../../src/enrollment/direct-config.js';
import type { DirectSeams } from '../../src/enrollment/direct-session.js';
import { decodeCertificates, parseName } from '../../src/pki/index.js';
import { systemClock } from '../../src/runtime/clock.js';
import { systemRandom } from '../../src/runtime/random.js';
import { type KeyKind, type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { text } from '../unit/cmp/support/fixture.js';
import { configFor, mac, request, signedBy } from './support/client.js';
import { Lab } from './support/lab.js';
import { NEWER, runOpenssl } from './support/openssl.js';
import { BY_SECRET, type OpensslServer, startServerOf } from './support/openssl-server.js';

// What only OpenSSL from 3.5 on can do.

const { signal } = new AbortController();
const openssl = NEWER ?? '';
const describeNewer = NEWER === undefined ? describe.skip : describe;

const certificateIn = (pem: string) => {
  const [only] = decodeCertificates(pem);
  if (only === undefined) throw new Error('no certificate');
  return only;
};

describeNewer('our client against the server of openssl 3.5', () => {
  let lab: Lab;
  let server: OpensslServer | undefined;
  let bodies: string[] = [];
  let waits = 0;
  beforeAll(async () => {
    lab = await Lab.make();
  });
  afterAll(() => lab.remove());
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    bodies = [];
    waits = 0;
  });

  const seams: DirectSeams = {
    clock: systemClock,
    random: systemRandom,
    onMessage: (_direction, der) => void bodies.push(decodeMessage(der).body.type),
    onWait: () => void waits++,
  };
  const SIGNED = [
    ...['-srv_cert', 'signer.pem', '-srv_key', 'signer.key', '-srv_trusted', 'root.pem'],
    ...['-srv_untrusted', 'issuing.pem', '-accept_raverified'],
  ];
  const PROTECTIONS = [
    ['PasswordBasedMac', BY_SECRET, () => mac()],
    ['ECDSA with SHA-256', SIGNED, () => signedBy(lab, 'ra')],
  ] as const;

  async function configured(options: readonly string[], change: Partial<DirectBackendConfig>) {
    const issuing = ['-rsp_cert', 'issued.pem', '-rsp_extracerts', 'issuing.pem', '-rsp_capubs', 'root.pem'];
    server = await startServerOf(openssl, lab.folder, [...issuing, ...options]);
    return configFor(lab, server.url, change);
  }

  async function enroll(options: readonly string[], change: Partial<DirectBackendConfig>, wish = request) {
    const direct = createDirectEnroller(await configured(options, change), seams);
    try {
      let outcome = await direct.enroll(wish, signal);
      while (outcome.kind === 'pending') {
        await systemClock.sleep(Math.max(0, outcome.notBefore.getTime() - Date.now()));
        outcome = await direct.resume(wish, JSON.parse(JSON.stringify(outcome.state)), signal);
      }
      return outcome;
    } finally {
      await direct.close();
    }
  }

  async function ask<T>(
    options: readonly string[],
    work: (client: ReturnType<typeof createDirectClient>) => Promise<T>,
    change: Partial<DirectBackendConfig> = {},
  ): Promise<T> {
    const client = createDirectClient(await configured(options, change), seams);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  it.each(
    PROTECTIONS.flatMap(([title, options, protection]) =>
      (['IR', 'CR', 'P10CR'] as const).map((enrollment) => [enrollment, title, options, protection] as const),
    ),
  )('%s, %s', async (enrollment, title, options, protection) => {
    const outcome = await enroll(options, { enrollment, protection: protection() });
    expect(outcome).toMatchObject({ kind: 'issued', details: { protection: title, confirmation: 'explicit' } });
    expect(bodies.slice(-2)).toEqual(['certConf', 'pkiconf']);
  });

  it('a key update that brings a new certificate', async () => {
    const previous = async () => ({
      certificatesPem: readFileSync(lab.file('issued.pem'), 'utf8') + readFileSync(lab.file('issuing.pem'), 'utf8'),
      privateKeyPem: text('new.key'),
    });
    const config = await configured(['-rsp_cert', 'again.pem', ...SIGNED], { renewal: 'OnlyKUR' });
    const direct = createDirectEnroller(config, seams);
    const outcome = await direct.enroll({ ...request, previous }, signal);
    await direct.close();
    expect(outcome).toMatchObject({
      kind: 'issued',
      details: { body: 'kur', serial: certificateIn(readFileSync(lab.file('again.pem'), 'utf8')).serialHex },
    });
    expect(bodies).toEqual(['kur', 'kup', 'certConf', 'pkiconf']);
  });

  it('a certificate signed with Ed25519 is confirmed with the hash that openssl expects', async () => {
    const edwards = await Lab.make('ed25519');
    try {
      server = await startServerOf(openssl, edwards.folder, [
        ...['-rsp_cert', 'issued.pem', '-rsp_extracerts', 'issuing.pem'],
        ...BY_SECRET,
      ]);
      const direct = createDirectEnroller(configFor(edwards, server.url), seams);
      await expect(direct.enroll(request, signal)).resolves.toMatchObject({ details: { confirmation: 'explicit' } });
      await direct.close();
    } finally {
      edwards.remove();
    }
  });

  it.each(PROTECTIONS)('waits for a revocation that is put off (%s)', async (_title, options, protection) => {
    const issued = certificateIn(readFileSync(lab.file('issued.pem'), 'utf8'));
    const change = { protection: protection() };
    const polls = ['-poll_count', '3', '-check_after', '1'];
    const result = await ask([...options, ...polls], (client) => client.revoke(issued, 'superseded', signal), change);
    expect(result).toMatchObject({ already: false });
    expect(bodies).toEqual(['rr', 'error', 'pollReq', 'pollRep', 'pollReq', 'pollRep', 'pollReq', 'rp']);
    expect(waits).toBe(2);
  });

  it.each(PROTECTIONS)('waits for a support message that is put off (%s)', async (_title, options, protection) => {
    const change = { protection: protection() };
    const polls = ['-poll_count', '2', '-check_after', '1'];
    const found = await ask([...options, ...polls], (client) => client.caCertificates(signal), change);
    expect(found.map(({ subjectText }) => subjectText)).toEqual(['CN=Sandbox Root,O=CMP Sandbox']);
    expect(bodies).toEqual(['genm', 'error', 'pollReq', 'pollRep', 'pollReq', 'genp']);
  });

  it('asks for a profile, and is refused another', async () => {
    const named = (certProfile: string) => ({ enrollment: 'CR', certProfile }) as const;
    await expect(enroll(BY_SECRET, named('profile1'))).resolves.toMatchObject({ kind: 'issued' });
    await server?.stop();
    await expect(enroll(BY_SECRET, named('profile2'))).rejects.toMatchObject({ code: 'Rejected' });
  });

  it.each(PROTECTIONS)('verifies the successor of the root (%s)', async (_title, options, protection) => {
    const change = { protection: protection() };
    const files = [
      ...['-rsp_newwithnew', 'new-with-new.pem', '-rsp_newwithold', 'new-with-old.pem'],
      ...['-rsp_oldwithnew', 'old-with-new.pem'],
    ];
    const root = certificateIn(readFileSync(lab.file('root.pem'), 'utf8'));
    const update = await ask([...options, ...files], (client) => client.rootCaUpdate(root, signal), change);
    expect(update?.newWithNew.sha256).toBe(certificateIn(readFileSync(lab.file('new-with-new.pem'), 'utf8')).sha256);
  });

  it('refuses a root update whose certificates do not belong together', async () => {
    const files = [
      ...['-rsp_newwithnew', 'new-with-new.pem', '-rsp_newwithold', 'old-with-new.pem'],
      ...['-rsp_oldwithnew', 'old-with-new.pem'],
    ];
    const root = certificateIn(readFileSync(lab.file('root.pem'), 'utf8'));
    await expect(ask([...BY_SECRET, ...files], (client) => client.rootCaUpdate(root, signal))).rejects.toMatchObject({
      code: 'CertificateRefused',
    });
  });

  it('gets the CRL', async () => {
    const issuer = { type: 'directoryName', value: parseName(lab.caName) } as const;
    const wanted = [{ source: { type: 'issuer', value: [issuer] } }] as const;
    const found = await ask([...BY_SECRET, '-rsp_crl', 'crl.pem'], (client) => client.crls(wanted, signal));
    expect(found).toMatchObject([{ entries: 0 }]);
  });
});

describeNewer('openssl 3.5 as the client of the sandbox CA', () => {
  let ca: SandboxCa;
  let folder: string;
  const file = (name: string) => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'newer-'));
    writeFileSync(file('new.key'), text('new.key'));
    writeFileSync(file('new.csr'), text('new.csr'));
  });
  afterEach(async () => {
    await ca.close();
    rmSync(folder, { recursive: true });
  });

  async function start(keys: KeyKind = 'ec-p256'): Promise<void> {
    ca = await startSandboxCa({ keys });
    const client = await ca.issueClientCertificate('ra');
    writeFileSync(file('root.pem'), ca.rootPem);
    writeFileSync(file('issuing.pem'), ca.chainPem);
    writeFileSync(file('ra.pem'), client.certificatePem);
    writeFileSync(file('ra.key'), client.keyPem);
    writeFileSync(file('chain.pem'), client.chainPem);
  }
  const by = {
    secret: () => ['-ref', ca.credentials.reference, '-secret', `pass:${ca.credentials.secret}`],
    signature: () => ['-cert', file('ra.pem'), '-key', file('ra.key'), '-untrusted', file('chain.pem')],
  };
  const KINDS = ['secret', 'signature'] as const;

  const run = (behaviour: string, kind: (typeof KINDS)[number], ...what: readonly string[]) =>
    runOpenssl(
      ...[openssl, 'cmp', '-config', '', '-batch', '-server', ca.url, '-path', `cmp/${behaviour}`],
      ...['-recipient', ca.caNameSlashed, '-trusted', file('root.pem'), '-msg_timeout', '10'],
      ...[...by[kind](), ...what],
    );
  const p10cr = () => ['-cmd', 'p10cr', '-csr', file('new.csr'), '-certout', file('out.pem')];

  it.each(KINDS)('names the hash of an Ed25519 certificate in certConf, which takes version 3 (%s)', async (kind) => {
    await start('ed25519');
    const sent = [file('1.der'), file('2.der')];
    const result = await run('', kind, ...p10cr(), '-reqout', sent.join(','));
    expect(result).toMatchObject({ code: 0 });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'confirmed' });
    const { header, body } = decodeMessage(readFileSync(sent[1] ?? ''));
    expect(header.pvno).toBe(3);
    expect(body).toMatchObject({ type: 'certConf', value: [{ hashAlg: { algorithm: '2.16.840.1.101.3.4.2.3' } }] });
  });

  it.each(KINDS)('waits for a revocation and for a support message (%s)', async (kind) => {
    await start();
    ca.behaviours.set('later', { polling: { polls: 1, checkAfterSeconds: 1, reason: 'an officer looks at it' } });
    expect(await run('', kind, ...p10cr())).toMatchObject({ code: 0 });
    const revoke = ['-cmd', 'rr', '-oldcert', file('out.pem'), '-revreason', '4'];
    expect(await run('later', kind, ...revoke)).toMatchObject({ code: 0 });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'revoked', reason: 'reason 4' });
    const asked = await run('later', kind, '-cmd', 'genm', '-infotype', 'caCerts', '-cacertsout', file('cas.pem'));
    expect(asked).toMatchObject({ code: 0 });
    // In a file of its own each, or all in one: what counts is that all came.
    expect(decodeCertificates(readFileSync(file('cas.pem'), 'utf8'))).toHaveLength(3);
    expect(ca.ledger.messages['pollReq']).toBe(4);
  });

  it.each(KINDS)('updates a certificate with its own key (%s before)', async (kind) => {
    await start();
    expect(await run('', kind, ...p10cr())).toMatchObject({ code: 0 });
    const updated = await runOpenssl(
      ...[openssl, 'cmp', '-config', '', '-batch', '-cmd', 'kur', '-server', ca.url, '-path', 'cmp/'],
      ...['-recipient', ca.caNameSlashed, '-trusted', file('root.pem'), '-untrusted', file('issuing.pem')],
      ...['-cert', file('out.pem'), '-key', file('new.key'), '-newkey', file('new.key'), '-oldcert', file('out.pem')],
      ...['-certout', file('updated.pem'), '-msg_timeout', '10'],
    );
    expect(updated).toMatchObject({ code: 0 });
    expect(ca.ledger.certificates).toMatchObject([{ body: 'p10cr' }, { body: 'kur', state: 'confirmed' }]);
  });

  it.each(KINDS)('waits for pkiconf (%s)', async (kind) => {
    await start();
    expect(await run('poll-confirmation', kind, ...p10cr())).toMatchObject({ code: 0 });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'confirmed' });
    expect(ca.ledger.messages['pollReq']).toBe(2);
  });

  it('names a profile, which this CA lets pass', async () => {
    await start();
    expect(await run('', 'secret', ...p10cr(), '-profile', 'tls-server')).toMatchObject({ code: 0 });
  });

  it('gets the successor of the root, and is not taken in by a forged one', async () => {
    await start();
    const wanted = [
      ...['-cmd', 'genm', '-infotype', 'rootCaCert', '-oldwithold', file('root.pem')],
      ...['-newwithnew', file('nwn.pem'), '-newwithold', file('nwo.pem'), '-oldwithnew', file('own.pem')],
    ];
    expect(await run('', 'signature', ...wanted)).toMatchObject({ code: 0 });
    const chained = await runOpenssl(openssl, 'verify', '-CAfile', file('root.pem'), file('nwo.pem'));
    expect(chained).toMatchObject({ code: 0 });
    const backwards = await runOpenssl(openssl, 'verify', '-CAfile', file('nwn.pem'), file('own.pem'));
    expect(backwards).toMatchObject({ code: 0 });
    const forged = await run('root-update-new-with-old-by-stranger', 'signature', ...wanted);
    expect(forged).toMatchObject({ code: 1 });
  });

  it('gets the CRL, and what requests should look like', async () => {
    await start();
    const crl = ['-cmd', 'genm', '-infotype', 'crlStatusList', '-crlcert', file('issuing.pem')];
    expect(await run('', 'secret', ...p10cr())).toMatchObject({ code: 0 });
    const ofLeaf = crl.map((argument) => (argument === file('issuing.pem') ? file('out.pem') : argument));
    expect(await run('', 'secret', ...ofLeaf, '-crlout', file('crl.der'))).toMatchObject({ code: 0 });
    const shown = await runOpenssl(openssl, 'crl', '-in', file('crl.der'), '-noout', '-issuer');
    expect(shown.output).toContain('Sandbox Issuing CA');
    const template = [
      '-cmd',
      'genm',
      '-infotype',
      'certReqTemplate',
      '-template',
      file('t.der'),
      '-keyspec',
      file('k.der'),
    ];
    expect(await run('', 'secret', ...template)).toMatchObject({ code: 0 });
    expect(existsSync(file('t.der'))).toBe(true);
    expect(existsSync(file('k.der'))).toBe(true);
  });

  it('asks for a key made by the CA in vain', async () => {
    await start();
    const asked = await run(
      ...(['', 'signature', '-cmd', 'cr', '-centralkeygen', '-newkeyout', file('k.pem')] as const),
      ...['-subject', '/CN=central', '-certout', file('out.pem')],
    );
    expect(asked).toMatchObject({ code: 1 });
    expect(ca.ledger.certificates).toEqual([]);
  });
});
