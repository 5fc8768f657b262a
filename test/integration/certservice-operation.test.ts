import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/runtime/clock.js';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type CertServiceStandIn, startCertServiceStandIn } from '../../src/sandbox/certservice/index.js';
import { createTlsMaterial, type SandboxCa, startSandboxCa } from '../../src/sandbox/index.js';
import { CertServiceServer, headersOf, material, onapEntry } from '../support/certservice-server.js';
import { runCommand } from '../support/command.js';

const fixture = (name: string) => join(packageRoot(), 'fixtures', 'certservice', name);

const start = (options: Parameters<typeof CertServiceServer.start>[1] = {}) =>
  CertServiceServer.start(
    (ca) => [
      { ...onapEntry(ca, 'RA', '/pkix/'), trust: { file: 'root.pem' } },
      { ...onapEntry(ca, 'SLOW', '/cmp/slow'), trust: { file: 'root.pem' } },
    ],
    options,
  );

describe('clients', () => {
  let server: CertServiceServer;
  let otherCa: SandboxCa;
  /** Has a CA for clients that issues what nobody else would. */
  let other: CertServiceStandIn;
  beforeAll(async () => {
    otherCa = await startSandboxCa();
    other = await startCertServiceStandIn({ ca: otherCa });
    server = await start({ moreClientCas: other.serverCaPem });
  });
  afterAll(() => Promise.all([server.stop(), other.close(), otherCa.close()]));

  const paths = ['/actuator/health', '/ready', '/reload', '/docs', '/v3/api-docs', '/v1/certificate/RA'];
  it.each(paths)('without a certificate are not let in at %s', async (path) =>
    expect(server.get(path, { client: 'none' })).rejects.toThrow(),
  );

  it.each(['unknown', 'expired'] as const)('with an %s certificate are not let in', async (kind) => {
    const client = await other.issueTlsClient('stranger', kind);
    await expect(server.get('/ready', { client })).rejects.toThrow();
  });

  it('of every CA in the trust store are let in', async () => {
    expect(await server.get('/ready')).toMatchObject({ status: 200 });
    expect(await server.get('/ready', { client: await other.issueTlsClient('friend') })).toMatchObject({ status: 200 });
  });
});

describe('the list of CMP servers', () => {
  let server: CertServiceServer;
  afterEach(() => server.stop());

  it.each([
    ['{', 'Exception occurred during CMP Servers configuration loading'],
    ['{"cmpv2Servers":[{"caName":""}]}', 'Validation of CMPv2 servers configuration failed'],
  ])('keeps serving when a reload of %s fails, says so, and recovers', async (broken, text) => {
    server = await start();
    const headers = headersOf(await material());
    server.writeServers(broken);
    const reply = await server.get('/reload');
    expect(reply).toMatchObject({ status: 500, text, contentType: expect.stringContaining('application/json') });
    expect(await server.get('/ready')).toMatchObject({ status: 503, text: '' });
    expect(server.process.output).toContain('the previous list of CMP servers keeps serving');
    expect(await server.get('/v1/certificate/RA', { headers })).toMatchObject({ status: 200 });

    const entry = { ...onapEntry(server.ca, 'NEW', '/pkix/'), trust: { file: 'root.pem' } };
    server.writeServers(JSON.stringify({ cmpv2Servers: [entry] }));
    expect(await server.get('/reload')).toMatchObject({ status: 200, text: '' });
    expect(await server.get('/ready')).toMatchObject({ status: 200 });
    expect(await server.get('/v1/certificate/RA', { headers })).toMatchObject({ status: 404 });
    expect(await server.get('/v1/certificate/NEW', { headers })).toMatchObject({ status: 200 });
  });

  it('that could never be loaded leaves it up, not ready, and answering 500', async () => {
    server = await CertServiceServer.start(() => [{ caName: 'RA' }]);
    expect(await server.get('/actuator/health')).toMatchObject({ status: 200 });
    expect(await server.get('/ready')).toMatchObject({ status: 503 });
    const path = '/v1/certificate/RA';
    const reply = await server.get(path, { headers: headersOf(await material()) });
    expect(reply).toMatchObject({ status: 500, json: { status: 500, error: 'Internal Server Error', path } });
  });

  it('is read together with the TLS stores, so that a renewed certificate is taken up', async () => {
    server = await start();
    const renewed = await createTlsMaterial('certServiceClient.com');
    server.writeStores(renewed);
    expect(await server.get('/reload')).toMatchObject({ status: 200 });
    await expect(server.get('/ready')).rejects.toThrow();
    expect(await server.get('/ready', { client: renewed.client, ca: renewed.caPem })).toMatchObject({ status: 200 });
  });

  it('may name an https server', async () => {
    const ca = await startSandboxCa({ tls: true });
    const entry = {
      ...onapEntry(ca, 'TLS', '/pkix/'),
      trust: { pem: ca.rootPem },
      tls: { ca: { pem: ca.tlsRootPem } },
    };
    server = await CertServiceServer.start(() => [entry, { ...entry, caName: 'UNKNOWN_CA', tls: {} }]);
    const headers = headersOf(await material());
    expect(await server.get('/v1/certificate/TLS', { headers })).toMatchObject({ status: 200 });
    expect(await server.get('/v1/certificate/UNKNOWN_CA', { headers })).toMatchObject({ status: 500 });
    await ca.close();
  });

  it('may be empty: ready, and every CA is unknown', async () => {
    server = await CertServiceServer.start(() => []);
    expect(await server.get('/ready')).toMatchObject({ status: 200 });
    const reply = await server.get('/v1/certificate/RA', { headers: headersOf(await material()) });
    expect(reply.status).toBe(404);
  });
});

