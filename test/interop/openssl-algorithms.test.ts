import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { assembleMessage, encodeBody, encodeHeader } from '../../src/cmp/message.js';
import { createDirectEnroller } from '../../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../../src/enrollment/direct-config.js';
import { NULL_DN, parseCsr } from '../../src/pki/index.js';
import { systemClock } from '../../src/runtime/clock.js';
import { systemRandom } from '../../src/runtime/random.js';
import { KEY_KINDS, type KeyKind, type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { text } from '../unit/cmp/support/fixture.js';
import { configFor, mac, request, signedBy } from './support/client.js';
import { Lab } from './support/lab.js';
import { INSTALLED, NEWER, runOpenssl } from './support/openssl.js';
import { BY_SECRET, type OpensslServer, startServerOf } from './support/openssl-server.js';

const { signal } = new AbortController();
const ISSUING = ['-rsp_cert', 'issued.pem', '-rsp_extracerts', 'issuing.pem', '-rsp_capubs', 'root.pem'];
const SIGNING = [
  ...['-srv_cert', 'signer.pem', '-srv_key', 'signer.key', '-srv_trusted', 'root.pem'],
  ...['-srv_untrusted', 'issuing.pem', '-accept_raverified'],
];
/** Version 3.0 signs CMP messages neither with EdDSA nor with RSA-PSS keys, 3.5 does. */
const needNewer = (keys: KeyKind): boolean => keys.startsWith('ed') || keys.startsWith('rsa-pss');
const binaryFor = (keys: KeyKind): string => (needNewer(keys) ? (NEWER ?? '') : INSTALLED);
const byVersion = [
  ['the installed openssl', it, KEY_KINDS.filter((keys) => !needNewer(keys))],
  ['openssl 3.5', NEWER === undefined ? it.skip : it, KEY_KINDS.filter(needNewer)],
] as const;

/** No OpenSSL from 3.4 on can hash a certificate that is signed with Ed448 for certConf: its SHAKE256 has lost its length. */
const implicitly = (keys: KeyKind): boolean => keys === 'ed448';

const HASHES = ['SHA256', 'SHA384', 'SHA512'] as const;

let server: OpensslServer | undefined;
const labs: Lab[] = [];
afterEach(async () => {
  await server?.stop();
  server = undefined;
});
afterAll(() => {
  for (const lab of labs) lab.remove();
});

async function labOf(keys: KeyKind = 'ec-p256'): Promise<Lab> {
  const lab = await Lab.make(keys);
  labs.push(lab);
  return lab;
}

/** Enrols at the server inside an openssl, with the lab's certificates. */
async function enroll(
  lab: Lab,
  options: readonly string[],
  change: Partial<DirectBackendConfig>,
  { binary = INSTALLED, wish = request } = {},
) {
  server = await startServerOf(binary, lab.folder, [...ISSUING, ...options]);
  const config = configFor(lab, server.url, change);
  const direct = createDirectEnroller(config, { clock: systemClock, random: systemRandom });
  try {
    return await direct.enroll(wish, signal);
  } finally {
    await direct.close();
  }
}

describe('the server of openssl cmp takes', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labOf();
  });

  it.each(HASHES.flatMap((owf) => HASHES.map((hash) => [owf, `HMAC-${hash}`] as const)))(
    'a PasswordBasedMac with %s and %s',
    async (owf, hash) => {
      const outcome = await enroll(lab, BY_SECRET, { protection: mac({ owf, mac: hash }) });
      expect(outcome).toMatchObject({ kind: 'issued', details: { protection: 'PasswordBasedMac' } });
    },
  );

  it.each(KEY_KINDS)('messages signed with a key of the kind %s', async (keys) => {
    await lab.client(keys, keys);
    const outcome = await enroll(lab, SIGNING, { protection: signedBy(lab, keys), enrollment: 'P10CR' });
    expect(outcome).toMatchObject({ kind: 'issued', details: { body: 'p10cr', confirmation: 'explicit' } });
  });

  it('the original of a request (origPKIMessage)', async () => {
    const nobody = { type: 'directoryName', value: NULL_DN } as const;
    const original = assembleMessage({
      rawHeader: encodeHeader({ pvno: 2, sender: nobody, recipient: nobody }),
      rawBody: encodeBody({ type: 'p10cr', value: parseCsr(text('new.csr')).der }),
    });
    const outcome = await enroll(lab, BY_SECRET, {}, { wish: { ...request, original } });
    expect(outcome).toMatchObject({ kind: 'issued', details: { body: 'ir' } });
  });
});

