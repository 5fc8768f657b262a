import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttpTransport, type HttpTransport } from '../../../src/cmp/index.js';
import { createDirectEnroller } from '../../../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import type { TrustNews } from '../../../src/enrollment/enroller.js';
import { decodeCertificates } from '../../../src/pki/index.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { type SandboxCa, startSandboxCa } from '../../../src/sandbox/ca/index.js';

const { signal } = new AbortController();
const limits = { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxResponseBytes: 1_000_000, maxPollingMs: 60_000 };
let ca: SandboxCa;

beforeAll(async () => {
  ca = await startSandboxCa();
});
afterAll(() => ca.close());

const transportTo = (behaviour: string): HttpTransport =>
  createHttpTransport({ endpoints: [{ url: `${ca.url}/cmp/${behaviour}` }], ...limits }, systemClock);

/** Asks a CA that behaves like this, question by question; the last one counts for all that follow. */
async function news(behaviours: readonly string[], trustPem = ca.rootPem): Promise<TrustNews | undefined> {
  const transports = behaviours.map(transportTo);
  let asked = 0;
  const next = () => {
    const transport = transports[Math.min(asked++, transports.length - 1)];
    if (transport === undefined) throw new Error('no behaviour');
    return transport;
  };
  const config: DirectBackendConfig = {
    endpoints: [{ url: ca.url }],
    recipient: ca.caName,
    enrollment: 'IR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection: {
      type: 'mac',
      reference: ca.credentials.reference,
      secret: Buffer.from(ca.credentials.secret),
    },
    trustPem,
    responseProtection: 'AllowSignature',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits,
  };
  const transport: HttpTransport = {
    open: () => next().open(),
    probe: async () => {},
    close: async () => void (await Promise.all(transports.map((one) => one.close()))),
  };
  const enroller = createDirectEnroller(config, { clock: systemClock, random: systemRandom, transport });
  try {
    return await enroller.trustNews?.(signal);
  } finally {
    await enroller.close();
  }
}

const sha256s = (pem: string) => decodeCertificates(pem).map(({ sha256 }) => sha256);

describe('news about trust', () => {
  it('are the verified successor of a root and what the CA hands out besides, each time the same', async () => {
    const [root, second] = ca.roots.flatMap(sha256s);
    const found = await news(['']);
    expect(found).toEqual({
      successors: [
        {
          root: expect.objectContaining({ sha256: root }),
          successor: expect.objectContaining({ subject: 'CN=Sandbox Root,O=CMP Sandbox' }),
        },
      ],
      unknownRoots: [expect.objectContaining({ sha256: second, subject: 'CN=Sandbox Second Root,O=CMP Sandbox' })],
      refused: [],
      unanswered: [],
    });
    expect(found?.successors[0]?.successor.sha256).not.toBe(root);
    await expect(news([''])).resolves.toEqual(found);
  });

  it('are none when everything is trusted already', async () => {
    const nothing = { successors: [], unknownRoots: [], refused: [], unanswered: [] };
    await expect(news(['no-root-update'], ca.roots.join(''))).resolves.toEqual(nothing);
    await expect(news(['support-no-value'])).resolves.toEqual(nothing);
  });

  it('ask only roots about successors', async () => {
    const before = ca.ledger.messages['genm'] ?? 0;
    const found = await news([''], ca.chainPem);
    expect(found).toMatchObject({ successors: [], unknownRoots: [{}, {}] });
    expect(ca.ledger.messages['genm']).toBe(before + 1);
  });

  it.each(['root-update-new-with-old-by-stranger', 'root-update-new-with-old-missing', 'root-update-other-subject'])(
    'tell of a successor that must not be believed: %s',
    async (behaviour) => {
      const found = await news([behaviour], ca.roots.join(''));
      expect(found).toMatchObject({
        successors: [],
        refused: [expect.stringMatching(/^the CA's update of its root certificate must not be believed: /)],
      });
    },
  );

  it('tell what was not answered, as long as anything was', async () => {
    const part = await news(['error', 'no-root-update'], ca.rootPem);
    expect(part).toMatchObject({ unknownRoots: [{}], unanswered: [expect.stringContaining('out of order')] });
    const other = await news(['', 'support-wrong-value'], ca.rootPem);
    expect(other).toMatchObject({ successors: [{}], unanswered: [expect.stringContaining('caCerts')] });
  });

  it.each([
    ['error', { code: 'Rejected' }],
    ['error-unprotected', { retry: 'unauthenticated' }],
    ['support-two-items', { code: 'ResponseMalformed' }],
  ])('are an error when nothing was answered: %s', async (behaviour, expected) => {
    await expect(news([behaviour])).rejects.toMatchObject({ name: 'EnrollmentError', ...expected });
  });

  it('are not asked for on when the CA cannot be reached', async () => {
    const before = ca.ledger.messages['genm'] ?? 0;
    await expect(news(['http-503-once', ''])).rejects.toMatchObject({ code: 'HttpFailed' });
    expect(ca.ledger.messages['genm']).toBe(before + 1);
  });
});
