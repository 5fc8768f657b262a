import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DerError, encodeDer } from '../../../src/asn1/index.js';
import { CmpError } from '../../../src/cmp/error.js';
import { decodeMessage } from '../../../src/cmp/message.js';
import { PKIMessage } from '../../../src/cmp/schema/index.js';
import { type CmpSession, startEnrollment } from '../../../src/cmp/transaction/index.js';
import { type CaOptions, signingProtector, TestCa } from './support/ca.js';
import { recorded } from './support/fixture.js';
import { certificate, certificates, request, session, signatureCredential, transportTo } from './support/session.js';

const { signal } = new AbortController();

/** One right answer, and a client that draws the same nonces each time, so that the answer stays right. */
async function rightAnswer(options: CaOptions, change: Partial<CmpSession>) {
  let answer: Uint8Array = new Uint8Array();
  const fixed = () => {
    let drawn = 0;
    return (octets: number) => new Uint8Array(octets).fill(++drawn);
  };
  const enroll = (transport: CmpSession['transport']) =>
    startEnrollment(request(), session({ implicitConfirm: true, ...change, random: fixed(), transport }), signal);
  const ca = new TestCa({ grantImplicit: true, ...options });
  const right = await enroll(
    transportTo(async (message) => {
      answer = await ca.answer(message);
      return answer;
    }),
  );
  return { answer, right, tryWith: (octets: Uint8Array) => enroll(transportTo(() => octets)) };
}

const kinds: readonly [string, CaOptions, Partial<CmpSession>][] = [
  ['a MAC', { extraCerts: [] }, { anchors: certificates('issuing.crt') }],
  [
    'a signature',
    { protector: signingProtector('server', false), extraCerts: [] },
    { credential: signatureCredential(), anchors: certificates('issuing.crt', 'server.crt') },
  ],
];

describe.each(kinds)('an answer under %s', (_name, options, change) => {
  let subject: Awaited<ReturnType<typeof rightAnswer>>;
  beforeAll(async () => {
    subject = await rightAnswer(options, change);
  });

  it('brings a certificate as it is', async () => {
    expect(subject.right).toMatchObject({ kind: 'issued' });
    expect(await subject.tryWith(subject.answer)).toMatchObject({ kind: 'issued' });
  });

  it('never brings one with any octet altered', async () => {
    const places = fc.record({
      at: fc.nat({ max: subject.answer.length - 1 }),
      by: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(places, async ({ at, by }) => {
        const altered = subject.answer.map((octet, index) => (index === at ? octet ^ by : octet));
        await expect(subject.tryWith(altered)).rejects.toBeInstanceOf(CmpError);
      }),
      { numRuns: 400 },
    );
  });

  it('never brings one cut short, or with something inserted', async () => {
    const places = fc.record({ at: fc.nat({ max: subject.answer.length - 1 }), more: fc.uint8Array({ maxLength: 8 }) });
    await fc.assert(
      fc.asyncProperty(places, async ({ at, more }) => {
        const front = subject.answer.subarray(0, at);
        const rest = more.length === 0 ? new Uint8Array() : subject.answer.subarray(at);
        await expect(subject.tryWith(Buffer.concat([front, more, rest]))).rejects.toBeInstanceOf(CmpError);
      }),
      { numRuns: 200 },
    );
  });
});

it('certificates outside the protection can be spoilt, but never bring another certificate or another kind of error', async () => {
  const { answer, tryWith } = await rightAnswer(
    { protector: signingProtector() },
    { credential: signatureCredential() },
  );
  const { extraCerts } = decodeMessage(answer);
  const unprotected = extraCerts.reduce((sum, { length }) => sum + length, 0);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: unprotected - 1 }), fc.integer({ min: 1, max: 255 }), async (back, by) => {
      const place = answer.length - 1 - back;
      const altered = answer.map((octet, index) => (index === place ? octet ^ by : octet));
      const result = await tryWith(altered).catch((error: unknown) => error);
      if (result instanceof CmpError) return;
      expect(result).toMatchObject({ kind: 'issued', certificate: { sha256: certificate('new.crt').sha256 } });
    }),
    { numRuns: 300 },
  );
});

describe('octets from anywhere', () => {
  const seeds = ['pbm-ir-1.rsp.der', 'sig-cr-1.rsp.der', 'poll-ir-2.rsp.der', 'senderr-ir.rsp.der', 'o35-crls.rsp.der'];
  const mangled = fc
    .record({
      seed: fc.constantFrom(...seeds),
      cuts: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 4 })), {
        maxLength: 4,
      }),
    })
    .map(({ seed, cuts }) =>
      cuts.reduce<Uint8Array>((octets, [where, put]) => {
        const at = Math.floor(where * octets.length);
        return Buffer.concat([octets.subarray(0, at), put, octets.subarray(at + put.length)]);
      }, recorded(seed)),
    );

  it.each([
    ['random', fc.uint8Array({ maxLength: 300 })],
    ['mangled', mangled],
  ])('(%s) decode, or throw the codec’s own error', (_name, octets) => {
    fc.assert(
      fc.property(octets, (input) => {
        try {
          const message = decodeMessage(input);
          const { header, body, protection, extraCerts } = message;
          const again = encodeDer(PKIMessage, {
            header: { der: message.rawHeader, value: header },
            body: { der: message.rawBody, value: body },
            protection,
            extraCerts: extraCerts.length === 0 ? undefined : extraCerts,
          });
          expect(Buffer.from(again)).toEqual(Buffer.from(input));
        } catch (error) {
          if (!(error instanceof DerError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });

  it('make the client throw nothing but its own error', async () => {
    const change = { credential: signatureCredential() };
    await fc.assert(
      fc.asyncProperty(mangled, async (input) => {
        const client = session({ ...change, transport: transportTo(() => input) });
        await expect(startEnrollment(request(), client, signal)).rejects.toBeInstanceOf(CmpError);
      }),
      { numRuns: 200 },
    );
  });
});
