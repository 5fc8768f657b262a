import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  type CmpServersContext,
  CmpServersError,
  LEGACY_PROTECTION,
  parseCmpServers,
  STANDARD_PROTECTION,
} from '../../../../src/certservice/server/index.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';

const pem = readFileSync(join(packageRoot(), 'fixtures', 'certservice', 'ec-chain.pem'), 'utf8');

const context: CmpServersContext = {
  protection: STANDARD_PROTECTION,
  readText: (path) => {
    if (path === 'trust.pem') return pem;
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  },
};

const ENTRY = {
  caName: 'RA',
  url: 'http://ejbca:8080/ejbca/publicweb/cmp/cmpRA',
  issuerDN: 'CN=ManagementCA',
  authentication: { iak: 'mypassword', rv: 'mypassword' },
};

const parse = (...entries: readonly unknown[]) => parseCmpServers(JSON.stringify({ cmpv2Servers: entries }), context);

/** Message, and what its cause says. */
function failure(text: string): { readonly message: string; readonly cause: string } {
  try {
    parseCmpServers(text, context);
  } catch (error) {
    if (error instanceof CmpServersError && error.cause instanceof Error) {
      return { message: error.message, cause: error.cause.message };
    }
    throw error;
  }
  throw new Error('nothing was wrong');
}
const entryFailure = (...entries: readonly unknown[]) => failure(JSON.stringify({ cmpv2Servers: entries }));

const LOADING = 'Exception occurred during CMP Servers configuration loading';
const VALIDATION = 'Validation of CMPv2 servers configuration failed';

describe('a list as ONAP has it', () => {
  it('is read, with defaults for everything that ONAP does not know', () => {
    const [server] = parse({ ...ENTRY, caMode: 'RA' });
    expect(server).toMatchObject({
      caName: 'RA',
      url: ENTRY.url,
      issuerDN: 'CN=ManagementCA',
      protection: STANDARD_PROTECTION,
      confirmation: 'Implicit',
      responseProtection: 'AllowSignature',
      acceptModifications: false,
      ignoreKeyUsage: false,
      limits: { concurrency: 32, enrollmentTimeoutMs: 60_000 },
    });
    expect(server).not.toHaveProperty('trustPem');
    expect(server?.authentication.iak).toBe('mypassword');
  });

  it('may be empty', () => expect(parse()).toEqual([]));

  it('may be read with SHA-1 for all entries that do not say otherwise', () => {
    const text = JSON.stringify({
      cmpv2Servers: [ENTRY, { ...ENTRY, caName: 'OTHER', protection: { owf: 'SHA256', mac: 'HMAC-SHA256' } }],
    });
    const servers = parseCmpServers(text, { ...context, protection: LEGACY_PROTECTION });
    expect(servers.map(({ protection }) => protection.owf)).toEqual(['SHA1', 'SHA256']);
  });

  it('takes numbers for texts, as Jackson does', () =>
    expect(parse({ ...ENTRY, authentication: { iak: 1234, rv: 'r' } })[0]?.authentication.iak).toBe('1234'));

  it('never shows its secrets', () => {
    const [server] = parse({ ...ENTRY, authentication: { iak: 'the-secret', rv: 'the-reference' } });
    for (const text of [JSON.stringify(server), inspect(server, { depth: 5, showHidden: true })]) {
      expect(text).not.toMatch(/the-secret|the-reference/);
    }
  });
});

