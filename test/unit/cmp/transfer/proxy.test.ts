import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHttpTransport, type TransferEndpoint } from '../../../../src/cmp/transfer/index.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { ForwardProxy, type ForwardProxyOptions } from '../../../support/forward-proxy.js';
import { text } from '../support/fixture.js';

const MESSAGE = Buffer.from('3003020100', 'hex');
const ANSWER = Buffer.from('3003020101', 'hex');
const NAME = 'me';
const PASSWORD = 'p@ss:w/rd%';
const { signal } = new AbortController();

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function proxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const started = await ForwardProxy.start(options);
  closers.push(() => started.stop());
  return started;
}

/** A CMP server of sorts that counts what reaches it, and notes who shows a certificate. */
async function server(options?: ServerOptions) {
  const seen: string[] = [];
  const answer = (message: IncomingMessage, response: ServerResponse) => {
    const subject = (message.socket as Partial<TLSSocket>).getPeerCertificate?.().subject;
    seen.push(
      `${message.headers.host} ${message.url} ${message.headers['proxy-authorization'] ?? ''}${String(subject?.CN ?? '')}`,
    );
    message.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/pkixcmp' }).end(ANSWER));
  };
  const port = await listen(options === undefined ? createServer(answer) : createTlsServer(options, answer));
  return { port, seen, url: `http${options === undefined ? '' : 's'}://127.0.0.1:${port}/pkix/?a=b` };
}

const tls = (certificate = 'tls-server'): ServerOptions => ({
  cert: text(`${certificate}.crt`),
  key: text('tls-server.key'),
});
const tlsCaPem = text('tls-ca.crt');
const client = { clientCertPem: text('tls-client.crt'), clientKeyPem: text('tls-client.key') };

function transportTo(...endpoints: readonly TransferEndpoint[]) {
  const limits = { connectTimeoutMs: 2_000, requestTimeoutMs: 5_000, maxResponseBytes: 1_000 };
  const transport = createHttpTransport({ endpoints, ...limits }, systemClock);
  closers.push(() => transport.close());
  return transport;
}

async function send(...endpoints: readonly TransferEndpoint[]): Promise<Buffer> {
  const channel = transportTo(...endpoints).open();
  closers.push(() => channel.close());
  return Buffer.from(await channel.exchange(MESSAGE, signal));
}

