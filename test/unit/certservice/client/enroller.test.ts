import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeDer } from '../../../../src/asn1/index.js';
import { createCertServiceEnroller } from '../../../../src/certservice/client/index.js';
import type { CertServiceConfig } from '../../../../src/enrollment/certservice-config.js';
import type { Enroller, EnrollmentOutcome, EnrollmentRequest } from '../../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../../src/enrollment/error.js';
import { createCsr, ExtensionSyntax, encodePem, OID, parseName } from '../../../../src/pki/index.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import {
  type CertServiceBehaviour,
  type CertServiceStandIn,
  startCertServiceStandIn,
  type TlsClient,
} from '../../../../src/sandbox/certservice/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/index.js';
import { config, fixture, LIMITS, MemoryLogger, request } from './support.js';

let ca: SandboxCa;
let service: CertServiceStandIn;
let tls: TlsClient;
beforeAll(async () => {
  ca = await startSandboxCa();
  service = await startCertServiceStandIn({ ca });
  tls = await service.issueTlsClient('certServiceClient.com');
});
afterAll(async () => {
  await service.close();
  await ca.close();
});

const { signal } = new AbortController();
const open: Enroller[] = [];
let logger: MemoryLogger;
beforeEach(() => {
  logger = new MemoryLogger();
});
afterAll(() => Promise.all(open.map((enroller) => enroller.close())));

function enroller(changes: Partial<CertServiceConfig> = {}): Enroller {
  const made = createCertServiceEnroller(
    config({
      url: service.url,
      clientCertPem: tls.certificatePem,
      clientKeyPem: tls.keyPem,
      serverCaPem: service.serverCaPem,
      ...changes,
    }),
    { clock: systemClock, logger },
  );
  open.push(made);
  return made;
}

let behaviours = 0;
/** A CA name that behaves so. */
function behaving(behaviour: CertServiceBehaviour): string {
  const name = `CA-${++behaviours}`;
  service.setBehaviour(name, behaviour);
  return name;
}

const enrolled = async (
  changes: Partial<CertServiceConfig> = {},
  wanted: EnrollmentRequest = request(),
): Promise<Extract<EnrollmentOutcome, { kind: 'issued' }>> => {
  const outcome = await enroller(changes).enroll(wanted, signal);
  if (outcome.kind !== 'issued') throw new TypeError('CertService puts nothing off');
  return outcome;
};

const failure = async (work: Promise<unknown>): Promise<EnrollmentError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof EnrollmentError) return error;
  throw new TypeError(`expected an EnrollmentError, found ${String(error)}`);
};

const commonNames = (list: readonly Uint8Array[]) =>
  list.map((der) => /CN=(.*)$/m.exec(new X509Certificate(der).subject)?.[1]);
const paths = () => service.journal.entries.map(({ path }) => path);

/** What an earlier enrolment left behind. */
async function previous(csr = 'rsa2048') {
  const { chain } = await enrolled({}, request({}, csr));
  const certificatesPem = chain.map((der) => encodePem('CERTIFICATE', der)).join('');
  return async () => ({ certificatesPem, privateKeyPem: fixture('csr', `${csr}.key`) });
}