describe('a list that ONAP refuses', () => {
  it.each([
    ['two entries of one name', [ENTRY, ENTRY], 'cmpv2Servers[1].caName: another entry has the same one'],
    ['a port above 65535', [{ ...ENTRY, url: 'http://ejbca:70000/' }], 'cmpv2Servers[0].url'],
    ['port 0', [{ ...ENTRY, url: 'http://ejbca:0/' }], 'cmpv2Servers[0].url'],
    ['another scheme', [{ ...ENTRY, url: 'ftp://ejbca/' }], 'cmpv2Servers[0].url: its scheme must be http or https'],
    ['no URL', [{ ...ENTRY, url: 'ejbca' }], 'cmpv2Servers[0].url'],
    ['an empty caName', [{ ...ENTRY, caName: '' }], 'cmpv2Servers[0].caName'],
    ['no caName', [{ ...ENTRY, caName: null }], 'cmpv2Servers[0].caName: it is missing'],
    ['a long caName', [{ ...ENTRY, caName: 'x'.repeat(129) }], 'cmpv2Servers[0].caName'],
    ['no issuerDN', [{ ...ENTRY, issuerDN: undefined }], 'cmpv2Servers[0].issuerDN: it is missing'],
    ['an issuerDN that is none', [{ ...ENTRY, issuerDN: 'ManagementCA' }], 'cmpv2Servers[0].issuerDN'],
    ['no url', [{ ...ENTRY, url: null }], 'cmpv2Servers[0].url: it is missing'],
    ['no authentication', [{ ...ENTRY, authentication: null }], 'cmpv2Servers[0].authentication: it is missing'],
    ['no iak', [{ ...ENTRY, authentication: { rv: 'r' } }], 'cmpv2Servers[0].authentication.iak: it is missing'],
    ['an empty rv', [{ ...ENTRY, authentication: { iak: 'i', rv: '' } }], 'cmpv2Servers[0].authentication.rv'],
    ['a long iak', [{ ...ENTRY, authentication: { iak: 'x'.repeat(257), rv: 'r' } }], 'authentication.iak'],
  ])('because of %s, is refused in the words of ONAP, and the log says where', (_name, entries, cause) => {
    const found = entryFailure(...entries);
    expect(found.message).toBe(VALIDATION);
    expect(found.cause).toContain(cause);
    expect(found.cause).not.toContain('xxx');
  });

  it.each([
    ['no JSON', '{"cmpv2Servers": [ "mypassword" '],
    ['no object', '[]'],
    ['another field at the top', '{"cmpv2Servers": [], "other": 1}'],
    ['no list', '{"cmpv2Servers": {}}'],
    ['another field in authentication', JSON.stringify({ cmpv2Servers: [{ authentication: { iak: 'i', pw: 'p' } }] })],
  ])('because it is %s, cannot be loaded', (_name, text) => {
    const found = failure(text);
    expect(found.message).toBe(LOADING);
    expect(found.cause).not.toContain('mypassword');
  });
});

describe('what ONAP does not know', () => {
  it('https, trust and the rest', () => {
    const [server] = parse({
      ...ENTRY,
      url: 'https://ejbca:8443/cmp',
      trust: { file: 'trust.pem' },
      tls: { ca: { pem }, serverName: 'ca.example' },
      protection: { owf: 'SHA512', mac: 'HMAC-SHA512', iterations: 5000 },
      confirmation: 'Explicit',
      responseProtection: 'Strict',
      acceptModifications: true,
      ignoreKeyUsage: true,
      limits: { concurrency: 2, connectTimeoutSeconds: 1, requestTimeoutSeconds: 2, enrollmentTimeoutSeconds: 3 },
    });
    expect(server).toMatchObject({
      trustPem: pem,
      tls: { tlsCaPem: pem, serverName: 'ca.example' },
      protection: { owf: 'SHA512', mac: 'HMAC-SHA512', iterations: 5000 },
      confirmation: 'Explicit',
      responseProtection: 'Strict',
      acceptModifications: true,
      ignoreKeyUsage: true,
      limits: { concurrency: 2, connectTimeoutMs: 1000, requestTimeoutMs: 2000, enrollmentTimeoutMs: 3000 },
    });
  });

  it.each([
    ['trust', {}, 'give either pem or file'],
    ['trust', { pem, file: 'trust.pem' }, 'give either pem or file'],
    ['trust', { file: 'missing.pem' }, 'cmpv2Servers[0].trust.file: missing.pem cannot be read: ENOENT'],
    ['trust', { pem: 'no PEM' }, 'cmpv2Servers[0].trust'],
    ['trust', { path: 'trust.pem' }, 'cmpv2Servers[0].trust.path: there is no such field; known are pem, file'],
    ['tls', { clientKey: { pem: 'x' } }, 'a TLS client certificate needs its key'],
    ['protection', { owf: 'MD5' }, 'cmpv2Servers[0].protection.owf: it must be one of SHA1'],
    ['protection', { iterations: 99 }, 'cmpv2Servers[0].protection.iterations: it must be a whole number from 100'],
    ['confirmation', 'implicit', 'cmpv2Servers[0].confirmation: it must be one of Implicit, Explicit'],
    ['acceptModifications', 'yes', 'cmpv2Servers[0].acceptModifications: it must be true or false'],
    ['limits', { concurrency: 0 }, 'cmpv2Servers[0].limits.concurrency'],
    ['url', 'http://user:password@ejbca/', 'it must not hold credentials'],
  ])('%s: %j is refused', (name, value, cause) => {
    const found = entryFailure({ ...ENTRY, [name]: value });
    expect(found.message).toBe(VALIDATION);
    expect(found.cause).toContain(cause);
  });
});
