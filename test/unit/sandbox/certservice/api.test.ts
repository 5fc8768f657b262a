import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Certificate, decodePem, encodePem } from '../../../../src/pki/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import {
  type CertServiceStandIn,
  startCertServiceStandIn,
  type TlsClient,
} from '../../../../src/sandbox/certservice/index.js';
import { type Answer, base64, type Call, call, fixture, jsonOf, makeCsr } from '../../../support/certservice-caller.js';
import { ManualClock } from '../../../support/manual-clock.js';

const NOW = new Date('2026-06-01T12:00:00Z');
const CSR = fixture('rsa2048.csr');
const KEY = fixture('rsa2048.key');
const PKCS1 = createPrivateKey(KEY).export({ format: 'pem', type: 'pkcs1' }).toString();
const OTHER_KEY = fixture('rsa4096.key');
const SUBJECT = '/C=DE/O=CMP Lab/CN=web.example.com';
const SAN = 'DNS:web.example.com,IP:192.0.2.10';

const BAD_CSR = [400, { errorMessage: 'Wrong certificate signing request (CSR) format' }];
const BAD_KEY = [400, { errorMessage: 'Wrong key (PK) format' }];
const BAD_CERTIFICATE = [400, { errorMessage: 'Wrong certificate format' }];
const NO_CA = [404, { errorMessage: 'Certification authority not found for given CAName' }];

let ca: SandboxCa;
let standIn: CertServiceStandIn;
let client: TlsClient;
let clock: ManualClock;

beforeAll(async () => {
  clock = new ManualClock(NOW);
  ca = await startSandboxCa({ clock });
  standIn = await startCertServiceStandIn({ ca, clock, caNames: { RA: {}, 'under_score.name': {} } });
  client = await standIn.issueTlsClient('provider');
});

afterAll(async () => {
  await standIn.close();
  await ca.close();
});

beforeEach(() => {
  Object.assign(standIn.state, { health: 'UP', ready: true, reloadError: undefined });
});

const get = (path: string, options: Call = {}): Promise<Answer> => call(standIn, path, { client, ...options });
const brief = (answer: Answer) => [answer.status, jsonOf(answer)];

interface Material {
  csr?: string;
  pk?: string;
  oldCert?: string;
  oldPk?: string;
}

const headersOf = ({ csr = CSR, pk = KEY, oldCert, oldPk }: Material): Record<string, string> => ({
  CSR: base64(csr),
  PK: base64(pk),
  ...(oldCert === undefined ? {} : { OLD_CERT: base64(oldCert) }),
  ...(oldPk === undefined ? {} : { OLD_PK: base64(oldPk) }),
});

const enrol = (material: Material = {}, caName = 'RA') =>
  get(`/v1/certificate/${caName}`, { headers: headersOf(material) });
const update = (material: Material, caName = 'RA') =>
  get(`/v1/certificate-update/${caName}`, { headers: headersOf(material) });

interface Lists {
  readonly certificateChain: readonly string[];
  readonly trustedCertificates: readonly string[];
}
const listsOf = (answer: Answer): Lists => jsonOf(answer) as Lists;
const first = (list: readonly string[]): X509Certificate => new X509Certificate(list[0] ?? '');