describe('a first certificate', () => {
  it('comes with its chain without root, and with every trusted CA, its own root first', async () => {
    const { chain, ca: cas, details } = await enrolled();
    expect(commonNames(chain)).toEqual(['web.example.com', 'Sandbox Issuing CA']);
    expect(commonNames(cas)).toEqual(['Sandbox Root', 'Sandbox Second Root']);
    expect(details).toMatchObject({ body: 'certificate', protection: 'mutual TLS', confirmation: 'implicit' });
  });

  it('is asked for with CSR and key alone, both of this request', async () => {
    await enrolled();
    expect(service.journal.last).toMatchObject({
      method: 'GET',
      path: '/v1/certificate/RA',
      headers: ['csr', 'pk'],
      client: 'certServiceClient.com',
      enrolment: { body: 'ir', pkMatchesCsr: true },
    });
  });

  it.each([
    ['Root', ['Sandbox Root']],
    ['None', []],
  ] as const)('brings what caBundle says: %s', async (caBundle, names) => {
    expect(commonNames((await enrolled({ caBundle })).ca)).toEqual(names);
  });

  it.each([['rootInChain'], ['chainReversed'], ['twoBlocksInOneEntry']] as const)(
    'is put in order by us: %s',
    async (lists) => {
      const { chain } = await enrolled({ caName: behaving({ lists }) });
      expect(commonNames(chain)).toEqual(['web.example.com', 'Sandbox Issuing CA']);
    },
  );

  it('never brings an end-entity certificate among the CAs, and says that one was left out', async () => {
    const { ca: cas, notes } = await enrolled({ caName: behaving({ lists: 'endEntityTrusted' }) });
    expect(commonNames(cas)).toEqual(['Sandbox Root', 'Sandbox Second Root']);
    expect(notes.join()).toMatch(/Sandbox CMP Signer.*no CA/);
  });

  it('tells once in the log, and in the notes, what CertService makes of the properties', async () => {
    const { notes } = await enrolled({}, request({ isCA: true }));
    expect(logger.messages).toContain("- property 'isCA' with value 'true' is not supported by Cert Service API");
    expect(logger.messages).toContain(
      "* property 'duration' with value '2160h0m0s' will be overridden by CMPv2 Server",
    );
    expect(notes[0]).toBe('not supported by CertService: isCA (true)');
    expect(notes[1]).toMatch(/^left to the CA by CertService: duration/);
  });

  it('logs properties once, however often it is tried', async () => {
    const caName = behaving({ answer: { type: 'status', status: 503, body: 'none' } });
    const one = enroller({ caName });
    const wanted = request();
    await failure(one.enroll(wanted, signal));
    await failure(one.enroll(wanted, signal));
    expect(logger.messages.filter((message) => message.includes("'common name'"))).toHaveLength(1);
  });

  it('is asked for anew where another backend was kept waiting', async () => {
    await expect(enroller().resume(request(), { of: 'somebody else' }, signal)).resolves.toMatchObject({
      kind: 'issued',
    });
  });
});

describe('a CSR with attributes but no alternative names, over which ONAP’s service fails', () => {
  const wanted = async () => {
    const keyUsage = encodeDer(ExtensionSyntax, {
      extnID: OID.keyUsage,
      extnValue: Uint8Array.of(0x03, 0x02, 0x05, 0xa0),
    });
    const contents = { subject: parseName('CN=only a common name'), extensions: [keyUsage] };
    const der = await createCsr(contents, createPrivateKey(fixture('csr', 'rsa2048.key')));
    return request({ csrPem: encodePem('CERTIFICATE REQUEST', der) });
  };

  it('is sent without them', async () => {
    expect((await enrolled({}, await wanted())).details.subject).toBe('CN=only a common name');
  });

  it('fails where it must be sent as it is, with the way out', async () => {
    const error = await failure(enrolled({ csr: 'AsIs' }, await wanted()));
    expect(error).toMatchObject({ retry: 'transient' });
    expect(error.message).toMatch(/\[500\].*set spec\.certService\.csr to Auto$/);
  });

  it('may be reduced as ONAP’s provider does it', async () => {
    expect((await enrolled({ csr: 'Reduced' }, await wanted())).details.subject).toBe('CN=only a common name');
  });
});