describe('the process', () => {
  it('lets requests under way end at SIGTERM, and ends with 0', async () => {
    const server = await start();
    const reply = server.get('/v1/certificate/SLOW', { headers: headersOf(await material()) });
    await arrived(server, 'ir');
    const stopped = server.process.stop();
    expect(await reply).toMatchObject({ status: 200 });
    expect(await stopped).toBe(0);
    await server.stop();
  });

  it('cuts requests off that outlast the time to drain', async () => {
    const server = await start({ args: ['--drain-timeout', '0'] });
    const reply = server.get('/v1/certificate/SLOW', { headers: headersOf(await material()) });
    await arrived(server, 'ir');
    const stopped = server.process.stop();
    expect(await reply).toMatchObject({
      status: 500,
      json: { errorMessage: 'Exception occurred during call to cmp client: the service is shutting down' },
    });
    expect(await stopped).toBe(0);
    await server.stop();
  });

  it('counts on a plain port of its own', async () => {
    const server = await start({ args: ['--ops-address', '127.0.0.1:0'] });
    const opsPort = Number(server.process.find('CertService listens')?.['opsPort']);
    await server.get('/v1/certificate/RA', { headers: headersOf(await material()) });
    await server.get('/v1/certificate/UNKNOWN', { headers: headersOf(await material()) });
    const metrics = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
    expect(metrics).toContain(
      'cmpv2_issuer_certservice_requests_total{ca="RA",operation="certificate",status="200"} 1',
    );
    expect(metrics).toContain('cmpv2_issuer_certservice_requests_total{ca="",operation="certificate",status="404"} 1');
    expect(metrics).toContain('cmpv2_issuer_certservice_configuration_current 1');
    expect((await fetch(`http://127.0.0.1:${opsPort}/readyz`)).status).toBe(200);
    await server.stop();
  });

  it.each([
    ['a missing key store', ['--keystore', '/nowhere.jks', '--truststore', fixture('ec-trust.jks')], /no such file/],
    [
      'a wrong password',
      [
        ...['--keystore', fixture('ec-server.jks'), '--keystore-password-file', fixture('ec-chain.pem')],
        ...['--truststore', fixture('ec-trust.jks')],
      ],
      /--keystore .*: JKS store cannot be read: it is damaged, or the password is wrong/,
    ],
  ])('ends with 3 for %s', async (_name, args, message) => {
    const { exitCode, stderr } = await runCommand('certservice', ...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringMatching(message) });
  });

  it('starts with the Java stores of ONAP, and ends with 3 where its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    // That far it gets only with stores it could read; their password is ONAP's default.
    const { exitCode, stderr } = await runCommand(
      ...['certservice', '--https-address', '127.0.0.1', '--https-port', String(port)],
      ...['--keystore', fixture('rsa-server.jks'), '--truststore', fixture('rsa-trust.jks')],
    );
    taken.close();
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('EADDRINUSE') });
  });
});

/** Waits until the CA has got such a message. */
async function arrived({ ca }: CertServiceServer, body: string): Promise<void> {
  while (ca.ledger.messages[body] === undefined) await systemClock.sleep(5);
}
