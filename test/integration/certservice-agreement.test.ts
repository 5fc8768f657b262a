import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseCmpServers, STANDARD_PROTECTION, startCertService } from '../../src/certservice/server/index.js';
import { createCertServiceMetrics } from '../../src/ops/certservice-metrics.js';
import { createRegistry } from '../../src/ops/metrics.js';
import { systemClock } from '../../src/runtime/clock.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { systemRandom } from '../../src/runtime/random.js';
import {
  type CertServiceStandIn,
  createTlsMaterial,
  startCertServiceStandIn,
  type TlsClient,
} from '../../src/sandbox/certservice/index.js';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/index.js';
import { type Answer, base64, type Callee, call, fixture, makeCsr } from '../support/certservice-caller.js';

/** One CertService before the sandbox CA, and a client that it lets in. */
interface Party {
  readonly callee: Callee;
  readonly client: TlsClient;
}

const CSR = fixture('rsa2048.csr');
const KEY = fixture('rsa2048.key');
const OTHER_KEY = fixture('rsa4096.key');
const SUBJECT = '/C=DE/O=CMP Lab/CN=web.example.com';
const SAN = 'DNS:web.example.com,IP:192.0.2.10';

let ca: SandboxCa;
let standIn: CertServiceStandIn;
/** The stand-in for ONAP’s, and ours. They share nothing above the readers of DER and the CA. */
let onap: Party;
let ours: Party;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ca = await startSandboxCa({ behaviour: { caPubs: 'allRoots' } });
  standIn = await startCertServiceStandIn({ ca });
  onap = { callee: standIn, client: await standIn.issueTlsClient('client') };
  const tls = await createTlsMaterial('client');
  const entry = {
    caName: 'RA',
    url: `${ca.url}/pkix/`,
    issuerDN: ca.caName,
    authentication: { iak: ca.credentials.secret, rv: ca.credentials.reference },
    trust: { pem: ca.roots.join('') },
  };
  const readText = (path: string): string => {
    throw new Error(`nothing names the file ${path}`);
  };
  const service = await startCertService({
    host: '127.0.0.1',
    port: 0,
    loadTls: () => ({ keyPem: tls.server.keyPem, certificatesPem: tls.server.certificatePem, clientCasPem: tls.caPem }),
    loadServers: () =>
      parseCmpServers(JSON.stringify({ cmpv2Servers: [entry] }), { protection: STANDARD_PROTECTION, readText }),
    metrics: createCertServiceMetrics(createRegistry()),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  ours = { callee: { url: `https://127.0.0.1:${service.port}`, serverCaPem: tls.caPem }, client: tls.client };
  closers.push(
    () => service.close(0),
    () => standIn.close(),
    () => ca.close(),
  );
});
afterAll(async () => {
  for (const close of closers) await close();
});

type Headers = Readonly<Record<string, string>>;

const ask = ({ callee, client }: Party, path: string, headers: Headers = {}, method = 'GET'): Promise<Answer> =>
  call(callee, path, { client, headers, method });

const pem = (text: string): X509Certificate => new X509Certificate(text);

interface Lists {
  readonly certificateChain: readonly string[];
  readonly trustedCertificates: readonly string[];
}

/** What a caller can tell apart, without what differs from one request to the next. */
function essence({ status, headers, text }: Answer): unknown {
  if (text === '') return { status };
  const json: Readonly<Record<string, unknown>> = JSON.parse(text);
  const contentType = headers['content-type']?.split(';')[0];
  if (status !== 200 || !('certificateChain' in json)) {
    const { timestamp, errorMessage, ...rest } = json;
    // What stands behind the colon comes from the CMP client or the CA.
    const said = typeof errorMessage === 'string' ? { errorMessage: errorMessage.split(': ')[0] } : {};
    return { status, contentType, ...rest, ...said, hasTimestamp: timestamp !== undefined };
  }
  const { certificateChain, trustedCertificates } = json as unknown as Lists;
  const [leaf = '', ...issuers] = certificateChain;
  return {
    status,
    contentType,
    names: Object.keys(json),
    // Usages and the order of names are the CSR's own with us; ONAP's service has a way of its own with them.
    leaf: [pem(leaf).subject, pem(leaf).subjectAltName?.split(', ').sort()],
    issuers,
    trusted: [...trustedCertificates].sort(),
  };
}

async function bothSay(path: string, headers?: Headers, method?: string): Promise<unknown> {
  const [theirs, own] = [await ask(onap, path, headers, method), await ask(ours, path, headers, method)];
  expect(essence(own)).toEqual(essence(theirs));
  return essence(own);
}

const FIRST = '/v1/certificate/RA';
const UPDATE = '/v1/certificate-update/RA';
const firstHeaders = (csr = CSR, key = KEY): Headers => ({ CSR: base64(csr), PK: base64(key) });