describe('a proxy', () => {
  it('forwards what is for an http URL', async () => {
    const [ca, through] = [await server(), await proxy()];
    expect(await send({ url: ca.url, proxy: through.url() })).toEqual(ANSWER);
    expect(through.asked).toEqual([`POST ${ca.url}`]);
    expect(ca.seen).toEqual([`127.0.0.1:${ca.port} /pkix/?a=b `]);
  });

  it('tunnels to an https URL, without seeing anything of it', async () => {
    const [ca, through] = [await server(tls()), await proxy()];
    expect(await send({ url: ca.url, tlsCaPem, proxy: through.url() })).toEqual(ANSWER);
    expect(through.asked).toEqual([`CONNECT 127.0.0.1:${ca.port}`]);
    expect(ca.seen).toEqual([`127.0.0.1:${ca.port} /pkix/?a=b `]);
  });

  it('lets a client certificate reach the server behind it', async () => {
    const ca = await server({ ...tls(), ca: tlsCaPem, requestCert: true });
    const through = await proxy();
    expect(await send({ url: ca.url, tlsCaPem, ...client, proxy: through.url() })).toEqual(ANSWER);
    expect(ca.seen[0]).toMatch(/client/i);
  });

  it.each(['http', 'https'] as const)('is told who we are, the server is not: %s', async (scheme) => {
    const ca = await server(scheme === 'https' ? tls() : undefined);
    const through = await proxy({ credentials: `${NAME}:${PASSWORD}` });
    const endpoint = { url: ca.url, ...(scheme === 'https' && { tlsCaPem }), proxy: through.url(NAME, PASSWORD) };
    expect(await send(endpoint)).toEqual(ANSWER);
    expect(ca.seen).toEqual([`127.0.0.1:${ca.port} /pkix/?a=b `]);
  });

  it('serves a whole transaction over one connection', async () => {
    const [ca, through] = [await server(tls()), await proxy()];
    const channel = transportTo({ url: ca.url, tlsCaPem, proxy: through.url() }).open();
    for (let message = 0; message < 3; message++) await channel.exchange(MESSAGE, signal);
    await channel.close();
    expect(through.asked).toHaveLength(1);
    expect(ca.seen).toHaveLength(3);
  });

  it.each([
    ['http', undefined, 'HttpFailed', 'issuer', /407.*user name/],
    ['https', undefined, 'HttpFailed', 'issuer', /wants other credentials.*407/],
    ['https', 403, 'HttpFailed', 'issuer', /allow CONNECT.*403/],
    ['https', 502, 'ConnectionFailed', 'transient', /cannot reach the server.*502/],
    ['https', 'silence', 'ConnectionFailed', 'transient', /does not answer CONNECT/],
  ] as const)('that refuses is told apart from the server: %s, %s', async (scheme, connect, code, retry, message) => {
    const ca = await server(scheme === 'https' ? tls() : undefined);
    const through = await proxy(connect === undefined ? { credentials: `${NAME}:${PASSWORD}` } : { connect });
    const wrong = through.url(NAME, 'hush');
    const error = await send({ url: ca.url, ...(scheme === 'https' && { tlsCaPem }), proxy: wrong }).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code, retry, message: expect.stringMatching(message) });
    expect(error.message).not.toContain('hush');
    expect(ca.seen).toEqual([]);
  });

  it('that does not listen, or is none, is named', async () => {
    const gone = await ForwardProxy.start();
    const proxyUrl = gone.url(NAME, 'hush');
    await gone.stop();
    const ssh = await listen(createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n')));
    for (const one of [proxyUrl, `http://127.0.0.1:${ssh}`]) {
      const error = await send({ url: 'https://ca.example/', proxy: one }).catch((thrown) => thrown);
      expect(error).toMatchObject({
        code: 'ConnectionFailed',
        retry: 'transient',
        message: expect.stringMatching(/through the proxy http:\/\/127\.0\.0\.1:\d+: .*check the address of the proxy/),
      });
      expect(error.message).not.toContain('hush');
    }
  });

  it.each([
    ['for another name', 'tls-elsewhere', tlsCaPem, /another name/],
    ['expired', 'tls-expired', tlsCaPem, /expired/],
    ['of a stranger', 'tls-server', text('root.crt'), /does not chain/],
  ])('vouches for nobody: a certificate %s is refused behind it', async (_what, certificate, bundle, message) => {
    const [ca, through] = [await server(tls(certificate)), await proxy()];
    await expect(send({ url: ca.url, tlsCaPem: bundle, proxy: through.url() })).rejects.toMatchObject({
      code: 'TlsFailed',
      retry: 'issuer',
      message: expect.stringMatching(message),
    });
    expect(ca.seen).toEqual([]);
  });

  it('with TLS of its own must be trusted by this system, whatever the endpoint trusts', async () => {
    const [ca, through] = [await server(tls()), await proxy({ tls: tls() })];
    await expect(send({ url: ca.url, tlsCaPem, proxy: through.url() })).rejects.toMatchObject({
      code: 'TlsFailed',
      message: expect.stringContaining(`through the proxy ${through.url()}`),
    });
    expect(through.asked).toEqual([]);
  });

  it('that cannot be used is no reason to give up: the next endpoint is tried', async () => {
    const ca = await server();
    const closed = await proxy({ connect: 403 });
    const endpoints = [{ url: 'https://ca.example/', proxy: closed.url() }, { url: ca.url }];
    expect(await send(...endpoints)).toEqual(ANSWER);
    await transportTo(...endpoints).probe(signal);
    await expect(transportTo({ url: 'https://ca.example/', proxy: closed.url() }).probe(signal)).rejects.toMatchObject({
      code: 'HttpFailed',
    });
    expect(ca.seen).toHaveLength(1);
  });
});