describe('a first certificate', () => {
  it('comes as leaf and issuing CA, each one PEM text with a final newline; the root and what else the CA sent are trusted', async () => {
    const answer = await enrol();
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    const { certificateChain, trustedCertificates } = listsOf(answer);
    expect(certificateChain).toEqual([expect.any(String), ca.chainPem]);
    expect([...trustedCertificates].sort()).toEqual([...ca.roots].sort());
    for (const pem of [...certificateChain, ...trustedCertificates]) {
      expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+\n-----END CERTIFICATE-----\n$/);
    }
    const leaf = first(certificateChain);
    expect(leaf.checkPrivateKey(createPrivateKey(KEY))).toBe(true);
    expect(leaf.verify(new X509Certificate(ca.chainPem).publicKey)).toBe(true);
  });

  it('has the same usages whatever the CSR asks for, and its names in another order', async () => {
    const csr = makeCsr(SUBJECT, 'IP:192.0.2.10,DNS:web.example.com', '-addext', 'extendedKeyUsage=codeSigning');
    const { certificateChain } = listsOf(await enrol({ csr }));
    const { extensions } = Certificate.parse(first(certificateChain).raw);
    expect([...(extensions.keyUsage ?? [])].sort()).toEqual([
      'contentCommitment',
      'digitalSignature',
      'keyEncipherment',
    ]);
    expect(extensions.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    expect(extensions.subjectAltNames.map(({ type }) => type)).toEqual(['dns', 'ip']);
  });

  it.each([
    ['PK in PKCS#1', { pk: PKCS1 }],
    [
      'PK in PKCS#8 under the label of PKCS#1, as the old client sends it',
      { pk: KEY.replaceAll('PRIVATE', 'RSA PRIVATE') },
    ],
    ['any label around the CSR', { csr: CSR.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST') }],
    ['text before and after the PEM object', { csr: `Subject: web\n${CSR}more\n` }],
    ['lines that end in CR LF', { csr: CSR.replaceAll('\n', '\r\n') }],
    ['no attributes in the CSR at all', { csr: makeCsr(SUBJECT) }],
  ])('takes %s', async (_name, material) => expect((await enrol(material)).status).toBe(200));

  it('takes base64 without padding, and no other alphabet and no line breaks', async () => {
    const withPadding = [CSR, `${CSR}\n`, `${CSR}\n\n`].map(base64).find((text) => text.endsWith('=')) ?? '';
    expect(withPadding).toMatch(/=$/);
    const ask = (encoded: string) => get('/v1/certificate/RA', { headers: { CSR: encoded, PK: base64(KEY) } });
    expect((await ask(withPadding.replaceAll('=', ''))).status).toBe(200);
    for (const bad of [`${withPadding.slice(0, 76)} ${withPadding.slice(76)}`, `${withPadding}=`, `_${withPadding}`]) {
      expect(brief(await ask(bad))).toEqual(BAD_CSR);
    }
  });

  it.each<[string, Material, unknown[]]>([
    ['a CSR that is no PEM', { csr: 'nothing' }, BAD_CSR],
    ['an empty CSR', { csr: '' }, BAD_CSR],
    ['a CSR cut short', { csr: fixture('bad-truncated.csr') }, BAD_CSR],
    ['a certificate in place of the CSR', { csr: fixture('bad-certificate.csr') }, BAD_CSR],
    ['PEM around something else', { csr: KEY }, BAD_CSR],
    ['a CSR for an EC key', { csr: fixture('p256.csr'), pk: fixture('p256.key') }, BAD_KEY],
    ['a PK that is no PEM', { pk: 'nothing' }, BAD_KEY],
    ['an EC key as PK', { pk: fixture('p256.key') }, BAD_KEY],
    ['the CSR as PK', { pk: CSR }, BAD_KEY],
    ['bad CSR and bad PK', { csr: 'nothing', pk: 'nothing' }, BAD_CSR],
  ])('is refused: %s', async (_name, material, expected) => {
    expect(brief(await enrol(material))).toEqual(expected);
    expect(brief(await enrol(material, 'unknown'))).toEqual(expected);
  });

  it('is refused by the CA, not by CertService, when PK is not the key of the CSR', async () => {
    const answer = await enrol({ pk: OTHER_KEY });
    expect(brief(answer)).toEqual([
      500,
      { errorMessage: 'CMPv2 server returned following error: the proof of possession does not verify' },
    ]);
    expect(standIn.journal.last).toMatchObject({ status: 500, enrolment: { body: 'ir', pkMatchesCsr: false } });
    expect(standIn.journal.last?.enrolment).not.toHaveProperty('serial');
  });

  it("is lost in Spring's default body when extensions are asked for, but no alternative names", async () => {
    const csr = makeCsr(SUBJECT, undefined, '-addext', 'keyUsage=digitalSignature');
    const answer = await enrol({ csr });
    expect(brief(answer)).toEqual([
      500,
      {
        timestamp: '2026-06-01T12:00:00.000+00:00',
        status: 500,
        error: 'Internal Server Error',
        path: '/v1/certificate/RA',
      },
    ]);
  });

  it('comes even if the signature of the CSR does not verify', async () => {
    const [der = new Uint8Array()] = decodePem(CSR);
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    expect((await enrol({ csr: encodePem('CERTIFICATE REQUEST', der) })).status).toBe(200);
  });
});

describe('the name of the CA', () => {
  it.each(['unknown', 'ra', 'Ra', 'RA%20', '__proto__'])('is told apart exactly: %s', async (caName) =>
    expect(brief(await enrol({}, caName))).toEqual(NO_CA),
  );

  it.each(['RA', 'RA/', '%52A', 'RA?query', 'under%0Ascore.name', 'under%09score.name'])(
    'is found: %s',
    async (caName) => expect((await enrol({}, caName)).status).toBe(200),
  );

  it.each(['', '/', '/RA/more'])('a path without it, or with more, is unknown: "%s"', async (rest) => {
    const answer = await get(`/v1/certificate${rest}`, { headers: headersOf({}) });
    expect(brief(answer)).toEqual([
      404,
      { timestamp: expect.any(String), status: 404, error: 'Not Found', path: `/v1/certificate${rest}` },
    ]);
  });

  it.each(['RA%2Fmore', 'R%A'])('a path that Tomcat does not take: %s', async (caName) => {
    const answer = await enrol({}, caName);
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/html;charset=utf-8']);
  });
});

describe('a certificate in place of an old one', () => {
  const CSR_OF_SUBJECT = () => makeCsr(SUBJECT, SAN);
  let oldCert: string;
  beforeAll(async () => {
    oldCert = listsOf(await enrol({ csr: CSR_OF_SUBJECT() })).certificateChain.join('');
  });

  it.each<[string, string, string, string]>([
    ['kur', 'the same subject and names', SUBJECT, SAN],
    ['kur', 'RDNs in another order', '/CN=web.example.com/O=CMP Lab/C=DE', SAN],
    ['kur', 'names in another order', SUBJECT, 'IP:192.0.2.10,DNS:web.example.com'],
    ['kur', 'other case and blanks in the subject', '/C=de/O=cmp  lab/CN=WEB.example.com', SAN],
    ['cr', 'another subject', '/C=DE/O=CMP Lab/CN=new.example.com', SAN],
    ['cr', 'a name more', SUBJECT, `${SAN},DNS:new.example.com`],
    ['cr', 'a name less', SUBJECT, 'DNS:web.example.com'],
  ])('asks with %s: %s', async (body, _name, subject, san) => {
    const answer = await update({ csr: makeCsr(subject, san), oldCert, oldPk: KEY });
    expect(answer.status).toBe(200);
    expect(standIn.journal.last).toMatchObject({
      path: '/v1/certificate-update/RA',
      client: 'provider',
      headers: ['csr', 'pk', 'old_cert', 'old_pk'],
      enrolment: { body, pkMatchesCsr: true, oldPkMatchesOldCert: true, oldCertificates: 2 },
    });
  });

  it.each<[string, (old: string) => Material, unknown[]]>([
    ['an OLD_CERT with CR LF', (old) => ({ oldCert: old.replaceAll('\n', '\r\n'), oldPk: KEY }), BAD_CERTIFICATE],
    [
      'an OLD_CERT without final newline',
      (old) => ({ oldCert: old.split('\n-----BEGIN')[0] ?? '', oldPk: KEY }),
      BAD_CERTIFICATE,
    ],
    [
      'an OLD_CERT under another label',
      (old) => ({ oldCert: old.replaceAll(' CERTIFICATE', ' X509'), oldPk: KEY }),
      BAD_CERTIFICATE,
    ],
    ['an OLD_CERT that is none', () => ({ oldCert: CSR, oldPk: KEY }), BAD_CERTIFICATE],
    ['an OLD_PK that is none', (old) => ({ oldCert: old, oldPk: 'nothing' }), BAD_CERTIFICATE],
    ['all four', () => ({ csr: 'a', pk: 'b', oldCert: 'c', oldPk: 'd' }), BAD_CSR],
    ['all but the CSR', () => ({ pk: 'b', oldCert: 'c', oldPk: 'd' }), BAD_KEY],
  ])('is refused whatever the CA: %s', async (_name, material, expected) => {
    const found = material(oldCert);
    expect(brief(await update(found))).toEqual(expected);
    expect(brief(await update(found, 'unknown'))).toEqual(expected);
  });

  it('is refused by the CA when OLD_PK is not the key of OLD_CERT; a cr does not need it', async () => {
    const wrong = { oldCert, oldPk: OTHER_KEY };
    const refused = await update({ csr: CSR_OF_SUBJECT(), ...wrong });
    expect(brief(refused)).toEqual([
      500,
      { errorMessage: 'CMPv2 server returned following error: the signature of the request does not verify' },
    ]);
    expect((await update({ csr: makeCsr('/CN=new'), ...wrong })).status).toBe(200);
  });

  it.each([
    ['has ended', 91, /the certificate that signed the request is not valid now/],
    ['is not its own', 0, /the certificate that signed the request leads to no trusted root/],
  ])('is refused by the CA when the old one %s', async (_name, days, message) => {
    const otherClock = new ManualClock(NOW);
    const otherCa = await startSandboxCa({ clock: otherClock });
    const other = await startCertServiceStandIn({ ca: otherCa, clock: otherClock });
    try {
      const caller = await other.issueTlsClient('provider');
      const headers = headersOf({ csr: CSR_OF_SUBJECT() });
      const found = listsOf(await call(other, '/v1/certificate/RA', { client: caller, headers }));
      await otherClock.advance(days * 86_400_000);
      const old = { OLD_CERT: base64(found.certificateChain.join('')), OLD_PK: base64(KEY) };
      const [where, as] = days > 0 ? ([other, caller] as const) : ([standIn, client] as const);
      const refused = await call(where, '/v1/certificate-update/RA', { client: as, headers: { ...headers, ...old } });
      expect([refused.status, refused.text]).toEqual([500, expect.stringMatching(message)]);
      expect(refused.text).toContain('CMPv2 server returned following error: ');
    } finally {
      await other.close();
      await otherCa.close();
    }
  });

  it.each(['CSR', 'PK', 'OLD_CERT', 'OLD_PK'])('needs the header %s, if only an empty one', async (name) => {
    const headers = headersOf({ csr: CSR_OF_SUBJECT(), oldCert, oldPk: KEY });
    delete headers[name];
    const answer = await get('/v1/certificate-update/RA', { headers });
    expect(brief(answer)).toEqual([400, expect.objectContaining({ status: 400, error: 'Bad Request' })]);
    expect(answer.text).not.toContain('errorMessage');
    const withEmpty = await get('/v1/certificate-update/RA', { headers: { ...headers, [name]: '' } });
    expect([withEmpty.status, withEmpty.text]).toEqual([400, expect.stringContaining('errorMessage')]);
  });
});

describe('the limit for all headers', () => {
  it.each([
    [16_384, 200],
    [16_385, 400],
    [60_000, 400],
    [100_000, 400],
  ])('%i octets: %i', async (octets, status) => {
    const headers = { Host: 'oom-cert-service', Connection: 'close', ...headersOf({}), Padding: '' };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const used = 'GET /v1/certificate/RA HTTP/1.1\r\n\r\n'.length + lines.join('').length;
    const answer = await get('/v1/certificate/RA', { headers: { ...headers, Padding: 'x'.repeat(octets - used) } });
    expect(answer.status).toBe(status);
    expect(standIn.journal.last?.headerOctets).toBe(octets);
    if (status === 400) expect(answer.text).not.toContain('errorMessage');
  });
});

describe('what is not about certificates', () => {
  it.each<[string, number, string]>([
    ['UP', 200, '{"status":"UP"}'],
    ['DOWN', 503, '{"status":"DOWN"}'],
  ] as const)('health %s', async (health, status, text) => {
    Object.assign(standIn.state, { health });
    const answer = await get('/actuator/health');
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it('health is missing', async () => {
    standIn.state.health = 'missing';
    expect((await get('/actuator/health')).status).toBe(404);
  });

  it('a failed reload says why in bare text and makes it unready, yet the old configuration goes on serving', async () => {
    expect(await get('/ready')).toMatchObject({ status: 200, text: '' });
    standIn.state.reloadError = 'Exception occurred during CMP Servers configuration loading';
    expect(await get('/reload')).toMatchObject({
      status: 500,
      text: 'Exception occurred during CMP Servers configuration loading',
      headers: { 'content-type': 'application/json' },
    });
    expect(await get('/ready')).toMatchObject({ status: 503, text: '' });
    expect((await enrol()).status).toBe(200);
    standIn.state.reloadError = undefined;
    expect(await get('/reload')).toMatchObject({ status: 200, text: '' });
    expect((await get('/ready')).status).toBe(200);
  });

  it('has documentation, and nothing elsewhere', async () => {
    expect((await get('/docs')).headers['content-type']).toMatch(/^text\/html/);
    expect(brief(await get('/elsewhere'))).toEqual([404, expect.objectContaining({ path: '/elsewhere' })]);
  });

  it.each(['/v1/certificate/RA', '/ready'])('knows GET alone: %s', async (path) => {
    const answer = await get(path, { method: 'POST' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
  });
});

describe('TLS', () => {
  const PATHS = ['/v1/certificate/RA', '/ready', '/reload', '/actuator/health', '/docs'];

  it.each(PATHS)('demands a client certificate: %s', async (path) => {
    const before = standIn.journal.entries.length;
    await expect(call(standIn, path)).rejects.toThrow();
    expect(standIn.journal.entries).toHaveLength(before);
  });

  it.each(['expired', 'unknown'] as const)('refuses a client certificate that is %s', async (kind) => {
    const bad = await standIn.issueTlsClient('provider', kind);
    await expect(call(standIn, '/ready', { client: bad })).rejects.toThrow();
  });

  it('changes its certificate while it runs, under the same CA or another', async () => {
    const before = standIn.serverCaPem;
    await standIn.rotateTls();
    expect(standIn.serverCaPem).toBe(before);
    expect((await get('/ready')).status).toBe(200);
    await standIn.rotateTls({ newCa: true });
    expect(standIn.serverCaPem).not.toBe(before);
    expect((await get('/ready')).status).toBe(200);
  });
});

it('the journal counts requests by path and holds no header', async () => {
  const { [`/v1/certificate/RA`]: before = 0 } = standIn.journal.counts;
  await enrol();
  expect(standIn.journal.counts['/v1/certificate/RA']).toBe(before + 1);
  expect(standIn.journal.withCommonName('web.example.com').at(-1)).toBe(standIn.journal.last);
  const text = JSON.stringify(standIn.journal.entries);
  for (const secret of [base64(KEY), base64(CSR), 'PRIVATE KEY']) expect(text).not.toContain(secret);
});
