import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Certificate, decodePem, generalNameKey, pemBlocks } from '../../src/pki/index.js';
import type { SandboxCa } from '../../src/sandbox/index.js';
import {
  base64,
  CertServiceServer,
  headersOf,
  type Material,
  material,
  onapEntry,
  type Reply,
  updateHeadersOf,
} from '../support/certservice-server.js';
import { weakCsr } from '../support/weak-csr.js';

/** A port where nobody listens. */
const NOBODY = 'http://127.0.0.1:9';
const ONE_SECOND = { connectTimeoutSeconds: 1, requestTimeoutSeconds: 1, enrollmentTimeoutSeconds: 2 };

const servers = (ca: SandboxCa) => {
  const trust = { file: 'root.pem' };
  const entry = (caName: string, path: string, more: object = {}) => ({
    ...onapEntry(ca, caName, path),
    trust,
    ...more,
  });
  return [
    entry('RA', '/cmp/two-roots', { trust: { pem: ca.roots.join('') } }),
    onapEntry(ca, 'ONAP', '/cmp/two-roots'),
    onapEntry(ca, 'ONAP_WITHOUT_ROOT', '/pkix/'),
    onapEntry(ca, 'ONAP_SIGNED', '/cmp/signature+two-roots'),
    entry('SIGNED', '/cmp/signature+two-roots'),
    entry('EXPLICIT', '/pkix/', { confirmation: 'Explicit' }),
    entry('NO_IMPLICIT', '/cmp/no-implicit-confirm'),
    entry('SHA1', '/pkix/', { protection: { owf: 'SHA1', mac: 'HMAC-SHA1' } }),
    entry('POLL', '/cmp/poll'),
    entry('REJECTS', '/cmp/reject-bad-request'),
    entry('ERROR', '/cmp/error'),
    entry('ERROR_UNPROTECTED', '/cmp/error-unprotected'),
    entry('GARBAGE', '/cmp/http-html'),
    entry('SILENT', '/cmp/http-silence', { limits: ONE_SECOND }),
    entry('FOREVER', '/cmp/poll-for-ever', { limits: ONE_SECOND }),
    entry('WRONG_KEY', '/cmp/certificate-wrong-key'),
    entry('WRONG_SUBJECT', '/cmp/certificate-wrong-subject'),
    entry('UNTRUSTED', '/cmp/certificate-untrusted-issuer'),
    entry('BAD_MAC', '/cmp/message-bad-protection'),
    { ...entry('WRONG_SECRET', '/pkix/'), authentication: { iak: 'not the secret', rv: ca.credentials.reference } },
    { ...entry('NOBODY', '/'), url: `${NOBODY}/cmp` },
    entry('SLOW', '/cmp/slow'),
  ];
};

let server: CertServiceServer;
beforeAll(async () => {
  server = await CertServiceServer.start(servers);
});
afterAll(() => server.stop());

const certificates = (reply: Reply, field: 'certificateChain' | 'trustedCertificates'): Certificate[] =>
  ((reply.json?.[field] ?? []) as string[]).flatMap((pem) => {
    // One PEM object each, LF, trailing newline.
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n$/);
    return decodePem(pem, 'CERTIFICATE').map((der) => Certificate.parse(der));
  });

const enrol = async (caName: string, wanted: Material) =>
  server.get(`/v1/certificate/${caName}`, { headers: headersOf(wanted) });

const springBody = (status: number, error: string, path: string) => ({
  timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/),
  status,
  error,
  path,
});

const TWO_ROOTS = ['CN=Sandbox Root,O=CMP Sandbox', 'CN=Sandbox Second Root,O=CMP Sandbox'];

const WRONG = {
  csr: { errorMessage: 'Wrong certificate signing request (CSR) format' },
  pk: { errorMessage: 'Wrong key (PK) format' },
  old: { errorMessage: 'Wrong certificate format' },
  ca: { errorMessage: 'Certification authority not found for given CAName' },
};