describe('what cannot work', () => {
  it.each<[CertServiceBehaviour, string, string, RegExp]>([
    [{ lists: 'emptyLists' }, 'ResponseMalformed', 'issuer', /certificateChain is empty/],
    [{ lists: 'emptyTrusted' }, 'ResponseMalformed', 'issuer', /trustedCertificates is empty/],
    [{ lists: 'trustedNotPem' }, 'ResponseMalformed', 'issuer', /trustedCertificates\[2\]/],
    [{ lists: 'chainNotPem' }, 'ResponseMalformed', 'issuer', /certificateChain\[0\]/],
    [
      { lists: 'chainWithoutIssuer' },
      'ChainIncomplete',
      'issuer',
      /no chain leads .*trusted certificate of that answer/,
    ],
    [{ lists: 'rootNotTrusted' }, 'ChainIncomplete', 'issuer', /no chain leads/],
    [{ answer: { type: 'text', contentType: 'text/html', text: '<p>' } }, 'ResponseMalformed', 'issuer', /no JSON/],
    [{ answer: { type: 'truncated' } }, 'ConnectionFailed', 'transient', /broke off|closed/],
    [{ answer: { type: 'reset' } }, 'ConnectionFailed', 'transient', /closed the connection/],
    [
      { answer: { type: 'redirect', status: 302, location: 'https://127.0.0.1/' } },
      'HttpFailed',
      'issuer',
      /redirects/,
    ],
    [{ answer: { type: 'oversized', octets: 2_000_000 } }, 'ResponseTooLarge', 'unauthenticated', /1048576 octets/],
    [{ cmpError: 'no such profile' }, 'Rejected', 'request', /status code \[500\] .*no such profile/],
    [{ cmpClientError: 'connect' }, 'HttpFailed', 'transient', /cmp client/],
    [{ answer: { type: 'status', status: 503, body: 'none', retryAfterSeconds: 3 } }, 'HttpFailed', 'transient', /503/],
  ])('%j', async (behaviour, code, retry, message) => {
    const error = await failure(enrolled({ caName: behaving(behaviour) }));
    expect(error).toMatchObject({ code, retry });
    expect(error.message).toMatch(/^Failed to sign certificate request: /);
    expect(error.message).toMatch(message);
  });

  it.each(['wrongKey', 'untrustedIssuer', 'expired', 'notYetValid', 'certificateAuthority', 'badSignature'] as const)(
    'a certificate with the fault %s',
    async (leaf) => {
      const error = await failure(enrolled({ caName: behaving({ leaf }) }));
      expect(['CertificateRefused', 'ChainIncomplete']).toContain(error.code);
    },
  );

  it('another subject, unless the policy lets it through, which is told', async () => {
    const caName = behaving({ leaf: 'wrongSubject' });
    const error = await failure(enrolled({ caName }));
    expect(error).toMatchObject({ code: 'CertificateRefused', retry: 'request' });
    const { notes } = await enrolled({ caName, policy: { subject: 'Any', subjectAltNames: 'Any', usages: 'Any' } });
    expect(notes.join()).toMatch(/subject "CN=web.*" was asked for/);
  });

  it('a CA name that CertService does not know is the issuer’s fault', async () => {
    const error = await failure(enrolled({ caName: 'Nobody' }));
    expect(error).toMatchObject({ retry: 'issuer' });
    expect(error.message).toMatch(/\[404\].*no CA named "Nobody"/);
  });

  it('silence ends with the time limit', async () => {
    const caName = behaving({ answer: { type: 'silence' } });
    const error = await failure(enrolled({ caName, limits: { ...LIMITS, requestTimeoutMs: 200 } }));
    expect(error).toMatchObject({ code: 'Timeout', retry: 'transient' });
  });

  it('an abort is passed on as it is', async () => {
    const controller = new AbortController();
    const caName = behaving({ answer: { type: 'silence' } });
    const under = enroller({ caName }).enroll(request(), controller.signal);
    controller.abort('enough');
    await expect(under).rejects.toBe('enough');
  });

  it('a CSR that is none', async () => {
    const error = await failure(enrolled({}, request({ csrPem: fixture('csr', 'bad-signature.csr') })));
    expect(error).toMatchObject({ code: 'CsrInvalid', retry: 'request' });
    expect(error.message).toMatch(/^Failed to decode CSR: /);
  });

  it('a key that is not RSA, before anything is sent', async () => {
    const before = service.journal.entries.length;
    const error = await failure(enrolled({}, request({}, 'p256')));
    expect(error).toMatchObject({ code: 'KeyUnsupported', retry: 'request' });
    expect(error.message).toMatch(/P-256, but CertService takes RSA keys only: .*algorithm: RSA/);
    expect(service.journal.entries).toHaveLength(before);
  });

  it('keys of other kinds are sent where the service is said to take them', async () => {
    const error = await failure(enrolled({ keys: 'Any' }, request({}, 'p256')));
    expect(error.message).toMatch(/\[400\] and message \[Wrong key \(PK\) format\]/);
  });

  it('headers beyond the limit of CertService, before anything is sent', async () => {
    const before = service.journal.entries.length;
    const error = await failure(enrolled({ limits: { ...LIMITS, maxHeaderBytes: 4096 } }, request({}, 'rsa4096')));
    expect(error).toMatchObject({ code: 'KeyUnsupported', retry: 'request' });
    expect(error.message).toMatch(/make \d+ octets of headers, CertService takes 4096: use a shorter key/);
    expect(service.journal.entries).toHaveLength(before);
  });

  it('the request’s key is not to be had: the reason is passed on as it is', async () => {
    const reason = new EnrollmentError({ code: 'PrivateKeyUnavailable', retry: 'transient', message: 'no key' });
    const error = await failure(enrolled({}, request({ privateKey: () => Promise.reject(reason) })));
    expect(error).toBe(reason);
  });
});

