import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Certificate } from '../../../../src/pki/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import {
  type CertServiceBehaviour,
  type CertServiceStandIn,
  LIST_FAULTS,
  startCertServiceStandIn,
  type TlsClient,
} from '../../../../src/sandbox/certservice/index.js';
import { base64, call, fixture, jsonOf } from '../../../support/certservice-caller.js';
import { ManualClock } from '../../../support/manual-clock.js';

const KEY = fixture('rsa2048.key');
const headers = { CSR: base64(fixture('rsa2048.csr')), PK: base64(KEY) };

let ca: SandboxCa;
let standIn: CertServiceStandIn;
let client: TlsClient;
const clock = new ManualClock(new Date('2026-06-01T12:00:00Z'));

beforeAll(async () => {
  ca = await startSandboxCa({ clock });
  standIn = await startCertServiceStandIn({ ca, clock });
  client = await standIn.issueTlsClient('provider');
});
afterEach(() => {
  standIn.state.selector = undefined;
});
afterAll(async () => {
  await standIn.close();
  await ca.close();
});

const RIGHT = () => ({
  certificateChain: [
    expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/),
    ca.chainPem,
  ],
  trustedCertificates: [ca.roots[1], ca.rootPem],
});
const ask = (behaviour: CertServiceBehaviour, options: { readonly signal?: AbortSignal } = {}) => {
  standIn.setBehaviour('FAULT', behaviour);
  return call(standIn, '/v1/certificate/FAULT', { client, headers, ...options });
};
const lists = async (behaviour: CertServiceBehaviour) =>
  jsonOf(await ask(behaviour)) as { certificateChain: string[]; trustedCertificates: string[] };
const leafOf = async (behaviour: CertServiceBehaviour) =>
  new X509Certificate((await lists(behaviour)).certificateChain[0] ?? '');

it.each(LIST_FAULTS)('spoils the lists and nothing else: %s', async (fault) => {
  const spoilt = await ask({ lists: fault });
  expect(spoilt.status).toBe(200);
  expect(spoilt.headers['content-type']).toBe('application/json');
  expect(jsonOf(spoilt)).not.toEqual(RIGHT());
});

it('leaves them alone otherwise', async () => expect(await lists({})).toEqual(RIGHT()));

it('certifies another key, under another issuer, for another time or name, or a CA', async () => {
  const issuing = new X509Certificate(ca.chainPem);
  const now = clock.now();
  expect((await leafOf({ leaf: 'wrongKey' })).checkPrivateKey(createPrivateKey(KEY))).toBe(false);
  expect((await leafOf({ leaf: 'untrustedIssuer' })).verify(issuing.publicKey)).toBe(false);
  expect(new Date((await leafOf({ leaf: 'expired' })).validTo) < now).toBe(true);
  expect((await leafOf({ leaf: 'wrongSubject' })).subject).not.toContain('web.example.com');
  const { raw } = await leafOf({ leaf: 'certificateAuthority' });
  expect(Certificate.parse(raw).extensions.basicConstraints).toEqual({ ca: true });
});

it('sends other certificates beside the root', async () => {
  const trusted = async (unrelated: 'none' | 'intermediate') => (await lists({ unrelated })).trustedCertificates;
  expect(await trusted('none')).toEqual([ca.rootPem]);
  const [intermediate = '', root] = await trusted('intermediate');
  expect(new X509Certificate(intermediate).issuer).toBe('CN=Other Root');
  expect(root).toBe(ca.rootPem);
});

it.each<[string, CertServiceBehaviour, number, string, string]>([
  [
    'no by the CA',
    { cmpError: 'badPOP' },
    500,
    'application/json',
    '{"errorMessage":"CMPv2 server returned following error: badPOP"}',
  ],
  [
    'a failed CMP client',
    { cmpClientError: 'refused' },
    500,
    'application/json',
    '{"errorMessage":"Exception occurred during call to cmp client: refused"}',
  ],
  [
    "Spring's default body",
    { answer: { type: 'status', status: 500, body: 'spring' } },
    500,
    'application/json',
    '"Internal Server Error"',
  ],
  [
    '503 of a proxy',
    { answer: { type: 'status', status: 503, body: 'html' } },
    503,
    'text/html;charset=utf-8',
    '<!doctype html>',
  ],
  [
    'a message of another status',
    { answer: { type: 'status', status: 429, body: { errorMessage: 'slow down' } } },
    429,
    'application/json',
    'slow down',
  ],
  [
    'a page instead of JSON',
    { answer: { type: 'text', contentType: 'text/html', text: '<p>Sign in' } },
    200,
    'text/html',
    '<p>Sign in',
  ],
])('answers %s', async (_name, behaviour, status, contentType, text) => {
  const answer = await ask(behaviour);
  expect([answer.status, answer.headers['content-type']]).toEqual([status, contentType]);
  expect(answer.text).toContain(text);
});

it('says when to come back, and where to go instead', async () => {
  const busy = await ask({ answer: { type: 'status', status: 503, body: 'none', retryAfterSeconds: 7 } });
  expect([busy.headers['retry-after'], busy.text]).toEqual(['7', '']);
  const moved = await ask({ answer: { type: 'redirect', status: 302, location: 'https://elsewhere/' } });
  expect([moved.status, moved.headers.location]).toEqual([302, 'https://elsewhere/']);
});

it.each([true, false])('sends more than anybody wants, its length declared: %s', async (declared) => {
  const answer = await ask({ answer: { type: 'oversized', octets: 300_000, declared } });
  expect([answer.text.length, answer.headers['content-length']]).toEqual([300_000, declared ? '300000' : undefined]);
});

it.each(['reset', 'truncated'] as const)('cuts the connection: %s', (type) =>
  expect(ask({ answer: { type } })).rejects.toThrow(),
);

it('never answers', async () => {
  const giveUp = new AbortController();
  const asked = ask({ answer: { type: 'silence' } }, { signal: giveUp.signal });
  const count = standIn.journal.entries.length;
  while (standIn.journal.entries.length === count) await new Promise(setImmediate);
  giveUp.abort();
  await expect(asked).rejects.toThrow();
  expect(standIn.journal.last).toMatchObject({ status: 0, enrolment: { pkMatchesCsr: true } });
});

it('answers late', async () => {
  const asked = ask({ delayMilliseconds: 60_000 });
  while (clock.sleeping === 0) await new Promise(setImmediate);
  await clock.advance(60_000);
  expect((await asked).status).toBe(200);
});

it('lets a selector choose by endpoint, name and count', async () => {
  const seen: unknown[] = [];
  standIn.state.selector = (facts) => {
    seen.push(facts);
    return facts.before === seen.length ? undefined : { cmpError: 'once' };
  };
  expect((await ask({})).status).toBe(500);
  expect(seen).toEqual([
    { endpoint: 'certificate', caName: 'FAULT', commonName: 'web.example.com', before: expect.any(Number) },
  ]);
});

it('refuses updates alone, so that a first request still works', async () => {
  const { certificateChain } = await lists({});
  standIn.setBehaviour('FAULT', { updateRefused: 'the old certificate has expired' });
  const old = { OLD_CERT: base64(certificateChain.join('')), OLD_PK: base64(KEY) };
  const update = await call(standIn, '/v1/certificate-update/FAULT', { client, headers: { ...headers, ...old } });
  expect(update.text).toBe('{"errorMessage":"CMPv2 server returned following error: the old certificate has expired"}');
  expect((await call(standIn, '/v1/certificate/FAULT', { client, headers })).status).toBe(200);
});