describe('what a CA with keys of every kind signs by openssl is believed', () => {
  describe.each(byVersion)('with %s', (_openssl, test, kinds) => {
    test.each(kinds)('%s', async (keys) => {
      const lab = await labOf(keys);
      const binary = binaryFor(keys);
      const options = implicitly(keys) ? [...SIGNING, '-grant_implicitconf'] : SIGNING;
      const confirmation = implicitly(keys) ? 'Implicit' : 'Explicit';
      const change = { protection: signedBy(lab, 'ra'), confirmation } as const;
      const outcome = await enroll(lab, options, change, { binary });
      expect(outcome).toMatchObject({ kind: 'issued', details: { confirmation: confirmation.toLowerCase() } });
    });
  });
});

describe('openssl cmp as a client believes the sandbox CA', () => {
  let folder: string;
  let ca: SandboxCa;
  const file = (name: string) => join(folder, name);

  afterEach(async () => {
    await ca.close();
    rmSync(folder, { recursive: true });
  });

  async function enrol(keys: KeyKind, binary: string, by: () => readonly string[], ...more: readonly string[]) {
    folder = mkdtempSync(join(tmpdir(), 'algorithms-'));
    ca = await startSandboxCa({ keys });
    const client = await ca.issueClientCertificate('ra');
    const files = {
      'root.pem': ca.rootPem,
      'ra.pem': client.certificatePem,
      'ra.key': client.keyPem,
      'chain.pem': client.chainPem,
    };
    for (const [name, content] of Object.entries({ ...files, 'new.csr': text('new.csr') }))
      writeFileSync(file(name), content);
    return runOpenssl(
      ...[binary, 'cmp', '-config', '', '-batch', '-cmd', 'p10cr', '-csr', file('new.csr')],
      ...['-server', ca.url, '-path', 'pkix/', '-recipient', ca.caNameSlashed, '-trusted', file('root.pem')],
      ...['-certout', file('out.pem'), '-msg_timeout', '10', ...by(), ...more],
    );
  }
  const signing = () => ['-cert', file('ra.pem'), '-key', file('ra.key'), '-untrusted', file('chain.pem')];
  const secret = () => ['-ref', ca.credentials.reference, '-secret', `pass:${ca.credentials.secret}`];

  describe.each(byVersion)('with %s', (_openssl, test, kinds) => {
    test.each(kinds)('and keys of the kind %s', async (keys) => {
      const result = await enrol(keys, binaryFor(keys), signing, ...(implicitly(keys) ? ['-implicit_confirm'] : []));
      expect(result).toMatchObject({ code: 0 });
      const state = implicitly(keys) ? 'implicitlyConfirmed' : 'confirmed';
      expect(ca.ledger.certificates.at(-1)).toMatchObject({ state });
      expect(existsSync(file('out.pem'))).toBe(true);
    });
  });

  it.each(
    ['sha256', 'sha384', 'sha512'].flatMap((digest) => ['SHA256', 'SHA384', 'SHA512'].map((hash) => [digest, hash])),
  )('with a PasswordBasedMac of %s and HMAC-%s', async (digest, hash) => {
    const result = await enrol('ec-p256', INSTALLED, secret, '-digest', digest ?? '', '-mac', `hmacWith${hash}`);
    expect(result).toMatchObject({ code: 0 });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'confirmed', protection: 'PasswordBasedMac' });
  });
});