describe('a renewal', () => {
  it('sends along what it replaces', async () => {
    const { details } = await enrolled({}, request({ previous: await previous() }));
    expect(details.body).toBe('certificate-update');
    expect(service.journal.last).toMatchObject({
      path: '/v1/certificate-update/RA',
      headers: ['csr', 'pk', 'old_cert', 'old_pk'],
      enrolment: { body: 'kur', oldPkMatchesOldCert: true, oldCertificates: 2 },
    });
  });

  it('with other names is for CertService to tell', async () => {
    await enrolled({}, request({ previous: await previous('rsa4096') }));
    expect(service.journal.last?.path).toBe('/v1/certificate-update/RA');
  });

  it('is a first certificate without updateEndpoint, and says so with ONAP’s words', async () => {
    const old = await previous();
    const { details } = await enrolled({ updateEndpoint: '' }, request({ previous: old }));
    expect(details.body).toBe('certificate');
    expect(logger.messages).toContain(
      "Missing 'update endpoint' configuration. Certificates will received by certificate request instead of certificate update request",
    );
  });

  it('is a first certificate when there is nothing to be replaced', async () => {
    expect((await enrolled({}, request({ previous: async () => undefined }))).details.body).toBe('certificate');
  });

  it('that the CA refuses is asked for as a first certificate, once, and that is told', async () => {
    const caName = behaving({ updateRefused: 'certificate has expired' });
    const old = await previous();
    const before = paths().length;
    const { details, notes } = await enrolled({ caName }, request({ previous: old }));
    expect(details.body).toBe('certificate');
    expect(paths().slice(before)).toEqual([`/v1/certificate-update/${caName}`, `/v1/certificate/${caName}`]);
    expect(notes.join()).toMatch(/asked for as a first certificate: the update was refused: .*certificate has expired/);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'no update is possible, a first certificate is asked for instead',
      }),
    );
  });

  it('does not try a refused update again when the first certificate must be tried again', async () => {
    const caName = behaving({ updateRefused: 'no' });
    const wanted = request({ previous: await previous() });
    const before = paths().length;
    const one = enroller({ caName });
    service.state.selector = ({ endpoint }) =>
      endpoint === 'certificate' ? { answer: { type: 'status', status: 503, body: 'none' } } : undefined;
    await failure(one.enroll(wanted, signal));
    service.state.selector = undefined;
    await one.enroll(wanted, signal);
    expect(paths().slice(before)).toEqual([
      `/v1/certificate-update/${caName}`,
      `/v1/certificate/${caName}`,
      `/v1/certificate/${caName}`,
    ]);
  });

  it('waits for a CA that is out of order, and gives the update up after three tries', async () => {
    const wanted = request({ previous: await previous() });
    const one = enroller();
    const before = paths().length;
    service.state.selector = ({ endpoint }) =>
      endpoint === 'certificate-update' ? { cmpClientError: 'no root in the answer' } : undefined;
    try {
      for (let attempt = 1; attempt <= 3; attempt++)
        expect(await failure(one.enroll(wanted, signal))).toMatchObject({ retry: 'transient' });
      await expect(one.enroll(wanted, signal)).resolves.toMatchObject({ details: { body: 'certificate' } });
    } finally {
      service.state.selector = undefined;
    }
    expect(paths().slice(before)).toEqual([
      ...Array.from({ length: 3 }, () => '/v1/certificate-update/RA'),
      '/v1/certificate/RA',
    ]);
  });

  it.each<[string, CertServiceBehaviour, number]>([
    ['must not be used', { leaf: 'wrongSubject' }, 0],
    ['holds none, three times', { lists: 'emptyLists' }, 3],
  ])('becomes a first certificate when the answer to the update %s', async (_name, behaviour, failures) => {
    const wanted = request({ previous: await previous() });
    const one = enroller();
    service.state.selector = ({ endpoint }) => (endpoint === 'certificate-update' ? behaviour : undefined);
    try {
      for (let attempt = 1; attempt <= failures; attempt++)
        expect(await failure(one.enroll(wanted, signal))).toMatchObject({ code: 'ResponseMalformed' });
      await expect(one.enroll(wanted, signal)).resolves.toMatchObject({ details: { body: 'certificate' } });
    } finally {
      service.state.selector = undefined;
    }
  });

  it('sends the old certificate without its chain when all of it is too much', async () => {
    const wanted = request({ previous: await previous() });
    await enrolled({}, wanted);
    const whole = service.journal.last?.headerOctets ?? 0;
    await enrolled({ limits: { ...LIMITS, maxHeaderBytes: whole } }, wanted);
    expect(service.journal.last).toMatchObject({ headerOctets: whole, enrolment: { oldCertificates: 2 } });
    await enrolled({ limits: { ...LIMITS, maxHeaderBytes: whole - 1 } }, wanted);
    expect(service.journal.last).toMatchObject({ enrolment: { body: 'kur', oldCertificates: 1 } });
    const leafOnly = service.journal.last?.headerOctets ?? 0;
    const { details, notes } = await enrolled({ limits: { ...LIMITS, maxHeaderBytes: leafOnly - 1 } }, wanted);
    expect(details.body).toBe('certificate');
    expect(notes.join()).toMatch(/the headers exceed \d+ octets/);
  });

  it('is a first certificate when the old key is not the old certificate’s', async () => {
    const old = await (await previous())();
    const spoilt = { ...old, privateKeyPem: fixture('csr', 'rsa4096.key') };
    const { details, notes } = await enrolled({}, request({ previous: async () => spoilt }));
    expect(details.body).toBe('certificate');
    expect(notes.join()).toMatch(/cannot be used: its key is another one/);
  });
});