describe('the black-box list of ONAP (CSIT)', () => {
  it('health is UP', async () => {
    const reply = await server.get('/actuator/health');
    expect(reply).toMatchObject({ status: 200, text: '{"status":"UP"}' });
    expect(reply.contentType).toContain('json');
  });

  it.each(['/reload', '/ready'])('%s answers 200 with an empty body', async (path) =>
    expect(await server.get(path)).toMatchObject({ status: 200, text: '' }),
  );

  it('enrols: leaf first, then intermediates, no root; the configured roots apart', async () => {
    const wanted = await material();
    const reply = await enrol('RA', wanted);
    expect(reply.status).toBe(200);
    expect(certificates(reply, 'certificateChain').map(({ subjectText }) => subjectText)).toEqual([
      'CN=demo.onap.org,OU=ONAP,O=Linux-Foundation,L=San-Francisco,ST=California,C=US',
      server.ca.caName,
    ]);
    const trusted = certificates(reply, 'trustedCertificates');
    expect(trusted.map(({ subjectText }) => subjectText)).toEqual(TWO_ROOTS);
    expect(trusted.every(({ isSelfSigned }) => isSelfSigned)).toBe(true);
  });

  it('enrols with all four types of alternative names', async () => {
    const names = [
      ['dns', 'localhost'],
      ['email', 'onap@onap.org'],
      ['ip', '127.0.0.1'],
      ['uri', 'onap://cluster.local/'],
    ] as const;
    const [leaf] = certificates(await enrol('RA', await material(undefined, names)), 'certificateChain');
    expect(leaf?.extensions.subjectAltNames.map(generalNameKey).sort()).toEqual([
      'dns:localhost',
      'email:onap@onap.org',
      'ip:127.0.0.1',
      'uri:onap://cluster.local/',
    ]);
  });

  it.each(['/v1/certificate', '/v1/certificate/', '/v1/certificate-update/', '/nowhere'])(
    '%s, without a CA, is not found',
    async (path) => {
      const headers = headersOf(await material());
      expect(await server.get(path, { headers })).toMatchObject({
        status: 404,
        json: springBody(404, 'Not Found', path),
      });
    },
  );

  it.each(['/v1/certificate/RA', '/v1/certificate-update/RA', '/v1/certificate/NO_SUCH_CA'])(
    '%s without headers is a bad request',
    async (path) =>
      expect(await server.get(path)).toMatchObject({ status: 400, json: springBody(400, 'Bad Request', path) }),
  );

  it.each([
    ['CSR', 'no base64!', WRONG.csr],
    ['CSR', '', WRONG.csr],
    ['CSR', base64('no PEM'), WRONG.csr],
    ['PK', 'no base64!', WRONG.pk],
    ['PK', base64('no PEM'), WRONG.pk],
  ])('a wrong %s (%j) is a bad request', async (header, value, body) => {
    const headers = { ...headersOf(await material()), [header]: value };
    expect(await server.get('/v1/certificate/RA', { headers })).toMatchObject({ status: 400, json: body });
  });

  it('ir, then kur: signed with the old key, while names stay the same in whatever order', async () => {
    const names = [['dns', 'a.onap.org'] as const, ['dns', 'b.onap.org'] as const];
    const first = await material('CN=kur.onap.org,OU=ONAP,O=Linux-Foundation', names);
    const old = (await enrol('RA', first)).json?.['certificateChain'] as string[];
    const wanted = await material('CN=kur.onap.org,OU=ONAP,O=Linux-Foundation', [...names].reverse());
    const reply = await server.get('/v1/certificate-update/RA', {
      headers: updateHeadersOf(wanted, old, first.keyPem),
    });
    expect(reply.status).toBe(200);
    const [leaf] = certificates(reply, 'certificateChain');
    expect(server.ca.ledger.find(leaf?.serialHex ?? '')).toMatchObject({
      body: 'kur',
      protection: 'ECDSA with SHA-256',
    });
    expect(server.process.find('Preparing Key Update Request', { caName: 'RA' })).toBeDefined();
  });

  it.each([
    ['the subject changed', 'CN=changed.onap.org,O=Linux-Foundation', []],
    ['the alternative names changed', 'CN=cr.onap.org,O=Linux-Foundation', [['dns', 'new.onap.org'] as const]],
  ])('ir, then cr: %s', async (_name, subject, names) => {
    const first = await material('CN=cr.onap.org,O=Linux-Foundation');
    const old = (await enrol('RA', first)).json?.['certificateChain'] as string[];
    const wanted = await material(subject, names);
    const reply = await server.get('/v1/certificate-update/RA', {
      headers: updateHeadersOf(wanted, old, first.keyPem),
    });
    const [leaf] = certificates(reply, 'certificateChain');
    expect(server.ca.ledger.find(leaf?.serialHex ?? '')).toMatchObject({ body: 'cr', protection: 'PasswordBasedMac' });
    expect(server.process.find('Preparing Certification Request', { caName: 'RA' })).toBeDefined();
  });

  it('kur with an old key that is not that of the old certificate fails', async () => {
    const first = await material('CN=mismatch.onap.org');
    const old = (await enrol('RA', first)).json?.['certificateChain'] as string[];
    const wanted = await material('CN=mismatch.onap.org');
    const headers = updateHeadersOf(wanted, old, (await material()).keyPem);
    expect(await server.get('/v1/certificate-update/RA', { headers })).toMatchObject({
      status: 500,
      json: { errorMessage: expect.stringMatching(/^Exception occurred during call to cmp client: .*OLD_PK/) },
    });
  });

  describe('each header of an update', () => {
    let headers: ReturnType<typeof updateHeadersOf>;
    beforeAll(async () => {
      const first = await material();
      const old = (await enrol('RA', first)).json?.['certificateChain'] as string[];
      headers = updateHeadersOf(await material(), old, first.keyPem);
    });

    it.each([
      ['CSR', WRONG.csr],
      ['PK', WRONG.pk],
      ['OLD_CERT', WRONG.old],
      ['OLD_PK', WRONG.old],
    ] as const)('%s: wrong and missing are bad requests', async (name, body) => {
      const path = '/v1/certificate-update/RA';
      const wrong = await server.get(path, { headers: { ...headers, [name]: base64('wrong') } });
      expect(wrong).toMatchObject({ status: 400, json: body });
      const { [name]: _left, ...others } = headers;
      expect(await server.get(path, { headers: others })).toMatchObject({
        status: 400,
        json: springBody(400, 'Bad Request', path),
      });
    });

    it('is looked at in the order CSR, PK, OLD_CERT, OLD_PK, name of the CA', async () => {
      const wrong: Record<string, string> = { ...headers };
      for (const name of ['CSR', 'PK', 'OLD_CERT', 'OLD_PK']) wrong[name] = base64('wrong');
      for (const [name, body] of [
        ['CSR', WRONG.csr],
        ['PK', WRONG.pk],
        ['OLD_CERT', WRONG.old],
        ['OLD_PK', WRONG.old],
        ['', WRONG.ca],
      ] as const) {
        const reply = await server.get('/v1/certificate-update/NO_SUCH_CA', { headers: wrong });
        expect([name, reply.json]).toEqual([name, body]);
        if (name !== '') wrong[name] = headers[name];
      }
    });
  });
});

