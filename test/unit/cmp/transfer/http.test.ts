import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createHttpTransport,
  type TransferEndpoint,
  type TransferSettings,
} from '../../../../src/cmp/transfer/index.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { text } from '../support/fixture.js';

const MESSAGE = Buffer.from('3003020100', 'hex');
const ANSWER = Buffer.from('3003020101', 'hex');
const { signal: never } = new AbortController();

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const http = async (listener: RequestListener) => `http://${await listen(createServer(listener))}/pkix/`;
const https = async (options: ServerOptions, listener: RequestListener = answer()) =>
  `https://${await listen(createTlsServer(options, listener))}/pkix/`;

const tls = (certificate: string): ServerOptions => ({ cert: text(`${certificate}.crt`), key: text('tls-server.key') });

function answer(status = 200, headers: Record<string, string> = {}, body: Uint8Array = ANSWER) {
  return (request: IncomingMessage, response: ServerResponse) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/pkixcmp', ...headers }).end(body);
    });
  };
}

/** A port that nobody listens on. */
async function closedPort(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

function open(endpoints: readonly (string | TransferEndpoint)[], settings: Partial<TransferSettings> = {}) {
  const transport = createHttpTransport(
    {
      endpoints: endpoints.map((endpoint) => (typeof endpoint === 'string' ? { url: endpoint } : endpoint)),
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
      maxResponseBytes: 1_000,
      ...settings,
    },
    systemClock,
  );
  const channel = transport.open();
  closers.unshift(() => channel.close());
  return { transport, channel };
}

const send = (endpoint: string | TransferEndpoint, settings?: Partial<TransferSettings>) =>
  open([endpoint], settings).channel.exchange(MESSAGE, never);

describe('HTTP transfer', () => {
  it('posts the message with its length and media type, and returns the answer', async () => {
    let seen: Partial<IncomingMessage> = {};
    const chunks: Buffer[] = [];
    const url = await http((request, response) => {
      seen = request;
      request.on('data', (chunk) => chunks.push(chunk)).on('end', () => answer()(request, response));
      answer()(request, response);
    }).catch(String);
    const received = await send(url);
    expect(Buffer.from(received)).toEqual(ANSWER);
    expect(Buffer.concat(chunks)).toEqual(MESSAGE);
    expect(seen).toMatchObject({ method: 'POST', url: '/pkix/' });
    expect(seen.headers).toMatchObject({ 'content-type': 'application/pkixcmp', 'content-length': '5' });
    expect(seen.headers).not.toHaveProperty('accept-encoding');
  });

  it.each([
    ['200', 200, 'application/pkixcmp'],
    ['200 of an old server', 200, 'application/pkixcmp-poll'],
    ['200 with parameters', 200, 'Application/PKIXCMP; charset=binary'],
    ['400 with a CMP message', 400, 'application/pkixcmp'],
    ['500 with a CMP message', 500, 'application/pkixcmp'],
  ])('hands on the body under %s', async (_name, status, type) => {
    expect(Buffer.from(await send(await http(answer(status, { 'content-type': type }))))).toEqual(ANSWER);
  });

  it.each([
    ['a login page', 200, { 'content-type': 'text/html' }, 'issuer', /text\/html.*check the URL/],
    ['no content type', 200, { 'content-type': '' }, 'issuer', /no content type/],
    ['201', 201, {}, 'issuer', /201/],
    ['204', 204, {}, 'issuer', /204/],
    ['a redirect', 301, { location: 'http://127.0.0.1:1/elsewhere' }, 'issuer', /elsewhere.*not followed/],
    ['401', 401, { 'content-type': 'text/plain' }, 'issuer', /401.*client certificate/],
    ['404', 404, { 'content-type': 'text/plain' }, 'issuer', /404.*URL/],
    ['429', 429, { 'content-type': 'text/plain' }, 'transient', /429/],
    ['500', 500, { 'content-type': 'text/html' }, 'transient', /500/],
    ['503', 503, { 'content-type': 'text/html' }, 'transient', /503.*again later/],
    ['a compressed answer', 200, { 'content-encoding': 'gzip' }, 'issuer', /gzip/],
  ] as const)('refuses %s', async (_name, status, headers, retry, message) => {
    await expect(send(await http(answer(status, { ...headers })))).rejects.toMatchObject({
      code: 'HttpFailed',
      retry,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['seconds', '7', 7_000, 7_000],
    ['a date', new Date(Date.now() + 60_000).toUTCString(), 50_000, 60_000],
    ['more than a day', '999999', 86_400_000, 86_400_000],
  ])('reports Retry-After in %s', async (_name, value, least, most) => {
    const url = await http(answer(503, { 'content-type': 'text/html', 'retry-after': value }));
    const error = await send(url).catch((thrown) => thrown);
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(error.retryAfterMs).toBeLessThanOrEqual(most);
  });

  it.each([
    ['announced in Content-Length', (response: ServerResponse) => response.end(Buffer.alloc(1_001))],
    [
      'in chunks without end',
      (response: ServerResponse) => {
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(4_096)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
    ],
  ])('stops reading an answer that is too large, %s', async (_name, write) => {
    const url = await http((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/pkixcmp' });
      write(response);
    });
    await expect(send(url)).rejects.toMatchObject({ code: 'ResponseTooLarge', retry: 'unauthenticated' });
  });

  it('takes an answer of exactly the limit', async () => {
    expect(await send(await http(answer(200, {}, Buffer.alloc(1_000))))).toHaveLength(1_000);
  });

  it('gives up when no answer comes in time', async () => {
    const url = await http((request) => request.resume());
    await expect(send(url, { requestTimeoutMs: 50 })).rejects.toMatchObject({ code: 'Timeout', retry: 'transient' });
  });

  it('gives up when the answer never ends', async () => {
    const url = await http((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/pkixcmp' }).write(ANSWER);
    });
    await expect(send(url, { requestTimeoutMs: 50 })).rejects.toMatchObject({ code: 'Timeout' });
  });

  it('stops with the reason of the abort signal', async () => {
    const abort = new AbortController();
    const url = await http((request) => {
      request.resume();
      abort.abort(new Error('shutting down'));
    });
    await expect(open([url]).channel.exchange(MESSAGE, abort.signal)).rejects.toThrow('shutting down');
  });

  it.each([
    ['closes without an answer', '', 'ConnectionFailed'],
    ['does not answer in HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'HttpFailed'],
  ])('reports a server that %s', async (_name, reply, code) => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.end(reply)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    await expect(send(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code });
  });

  it('reports a server that does not listen', async () => {
    await expect(send(await closedPort())).rejects.toMatchObject({
      code: 'ConnectionFailed',
      retry: 'transient',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('survives a server that closes after each answer', async () => {
    const url = await http(answer(200, { connection: 'close' }));
    const { channel } = open([url]);
    for (let round = 0; round < 3; round++) expect(await channel.exchange(MESSAGE, never)).toHaveLength(5);
  });

  /** Which connections two transactions of two messages each use, by the client's port. */
  async function connectionsUsed(prepare: (server: Server) => void, headers: Record<string, string> = {}) {
    const ports: (number | undefined)[] = [];
    const server = createServer((message, response) => {
      ports.push(message.socket.remotePort);
      answer(200, headers)(message, response);
    });
    prepare(server);
    const { transport } = open([`http://${await listen(server)}/`]);
    closers.unshift(() => transport.close());
    for (let round = 0; round < 2; round++) {
      const channel = transport.open();
      await channel.exchange(MESSAGE, never);
      await channel.exchange(MESSAGE, never);
      await channel.close();
    }
    return ports.map((port) => ports.indexOf(port));
  }

  it.each<[string, (server: Server) => void, Record<string, string>, number[]]>([
    ['keeps the connection for later transactions where the server promises to', () => {}, {}, [0, 0, 0, 0]],
    [
      'uses one connection per transaction where it does not',
      (server) => (server.keepAliveTimeout = 0),
      {},
      [0, 0, 2, 2],
    ],
    ['does not rely on a promise for a second', (server) => (server.keepAliveTimeout = 1_000), {}, [0, 1, 2, 3]],
    ['uses a new one each time where the server closes', () => {}, { connection: 'close' }, [0, 1, 2, 3]],
  ])('%s', async (_name, prepare, headers, expected) => {
    expect(await connectionsUsed(prepare, headers)).toEqual(expected);
  });

  it('asks the server to close when the transaction pauses', async () => {
    const seen: (string | undefined)[] = [];
    const url = await http((message, response) => {
      seen.push(message.headers.connection);
      answer()(message, response);
    });
    const { channel } = open([url]);
    await channel.exchange(MESSAGE, never);
    await channel.exchange(MESSAGE, never, { pauses: true });
    await channel.exchange(MESSAGE, never);
    expect(seen).toEqual(['keep-alive', 'close', 'keep-alive']);
  });

  it('does not inherit a connection on which something went wrong', async () => {
    let count = 0;
    const ports = new Set<number | undefined>();
    const url = await http((message, response) => {
      ports.add(message.socket.remotePort);
      answer(++count === 1 ? 404 : 200, { 'content-type': count === 1 ? 'text/plain' : 'application/pkixcmp' })(
        message,
        response,
      );
    });
    const { transport, channel } = open([url]);
    await expect(channel.exchange(MESSAGE, never)).rejects.toMatchObject({ code: 'HttpFailed' });
    await channel.close();
    const next = transport.open();
    closers.unshift(() => next.close());
    await next.exchange(MESSAGE, never);
    expect(ports.size).toBe(2);
  });
});

describe('several endpoints', () => {
  it('are tried in order while no connection could be made; then the transaction stays', async () => {
    const good = await http(answer());
    const { channel } = open([await closedPort(), good]);
    expect(channel.endpoint).toBeUndefined();
    await channel.exchange(MESSAGE, never);
    expect(channel.endpoint).toBe(good);
  });

  it('are not tried after a message may have arrived', async () => {
    let asked = 0;
    const second = await http((request, response) => {
      asked++;
      answer()(request, response);
    });
    const first = await http((_request, response) => response.destroy());
    await expect(open([first, second]).channel.exchange(MESSAGE, never)).rejects.toMatchObject({
      code: 'ConnectionFailed',
    });
    expect(asked).toBe(0);
  });

  it.each<[string, RequestListener]>([
    ['hangs up', (_request, response) => response.destroy()],
    ['is overloaded', (_request, response) => response.writeHead(503, { 'content-type': 'text/html' }).end()],
    ['has no such page any more', (_request, response) => response.writeHead(404).end()],
    ['sends too much', answer(200, {}, Buffer.alloc(1_001))],
    ['does not answer', (request) => request.resume()],
  ])('are not tried inside a transaction, even when its server %s', async (_what, fault) => {
    let asked = 0;
    let messages = 0;
    const second = await http((request, response) => {
      asked++;
      answer()(request, response);
    });
    const first = await http((request, response) => (++messages === 1 ? answer() : fault)(request, response));
    const { channel, transport } = open([first, second], { requestTimeoutMs: 200 });
    await channel.exchange(MESSAGE, never);
    const position = channel.endpoint;
    await expect(channel.exchange(MESSAGE, never)).rejects.toMatchObject({ name: 'CmpError' });
    await channel.close();
    // Nor when it goes on later.
    const later = transport.open(position);
    await expect(later.exchange(MESSAGE, never)).rejects.toMatchObject({ name: 'CmpError' });
    await later.close();
    expect([channel.endpoint, messages, asked]).toEqual([first, 3, 0]);
  });

  it('are not tried for a transaction whose server is gone in between', async () => {
    let asked = 0;
    const second = await http(() => void asked++);
    const server = createServer(answer(200, { connection: 'close' }));
    const { channel } = open([`http://${await listen(server)}/`, second]);
    await channel.exchange(MESSAGE, never);
    await new Promise((resolve) => server.close(resolve));
    await expect(channel.exchange(MESSAGE, never)).rejects.toMatchObject({ code: 'ConnectionFailed' });
    expect(asked).toBe(0);
  });

  it('are all named when none can be reached', async () => {
    const urls = [await closedPort(), await closedPort()];
    const error = await open(urls)
      .channel.exchange(MESSAGE, never)
      .catch((thrown) => thrown);
    for (const url of urls) expect(error.message).toContain(url);
  });

  it('do not matter to a transaction that is bound to one of them', async () => {
    const good = await http(answer());
    const { transport } = open([await closedPort(), good]);
    const channel = transport.open(good);
    closers.unshift(() => channel.close());
    expect(await channel.exchange(MESSAGE, never)).toHaveLength(5);
    expect(() => transport.open('http://127.0.0.1:9/gone')).toThrow(expect.objectContaining({ retry: 'transaction' }));
  });

  it('are probed without sending anything', async () => {
    let asked = 0;
    const good = await http(() => {
      asked++;
    });
    await open([await closedPort(), good]).transport.probe(never);
    await expect(open([await closedPort()]).transport.probe(never)).rejects.toMatchObject({ code: 'ConnectionFailed' });
    expect(asked).toBe(0);
  });
});

describe('TLS', () => {
  const tlsCaPem = text('tls-ca.crt');

  it('trusts the configured CA', async () => {
    const url = await https(tls('tls-server'));
    expect(await send({ url, tlsCaPem })).toHaveLength(5);
  });

  it.each([
    ['a CA that the system does not trust', 'tls-server', {}, /CA of the server's TLS certificate/],
    [
      'a CA that is not in the bundle',
      'tls-server',
      { tlsCaPem: text('root.crt') },
      /does not chain to the configured TLS CA bundle/,
    ],
    ['a certificate for another name', 'tls-elsewhere', { tlsCaPem }, /another name/],
    ['an expired certificate', 'tls-expired', { tlsCaPem }, /expired/],
  ])('refuses %s', async (_name, certificate, endpoint, message) => {
    const url = await https(tls(certificate));
    await expect(send({ url, ...endpoint })).rejects.toMatchObject({
      code: 'TlsFailed',
      retry: 'issuer',
      message: expect.stringMatching(message),
    });
  });

  it('verifies the configured server name instead of the host', async () => {
    const url = await https(tls('tls-elsewhere'));
    expect(await send({ url, tlsCaPem, serverName: 'elsewhere.example' })).toHaveLength(5);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'says so when the server wants a client certificate (%s)',
    async (version) => {
      const options = {
        ...tls('tls-server'),
        ca: tlsCaPem,
        requestCert: true,
        maxVersion: version,
        minVersion: version,
      };
      const url = await https(options);
      await expect(send({ url, tlsCaPem })).rejects.toMatchObject({
        code: expect.stringMatching(/^(TlsFailed|ConnectionFailed)$/),
        message: expect.stringMatching(/client certificate/),
      });
      const mutual = { url, tlsCaPem, clientCertPem: text('tls-client.crt'), clientKeyPem: text('tls-client.key') };
      expect(await send(mutual)).toHaveLength(5);
    },
  );

  it('gives up when the handshake takes too long', async () => {
    const mute = createTcpServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => mute.close(() => resolve())));
    const { port } = mute.address() as AddressInfo;
    await expect(
      send({ url: `https://127.0.0.1:${port}/`, tlsCaPem }, { connectTimeoutMs: 100 }),
    ).rejects.toMatchObject({
      code: 'ConnectionFailed',
      retry: 'transient',
      message: expect.stringContaining('within the connect timeout'),
    });
  });

  it('says so when the port does not speak TLS', async () => {
    const url = (await http(answer())).replace('http:', 'https:');
    await expect(send({ url, tlsCaPem })).rejects.toMatchObject({
      code: 'TlsFailed',
      message: expect.stringContaining('does not speak TLS'),
    });
  });
});