describe('connections', () => {
  it('are kept and used again', async () => {
    const one = enroller();
    const before = service.journal.connections;
    for (let count = 0; count < 3; count++) await one.enroll(request(), signal);
    await Promise.all(Array.from({ length: 4 }, () => one.enroll(request(), signal)));
    // The pool may open one more before it knows that another is free again.
    expect(service.journal.connections - before).toBeLessThan(7);
  });

  it('are made anew when the server has cut them', async () => {
    const one = enroller();
    await one.enroll(request(), signal);
    await service.rotateTls();
    // Whether the cut was noticed before the request went out is a matter of luck.
    const next = await one.enroll(request(), signal).catch((error: unknown) => error);
    if (next instanceof Error) expect(next).toMatchObject({ code: 'ConnectionFailed', retry: 'transient' });
    await expect(one.enroll(request(), signal)).resolves.toMatchObject({ kind: 'issued' });
  });

  it.each(['unknown', 'expired'] as const)('need a client certificate that CertService takes: %s', async (kind) => {
    const other = await service.issueTlsClient('x', kind);
    const changes = { clientCertPem: other.certificatePem, clientKeyPem: other.keyPem };
    const error = await failure(enroller(changes).probe(signal));
    expect(error.message).toMatch(kind === 'expired' ? /^service\.clientCertPem: .*expired at/ : /client certificate/);
  });

  it('are made to nobody but whom cacertRef vouches for', async () => {
    const error = await failure(enroller({ serverCaPem: ca.rootPem }).probe(signal));
    expect(error).toMatchObject({ code: 'TlsFailed', retry: 'issuer' });
  });

  it('that nobody answers are tried again later', async () => {
    const error = await failure(enrolled({ url: 'https://127.0.0.1:1' }));
    expect(error).toMatchObject({ code: 'ConnectionFailed', retry: 'transient' });
  });
});

