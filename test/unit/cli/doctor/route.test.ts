import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Finding } from '../../../../src/cli/doctor/finding.js';
import { hangUp, routeTo } from '../../../../src/cli/doctor/route.js';
import { takeSteps } from '../../../../src/cli/doctor/step.js';
import { ROUTE_STEPS } from '../../../../src/cli/doctor/steps.js';
import type { CmpEndpoint } from '../../../../src/enrollment/direct-config.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { createIdentity, type Identity } from '../../../../src/sandbox/ca/authority.js';
import { certificatePem, keyPem } from '../../../../src/sandbox/certservice/tls.js';

const LONG_AGO = new Date(Date.now() - 4000 * 86_400_000);

let root: Identity;
const identity = (hosts: readonly string[], now = new Date(), profile: 'tlsServer' | 'client' = 'tlsServer') =>
  createIdentity({
    keys: 'ec-p256',
    random: systemRandom,
    now,
    name: [['CN', 'server']],
    profile,
    issuer: root,
    hosts,
  });
beforeAll(async () => {
  const own = { keys: 'ec-p256', random: systemRandom, now: new Date() } as const;
  root = await createIdentity({ ...own, name: [['CN', 'TLS Root']], profile: 'rootCa' });
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(server: Server & { closeAllConnections?: () => void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections?.();
  });
  return (server.address() as AddressInfo).port;
}

const serve = (listener: RequestListener) => listen(createHttpServer(listener));
const refusing: RequestListener = (_request, response) => response.writeHead(405).end();

async function serveTls(server: Identity, more: object = {}): Promise<number> {
  return listen(createHttpsServer({ key: keyPem(server), cert: certificatePem(server), ...more }, refusing));
}

interface Walked {
  readonly found: Readonly<Record<string, Finding>>;
  readonly date: Date | undefined;
}

async function walk(endpoint: CmpEndpoint, limitMs = 5_000): Promise<Walked> {
  const route = routeTo(endpoint, { connectTimeoutMs: limitMs, requestTimeoutMs: limitMs }, systemClock);
  const found: Record<string, Finding> = {};
  const tell = (step: string, finding: Finding) => {
    found[step] = finding;
  };
  await takeSteps(ROUTE_STEPS, route, new Map(), tell, new AbortController().signal);
  hangUp(route);
  return { found, date: route.date?.theirs };
}

const statuses = ({ found }: Walked) =>
  Object.entries(found)
    .map(([step, { status }]) => `${step} ${status}`)
    .join(', ');

describe('names and TCP', () => {
  it('looks a name up', async () => {
    const walked = await walk({ url: `http://localhost:${await serve(refusing)}/` });
    expect(walked.found['dns']).toMatchObject({ status: 'ok', detail: expect.stringContaining('127.0.0.1') });
    expect(statuses(walked)).toBe('dns ok, tcp ok, http ok');
  });

  it.each([
    ['cmp.example.invalid', 'Correct the name'],
    ['ejbca', 'inside the cluster only'],
    ['ejbca.pki.svc.cluster.local', 'inside the cluster only'],
  ])('%s is unknown', async (host, words) => {
    const walked = await walk({ url: `https://${host}/cmp` });
    expect(walked.found['dns']).toMatchObject({ status: 'fail', remedy: expect.stringContaining(words) });
    expect(statuses(walked)).toBe('dns fail, tcp skip, tls skip, http skip');
  });

  it('refused', async () => {
    const walked = await walk({ url: 'http://127.0.0.1:1/' });
    expect(walked.found['tcp']).toMatchObject({
      status: 'fail',
      blame: 'environment',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('TLS', () => {
  const tls = async (server: Identity, more: Partial<CmpEndpoint> = {}, options: object = {}, host = '127.0.0.1') =>
    walk({ url: `https://${host}:${await serveTls(server, options)}/`, tlsCaPem: certificatePem(root), ...more });

  it('trusted, and for the right name, address or configured name', async () => {
    const server = await identity(['localhost', '127.0.0.1', 'cmp.example.org']);
    for (const walked of [
      await tls(server),
      await tls(server, {}, {}, 'localhost'),
      await tls(server, { serverName: 'cmp.example.org' }),
    ]) {
      expect(statuses(walked)).toBe('dns ok, tcp ok, tls ok, http ok');
      expect(walked.found['tls']?.detail).toMatch(
        /It shows "CN=server", issued by "CN=TLS Root", which is valid until/,
      );
    }
  });

  interface Wrong {
    readonly hosts?: readonly string[];
    readonly now?: Date;
    readonly more?: Partial<CmpEndpoint>;
  }
  it.each<readonly [name: string, wrong: Wrong, words: string, remedy: string]>([
    ['expired', { now: LONG_AGO }, 'has expired', 'renewed at the server'],
    ['for another name', { hosts: ['elsewhere'] }, 'is for another name', 'Use a name in the URL'],
    ['not of the configured name', { more: { serverName: 'cmp.test' } }, 'is for another name', 'Use a name'],
  ])('%s', async (_name, { hosts = ['127.0.0.1'], now = new Date(), more = {} }, words, remedy) => {
    const walked = await tls(await identity(hosts, now), more);
    expect(statuses(walked)).toBe('dns ok, tcp ok, tls fail, http skip');
    expect(walked.found['tls']).toMatchObject({
      blame: 'environment',
      detail: expect.stringContaining(words),
      remedy: expect.stringContaining(remedy),
    });
  });

  it('from a CA that this system does not know', async () => {
    const walked = await walk({ url: `https://127.0.0.1:${await serveTls(await identity(['127.0.0.1']))}/` });
    expect(walked.found['tls']).toMatchObject({
      detail: expect.stringContaining('this system does not trust'),
      remedy: expect.stringContaining('a trust of its own'),
    });
  });

  it('no TLS on this port', async () => {
    const walked = await walk({ url: `https://127.0.0.1:${await serve(refusing)}/` });
    expect(walked.found['tls']).toMatchObject({ detail: expect.stringContaining('does not speak TLS on this port') });
  });

  it('a server that says nothing does not hold us up', async () => {
    const walked = await walk({ url: `https://127.0.0.1:${await listen(createServer(() => {}))}/` }, 200);
    expect(walked.found['tls']).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('within the connect timeout'),
    });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('a client certificate is wanted (%s)', async (version) => {
    const server = await identity(['127.0.0.1']);
    const wanting = { requestCert: true, ca: certificatePem(root), minVersion: version, maxVersion: version };
    const without = await tls(server, {}, wanting);
    const failing = Object.values(without.found).find(({ status }) => status === 'fail');
    expect(failing?.detail).toMatch(/wants a client certificate|broke off/);
    const mine = await identity([], new Date(), 'client');
    const own = { clientCertPem: certificatePem(mine), clientKeyPem: keyPem(mine) };
    expect(statuses(await tls(server, own, wanting))).toBe('client-cert ok, dns ok, tcp ok, tls ok, http ok');
  });
});

describe('HTTP', () => {
  it.each([
    [302, { location: 'https://sso.example.org/' }, 'warn', 'redirects to https://sso.example.org/'],
    [403, {}, 'warn', 'refuses access'],
    [502, {}, 'warn', 'fails (HTTP 502)'],
    [400, {}, 'ok', 'speaks HTTP (400'],
    [404, {}, 'ok', 'speaks HTTP (404'],
  ])('%i: %j is %s', async (status, headers, expected, words) => {
    const port = await serve((_request, response) => response.writeHead(status, headers).end('text'));
    const { found, date } = await walk({ url: `http://127.0.0.1:${port}/pkix/` });
    expect(found['http']).toMatchObject({ status: expected, detail: expect.stringContaining(words) });
    expect(date).toBeInstanceOf(Date);
  });

  it('something else than HTTP', async () => {
    const ssh = await listen(createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n')));
    const { found } = await walk({ url: `http://127.0.0.1:${ssh}/` });
    expect(found['http']).toMatchObject({ status: 'fail', detail: expect.stringContaining('does not answer in HTTP') });
  });

  it('nothing at all is a warning: the messages that follow tell for certain', async () => {
    const mute = await listen(
      createServer((socket) => socket.on('error', () => {}).on('data', () => socket.destroy())),
    );
    const { found } = await walk({ url: `http://127.0.0.1:${mute}/` });
    expect(found['http']).toMatchObject({ status: 'warn', remedy: expect.stringContaining('begin with https:') });
  });
});

describe('a proxy', () => {
  /** Lets through what has the right credentials, to where it wants to go. */
  async function proxy(answer: string): Promise<string> {
    const server = createHttpServer((request, response) => response.writeHead(405, { 'x-for': request.url }).end());
    server.on('connect', (request, socket) => {
      const [host = '', port = ''] = (request.url ?? '').split(':');
      if (answer !== '') {
        socket.end(`HTTP/1.1 ${answer}\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      expect(request.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('us:hush hush').toString('base64')}`);
      const beyond = connect({ host, port: Number(port) }, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(beyond).pipe(socket);
      });
      for (const end of [beyond, socket]) end.on('error', () => {});
      closers.push(() => beyond.destroy());
    });
    return `http://us:hush%20hush@127.0.0.1:${await listen(server)}`;
  }

  it('lets https through', async () => {
    const port = await serveTls(await identity(['127.0.0.1']));
    const url = `https://127.0.0.1:${port}/`;
    const walked = await walk({ url, tlsCaPem: certificatePem(root), proxy: await proxy('') });
    expect(statuses(walked)).toBe('dns ok, tcp ok, proxy ok, tls ok, http ok');
    expect(JSON.stringify(walked)).not.toMatch(/hush/);
  });

  it('takes http as it is', async () => {
    const walked = await walk({ url: 'http://ca.example.org/pkix/', proxy: await proxy('') });
    expect(statuses(walked)).toBe('dns ok, tcp ok, proxy ok, http ok');
  });

  it.each([
    ['407 Proxy Authentication Required', 'user name and password'],
    ['403 Forbidden', 'allow CONNECT'],
  ])('%s', async (answer, words) => {
    const walked = await walk({ url: 'https://ca.example.org/', proxy: await proxy(answer) });
    expect(statuses(walked)).toBe('dns ok, tcp ok, proxy fail, tls skip, http skip');
    expect(walked.found['proxy']).toMatchObject({ remedy: expect.stringContaining(words) });
    expect(JSON.stringify(walked)).not.toMatch(/hush/);
  });

  it('that is none', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n')));
    const walked = await walk({ url: 'https://ca.example.org/', proxy: `http://127.0.0.1:${port}` });
    expect(walked.found['proxy']).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('does not answer as one'),
    });
  });
});