describe('our CertService answers as ONAP’s', () => {
  it.each<[string, string, Headers]>([
    ['a first certificate', FIRST, firstHeaders()],
    ['one without alternative names', FIRST, firstHeaders(makeCsr(SUBJECT))],
    ['a slash at the end', `${FIRST}/`, firstHeaders()],
    ['header names in another case', FIRST, { csr: base64(CSR), Pk: base64(KEY) }],
    ['base64 without padding', FIRST, { CSR: base64(CSR).replace(/=+$/, ''), PK: base64(KEY) }],
    ['an unknown CA', '/v1/certificate/unknown', firstHeaders()],
    ['the name of the CA in another case', '/v1/certificate/ra', firstHeaders()],
    ['a bad CSR for an unknown CA', '/v1/certificate/unknown', firstHeaders('nothing')],
    ['no CA', '/v1/certificate/', firstHeaders()],
    ['no CA and no slash', '/v1/certificate', firstHeaders()],
    ['a path too long', `${FIRST}/more`, firstHeaders()],
    ['no headers', FIRST, {}],
    ['no PK', FIRST, { CSR: base64(CSR) }],
    ['no CSR', FIRST, { PK: base64(KEY) }],
    ['empty headers', FIRST, { CSR: '', PK: '' }],
    ['a CSR that is no base64', FIRST, { CSR: '%%', PK: base64(KEY) }],
    ['a CSR in base64 with blanks', FIRST, { CSR: base64(CSR).replace(/^.{64}/, '$& '), PK: base64(KEY) }],
    ['a CSR that is no PEM', FIRST, firstHeaders('nothing')],
    ['a CSR cut short', FIRST, firstHeaders(fixture('bad-truncated.csr'))],
    ['a key in place of the CSR', FIRST, firstHeaders(KEY)],
    ['a PK that is no PEM', FIRST, firstHeaders(CSR, 'nothing')],
    ['a CSR in place of the PK', FIRST, firstHeaders(CSR, CSR)],
    ['readiness', '/ready', {}],
    ['a reload', '/reload', {}],
    ['health', '/actuator/health', {}],
    ['an unknown path', '/elsewhere', {}],
  ])('%s', async (_name, path, headers) => {
    await bothSay(path, headers);
  });

  it.each([FIRST, '/ready', '/elsewhere'])('POST %s', async (path) => {
    await bothSay(path, firstHeaders(), 'POST');
  });
});

describe('our CertService updates as ONAP’s', () => {
  let old: Headers;
  beforeAll(async () => {
    // By ours: only what was asked for over CMP does the CA update over CMP.
    const answer = await ask(ours, FIRST, firstHeaders(makeCsr(SUBJECT, SAN)));
    const { certificateChain }: Lists = JSON.parse(answer.text);
    old = { OLD_CERT: base64(certificateChain.join('')), OLD_PK: base64(KEY) };
  });

  it.each<[string, () => Headers]>([
    ['the same data', () => firstHeaders(makeCsr(SUBJECT, SAN))],
    ['RDNs in another order', () => firstHeaders(makeCsr('/CN=web.example.com/O=CMP Lab/C=DE', SAN))],
    ['names in another order', () => firstHeaders(makeCsr(SUBJECT, 'IP:192.0.2.10,DNS:web.example.com'))],
    ['another subject', () => firstHeaders(makeCsr('/CN=new.example.com', SAN))],
    ['other names', () => firstHeaders(makeCsr(SUBJECT, 'DNS:new.example.com'))],
  ])('chooses the same body: %s', async (_name, headers) => {
    const found = await bothSay(UPDATE, { ...headers(), ...old });
    expect(found).toMatchObject({ status: 200 });
    expect(ca.ledger.certificates.at(-1)?.body).toBe(standIn.journal.last?.enrolment?.body);
  });

  it.each<[string, () => Headers]>([
    ['no OLD_CERT', () => ({ OLD_PK: old['OLD_PK'] ?? '' })],
    ['no OLD_PK', () => ({ OLD_CERT: old['OLD_CERT'] ?? '' })],
    ['neither', () => ({})],
    ['an OLD_CERT that is none', () => ({ ...old, OLD_CERT: base64(CSR) })],
    ['an OLD_PK that is none', () => ({ ...old, OLD_PK: base64('nothing') })],
    ['a bad CSR and a bad OLD_CERT', () => ({ ...old, OLD_CERT: 'x', CSR: 'x' })],
    ['a bad PK and a bad OLD_CERT', () => ({ ...old, OLD_CERT: 'x', PK: 'x' })],
  ])('refuses with the same words: %s', async (_name, headers) => {
    const found = await bothSay(UPDATE, { ...firstHeaders(makeCsr(SUBJECT, SAN)), ...headers() });
    expect(found).toMatchObject({ status: 400 });
  });

  it('an OLD_PK that is not the key of OLD_CERT ends in no certificate at either', async () => {
    const headers = { ...firstHeaders(makeCsr(SUBJECT, SAN)), ...old, OLD_PK: base64(OTHER_KEY) };
    expect((await ask(onap, UPDATE, headers)).status).toBe(500);
    expect((await ask(ours, UPDATE, headers)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('where ours goes further on purpose', () => {
  it.each<[string, () => readonly [string, Headers], number, number]>([
    ['keys other than RSA', () => [FIRST, firstHeaders(fixture('p256.csr'), fixture('p256.key'))], 400, 200],
    [
      'usages without alternative names',
      () => [FIRST, firstHeaders(makeCsr(SUBJECT, undefined, '-addext', 'keyUsage=digitalSignature'))],
      500,
      200,
    ],
    ['a PK that is not of the CSR, told before the CA is asked', () => [FIRST, firstHeaders(CSR, OTHER_KEY)], 500, 400],
    ['headers above 16384 octets', () => [FIRST, { ...firstHeaders(), Padding: 'x'.repeat(16_384) }], 400, 200],
  ])('%s', async (_name, request, theirs, own) => {
    const [path, headers] = request();
    expect((await ask(onap, path, headers)).status).toBe(theirs);
    expect((await ask(ours, path, headers)).status).toBe(own);
  });
});