describe('whatever ONAP and its clients do', () => {
  it.each(['ra', 'NO_SUCH_CA', 'RA%0A'])('the CA "%s" is not found: names are told apart by case', async (caName) =>
    expect(await enrol(caName, await material())).toMatchObject({ status: 404, json: WRONG.ca }),
  );

  it('takes header names in any case, as Go and Java write them', async () => {
    const { CSR, PK } = headersOf(await material());
    expect(await server.get('/v1/certificate/RA', { headers: { Csr: CSR, pk: PK } })).toMatchObject({ status: 200 });
  });

  it('takes what the client of ONAP sends: a SHA1withRSA request, PKCS#8 under the label RSA PRIVATE KEY', async () => {
    const { csrPem, privateKey } = await weakCsr('CN=init.onap.org');
    const keyPem = privateKey
      .export({ format: 'pem', type: 'pkcs8' })
      .toString()
      .replaceAll(' PRIVATE', ' RSA PRIVATE');
    const headers = headersOf({ csrPem, keyPem });
    expect(await server.get('/v1/certificate/RA', { headers })).toMatchObject({ status: 200 });
  });

  it('takes headers above 16 KB', async () => {
    const first = await material('CN=long.onap.org');
    const old = (await enrol('RA', first)).json?.['certificateChain'] as string[];
    const chain = Array.from({ length: 12 }, () => old).flat();
    const headers = updateHeadersOf(await material('CN=long.onap.org'), chain, first.keyPem);
    expect(headers.OLD_CERT.length).toBeGreaterThan(16_384);
    expect(await server.get('/v1/certificate-update/RA', { headers })).toMatchObject({ status: 200 });
  });

  it.each(['/v3/api-docs', '/docs'])('serves %s', async (path) => {
    const reply = await server.get(path);
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('/v1/certificate-update/{caName}');
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD'])('enrols by GET alone, not by %s', async (method) => {
    const headers = headersOf(await material('CN=method.onap.org'));
    expect(await server.get('/v1/certificate/RA', { method, headers })).toMatchObject({ status: 405 });
    expect(server.ca.ledger.certificates.some(({ subject }) => subject === 'CN=method.onap.org')).toBe(false);
  });
});