describe('the health check', () => {
  it('is passed by 200', () => expect(enroller().probe(signal)).resolves.toBeUndefined());

  it.each([
    ['DOWN', 503, 'transient'],
    ['missing', 404, 'issuer'],
  ] as const)('fails when it is %s', async (health, status, retry) => {
    service.state.health = health;
    try {
      const error = await failure(enroller().probe(signal));
      expect(error).toMatchObject({ retry });
      expect(error.message).toMatch(new RegExp(`^health check returned status code \\[${status}\\]: https://`));
    } finally {
      service.state.health = 'UP';
    }
  });
});

describe('the configuration', () => {
  it.each<[string, () => Partial<CertServiceConfig>, RegExp]>([
    [
      'a key that is another one’s',
      () => ({ clientKeyPem: fixture('csr', 'rsa2048.key') }),
      /^service\.clientKeyPem: it is not the key/,
    ],
    ['a certificate as key', () => ({ clientKeyPem: tls.certificatePem }), /^service\.clientKeyPem: /],
    ['a key as certificate', () => ({ clientCertPem: tls.keyPem }), /^service\.clientCertPem: .*PRIVATE KEY/],
    [
      'a CA as certificate',
      () => ({ clientCertPem: service.serverCaPem }),
      /^service\.clientKeyPem: it is not the key/,
    ],
    ['a key as CA', () => ({ serverCaPem: tls.keyPem }), /^service\.tlsCaPem: .*PRIVATE KEY/],
    ['no CA', () => ({ serverCaPem: '' }), /^service\.tlsCaPem: not PEM/],
  ])('is refused with %s', (_name, changes, message) => {
    expect(() => enroller(changes())).toThrow(
      expect.objectContaining({ code: 'ConfigurationInvalid', message: expect.stringMatching(message) }),
    );
  });
});

describe('secrecy', () => {
  /** Everything an error or a log line could show, causes included. */
  const everything = (value: unknown, depth = 0): string => {
    if (value === null || typeof value !== 'object' || depth > 6) return String(value);
    return Reflect.ownKeys(value)
      .map((key) => `${String(key)}=${everything(Reflect.get(value, key), depth + 1)}`)
      .join(' ');
  };

  it.each<[CertServiceBehaviour]>([
    [{}],
    [{ cmpError: 'no' }],
    [{ answer: { type: 'reset' } }],
    [{ answer: { type: 'truncated' } }],
    [{ answer: { type: 'status', status: 400, body: 'spring' } }],
    [{ lists: 'emptyLists' }],
  ])('neither keys nor headers are in any error or log line: %j', async (behaviour) => {
    const wanted = request({ previous: await previous() });
    const result: unknown = await enroller({ caName: behaving(behaviour) })
      .enroll(wanted, signal)
      .catch((error: unknown) => error);
    const seen = `${everything(result instanceof Error ? result : undefined)} ${JSON.stringify(logger.lines)}`;
    const key = fixture('csr', 'rsa2048.key');
    for (const secret of [key, Buffer.from(key).toString('base64'), tls.keyPem])
      for (const line of secret.match(/[A-Za-z0-9+/=]{40}/g) ?? []) expect(seen).not.toContain(line);
    expect(seen).not.toMatch(/PRIVATE KEY|LS0tLS1CRUdJTi|BEGIN CERTIFICATE/);
  });
});
