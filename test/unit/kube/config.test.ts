import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { KubeConfigError, loadKubeAccess } from '../../../src/kube/config.js';

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(text: string, name = `file-${++files}`): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function kubeconfig(user: object, cluster: object = {}, more: object = {}): string {
  return write(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443/', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [
        { name: 'one', context: { cluster: 'c', user: 'u' } },
        { name: 'other', context: { cluster: 'nowhere', user: 'u' } },
      ],
      'current-context': 'one',
      ...more,
    }),
  );
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const NOTHING = { HOME: join(folder, 'nobody') };

describe('loadKubeAccess', () => {
  it('reads server, trust, client certificate and token', async () => {
    const path = kubeconfig(
      { token: 't', 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
      { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'name' },
    );
    const access = await loadKubeAccess({ kubeconfig: path });
    expect(access.server).toBe('https://api.example:6443');
    expect(await access.read(false)).toEqual({
      headers: { Authorization: 'Bearer t' },
      tls: { ca: 'ca', cert: 'cert', key: 'key', servername: 'name', rejectUnauthorized: true },
    });
  });

  it.each<[string, object, object, object]>([
    [
      'basic authentication',
      { username: 'u', password: 'p' },
      {},
      { headers: { Authorization: `Basic ${base64('u:p')}` } },
    ],
    ['impersonation', { token: 't', as: 'x' }, {}, { headers: { 'Impersonate-User': 'x' } }],
    [
      'no verification, if somebody wants it so',
      {},
      { 'insecure-skip-tls-verify': true },
      { tls: { rejectUnauthorized: false } },
    ],
    ['plain http', { token: 't' }, { server: 'http://127.0.0.1:8080' }, { headers: { Authorization: 'Bearer t' } }],
  ])('understands %s', async (_, user, cluster, expected) => {
    const access = await loadKubeAccess({ kubeconfig: kubeconfig(user, cluster) });
    expect(await access.read(false)).toMatchObject(expected);
  });

  it('reads token files and the kubeconfig itself anew each time', async () => {
    const token = write('first\n', 'token');
    const path = kubeconfig({ tokenFile: 'token' });
    const access = await loadKubeAccess({ kubeconfig: path });
    expect((await access.read(false)).headers).toEqual({ Authorization: 'Bearer first' });
    writeFileSync(token, 'second\n');
    expect((await access.read(false)).headers).toEqual({ Authorization: 'Bearer second' });
  });

  it('asks an exec plugin once, and again only when its token was refused', async () => {
    const script = `
      const fs = require('node:fs');
      fs.appendFileSync(process.argv[1], '.');
      const token = 'token-' + fs.readFileSync(process.argv[1], 'utf8').length;
      const apiVersion = 'client.authentication.k8s.io/v1';
      console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token } }));`;
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script, write('', 'calls')],
      interactiveMode: 'Never',
    };
    const access = await loadKubeAccess({ kubeconfig: kubeconfig({ exec }) });
    const tokens = [await access.read(false), await access.read(true), await access.read(false)];
    expect(tokens.map(({ headers }) => headers['Authorization'])).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-2',
    ]);
  });

  it('merges the files of KUBECONFIG, skipping missing ones', async () => {
    const users = write(JSON.stringify({ users: [{ name: 'u', user: { token: 'merged' } }] }));
    const clusters = kubeconfig({}, {}, { users: [] });
    const KUBECONFIG = [join(folder, 'missing'), clusters, users].join(':');
    const access = await loadKubeAccess({ env: { ...NOTHING, KUBECONFIG } });
    expect((await access.read(false)).headers).toEqual({ Authorization: 'Bearer merged' });
  });

  it('falls back to ~/.kube/config', async () => {
    mkdirSync(join(folder, 'home', '.kube'), { recursive: true });
    write(
      '{"clusters":[{"name":"c","cluster":{"server":"https://home"}}],"contexts":[{"name":"x","context":{"cluster":"c"}}],"current-context":"x"}',
      'home/.kube/config',
    );
    expect((await loadKubeAccess({ env: { HOME: join(folder, 'home') } })).server).toBe('https://home');
  });

  it('passes a proxy on', async () => {
    const access = await loadKubeAccess({
      kubeconfig: kubeconfig({ token: 't' }, { 'proxy-url': 'http://proxy:3128' }),
    });
    expect(access.proxyUrl).toBe('http://proxy:3128');
  });

  it.each<[string, () => Parameters<typeof loadKubeAccess>[0], RegExp]>([
    ['nothing at all', () => ({ env: NOTHING }), /no Kubernetes configuration found.*pass --kubeconfig FILE/],
    ['a missing file', () => ({ kubeconfig: join(folder, 'missing') }), /cannot read the kubeconfig .*missing.*ENOENT/],
    ['a file that is no YAML', () => ({ kubeconfig: write('a: [') }), /cannot read the kubeconfig/],
    ['an empty file', () => ({ kubeconfig: write('') }), /cannot read the kubeconfig/],
    ['only missing files', () => ({ env: { ...NOTHING, KUBECONFIG: '/missing' } }), /none of the files in KUBECONFIG/],
    [
      'an unknown context',
      () => ({ kubeconfig: kubeconfig({}), context: 'nope' }),
      /names no cluster for the context "nope".*one, other/,
    ],
    ['an unknown cluster', () => ({ kubeconfig: kubeconfig({}), context: 'other' }), /names no cluster/],
    ['a strange server', () => ({ kubeconfig: kubeconfig({}, { server: 'ftp://x' }) }), /no http\(s\) URL/],
    ['a SOCKS proxy', () => ({ kubeconfig: kubeconfig({}, { 'proxy-url': 'socks5://x' }) }), /proxy-url/],
    [
      'a missing token file',
      () => ({ kubeconfig: kubeconfig({ tokenFile: 'none' }) }),
      /cannot read the credentials.*ENOENT/,
    ],
    [
      'a missing CA file',
      () => ({ kubeconfig: kubeconfig({}, { 'certificate-authority': 'none' }) }),
      /cannot read the credentials.*ENOENT/,
    ],
  ])('says what to do about %s', async (_, options, message) => {
    const error: unknown = await loadKubeAccess(options()).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(KubeConfigError);
    expect(String(error)).toMatch(message);
  });
});