describe('what ONAP does not check', () => {
  it('a key (PK) that is not the one of the request', async () => {
    const headers = { ...headersOf(await material()), PK: base64((await material()).keyPem) };
    expect(await server.get('/v1/certificate/RA', { headers })).toMatchObject({ status: 400, json: WRONG.pk });
  });

  it('a request whose signature is wrong', async () => {
    const { csrPem, keyPem } = await material();
    const [der] = decodePem(csrPem);
    const altered = Buffer.from(der ?? []);
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    const headers = headersOf({
      keyPem,
      csrPem: `-----BEGIN CERTIFICATE REQUEST-----\n${altered.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
    });
    expect(await server.get('/v1/certificate/RA', { headers })).toMatchObject({ status: 400, json: WRONG.csr });
  });
});

describe('a list of CMP servers as ONAP has it, without trust', () => {
  it('believes the roots in caPubs of an answer under the shared secret', async () => {
    const reply = await enrol('ONAP', await material());
    expect(reply.status).toBe(200);
    expect(certificates(reply, 'trustedCertificates').map(({ subjectText }) => subjectText)).toEqual(TWO_ROOTS);
  });

  it.each([
    ['ONAP_WITHOUT_ROOT', /Something was wrong with the supplied certificate.*add "trust"/],
    ['ONAP_SIGNED', /no way leads from it to a configured trust anchor.*add "trust"/],
  ])('%s is refused with what to do', async (caName, text) => {
    const reply = await enrol(caName, await material());
    expect(reply).toMatchObject({ status: 500, json: { errorMessage: expect.stringMatching(text) } });
  });

  it('an update goes out as cr, since nobody could verify the answer to a kur', async () => {
    const first = await material();
    const old = (await enrol('ONAP', first)).json?.['certificateChain'] as string[];
    const headers = updateHeadersOf(await material(), old, first.keyPem);
    const reply = await server.get('/v1/certificate-update/ONAP', { headers });
    const [leaf] = certificates(reply, 'certificateChain');
    expect(server.ca.ledger.find(leaf?.serialHex ?? '')).toMatchObject({ body: 'cr', state: 'implicitlyConfirmed' });
  });
});

describe('the exchange with the CA', () => {
  it.each([
    ['RA', 'implicitlyConfirmed'],
    ['NO_IMPLICIT', 'confirmed'],
    ['EXPLICIT', 'confirmed'],
    ['SIGNED', 'implicitlyConfirmed'],
    ['SHA1', 'implicitlyConfirmed'],
    ['POLL', 'implicitlyConfirmed'],
  ])('%s ends with the certificate %s', async (caName, state) => {
    const [leaf] = certificates(await enrol(caName, await material()), 'certificateChain');
    expect(server.ca.ledger.find(leaf?.serialHex ?? '')).toMatchObject({ body: 'ir', state });
  });

  it('works with RSA and with larger curves', async () => {
    const keys = [
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    ];
    for (const key of keys) {
      expect(await enrol('RA', await material('CN=key.onap.org', [], key))).toMatchObject({ status: 200 });
    }
  });

  const client = 'Exception occurred during call to cmp client: ';
  const refused = 'CMPv2 server returned following error: ';
  it.each([
    ['REJECTS', `${refused}refused by the sandbox CA with badRequest`],
    ['ERROR', `${refused}the CA is out of order`],
    ['ERROR_UNPROTECTED', expect.stringMatching(`^${refused}the CA is out of order \\(unauthenticated`)],
    ['GARBAGE', expect.stringMatching(`^${client}`)],
    ['SILENT', expect.stringMatching(`^${client}`)],
    ['FOREVER', expect.stringMatching(`^${client}.*`)],
    ['WRONG_KEY', expect.stringMatching(`^${client}Something was wrong with the supplied certificate.*public key`)],
    ['WRONG_SUBJECT', expect.stringMatching(`^${client}Something was wrong with the supplied certificate.*subject`)],
    ['UNTRUSTED', expect.stringMatching(`^${client}Something was wrong with the supplied certificate`)],
    ['BAD_MAC', expect.stringMatching(`^${client}`)],
    ['WRONG_SECRET', expect.stringMatching(`^${refused}.*unauthenticated`)],
    ['NOBODY', expect.stringMatching(`^${client}`)],
  ])('%s fails with 500 and the reason', async (caName, errorMessage) => {
    expect(await enrol(caName, await material())).toMatchObject({ status: 500, json: { errorMessage } });
  });

  it('serves many at once, and nobody waits for a CA that is silent', async () => {
    const silent = enrol('SILENT', await material());
    const wanted = await Promise.all(Array.from({ length: 40 }, (_, at) => material(`CN=many-${at}`)));
    const replies = await Promise.all(wanted.map((one) => enrol('RA', one)));
    expect(replies.map(({ status }) => status)).toEqual(wanted.map(() => 200));
    const serials = replies.map((reply) => certificates(reply, 'certificateChain')[0]?.serialHex);
    expect(new Set(serials).size).toBe(wanted.length);
    expect((await silent).status).toBe(500);
  });
});

describe('the log', () => {
  it('tells who got what, and never a key, a request, a header or a secret', async () => {
    const wanted = await material('CN=logged.onap.org');
    const reply = await enrol('RA', wanted);
    await server.get('/v1/certificate/RA', { headers: { ...headersOf(wanted), PK: base64(`${wanted.keyPem}x`) } });
    await server.get('/v1/certificate/NO_SUCH_CA', { headers: headersOf(wanted) });
    const [leaf] = certificates(reply, 'certificateChain');
    expect(server.process.find('certificate issued', { serial: leaf?.serialHex })).toMatchObject({
      caName: 'RA',
      operation: 'certificate',
      client: 'certServiceClient.com',
      subject: 'CN=logged.onap.org',
      body: 'ir',
    });
    const { output } = server.process;
    expect(output).not.toContain(server.ca.credentials.secret);
    for (const pem of [wanted.keyPem, wanted.csrPem]) {
      const lines = pemBlocks(pem).map(({ der }) => Buffer.from(der).toString('base64').slice(0, 48));
      for (const text of [...lines, base64(pem).slice(60, 120)]) expect(output).not.toContain(text);
    }
    expect(output).not.toContain('BEGIN');
  });
});
