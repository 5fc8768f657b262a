import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../../src/certservice/server/api-error.js';
import { CaClient } from '../../../../src/certservice/server/ca-client.js';
import {
  type CmpServersContext,
  parseCmpServers,
  STANDARD_PROTECTION,
} from '../../../../src/certservice/server/index.js';
import { Certificate, parseCsr } from '../../../../src/pki/index.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { type CaOptions, signingProtector, TestCa } from '../../cmp/support/ca.js';
import { text } from '../../cmp/support/fixture.js';
import { SECRET } from '../../cmp/support/session.js';

const { signal } = new AbortController();
const context: CmpServersContext = { protection: STANDARD_PROTECTION, readText: text };

const wanted = {
  csrPem: text('new.csr'),
  csr: parseCsr(text('new.csr')),
  privateKey: createPrivateKey(text('new.key')),
};

function clientOf(options: CaOptions, entry: object = {}) {
  const ca = new TestCa({ grantImplicit: true, ...options });
  const [server] = parseCmpServers(
    JSON.stringify({
      cmpv2Servers: [
        {
          caName: 'RA',
          url: 'http://ca.test/',
          issuerDN: 'CN=Test Issuing CA,O=CMP Test',
          authentication: { iak: SECRET.toString(), rv: 'reference-1' },
          ...entry,
        },
      ],
    }),
    context,
  );
  if (server === undefined) throw new Error('no server');
  const clock = new ManualClock(new Date('2027-01-01T00:00:00Z'));
  const client = new CaClient(server, { clock, random: systemRandom, logger: silentLogger, transport: ca.transport });
  return { ca, client, clock };
}

async function enroll(options: CaOptions, entry: object = {}) {
  const { chain, trusted } = await clientOf(options, entry).client.enroll(wanted, undefined, signal);
  const names = (list: readonly Uint8Array[]) =>
    list.map((der) => /CN=([^,]*)/.exec(Certificate.parse(der).subjectText)?.[1]);
  return { chain: names(chain), trusted: names(trusted) };
}

const CHAIN = ['new.example.com', 'Test Issuing CA'];
const ROOTS = { trust: { file: 'root.crt' } };

describe('chain and trusted certificates of a reply', () => {
  it.each<[string, CaOptions, object, readonly string[]]>([
    ['root in caPubs', { caPubs: ['root.crt'] }, {}, ['Test Root']],
    ['root in extraCerts, and configured', { extraCerts: ['issuing.crt', 'root.crt'] }, ROOTS, ['Test Root']],
    ['another root in caPubs', { caPubs: ['root.crt', 'root-two.crt'] }, {}, ['Test Root', 'Test Root Two']],
    [
      'another root in extraCerts',
      { caPubs: ['root.crt'], extraCerts: ['issuing.crt', 'root-two.crt'] },
      {},
      ['Test Root'],
    ],
    ['intermediate in caPubs', { caPubs: ['issuing.crt', 'root.crt'], extraCerts: [] }, {}, ['Test Root']],
    ['intermediate in both', { caPubs: ['issuing.crt', 'root.crt'], extraCerts: ['issuing.crt'] }, {}, ['Test Root']],
    ['root in both', { caPubs: ['root.crt'], extraCerts: ['root.crt', 'issuing.crt'] }, {}, ['Test Root']],
    [
      'an end-entity certificate beside',
      { caPubs: ['root.crt', 'server.crt'], extraCerts: ['issuing.crt', 'bystander.crt'] },
      {},
      ['Test Root'],
    ],
    [
      'two roots configured',
      {},
      { trust: { pem: text('root.crt') + text('root-two.crt') } },
      ['Test Root', 'Test Root Two'],
    ],
    ['only the intermediate configured', {}, { trust: { file: 'issuing.crt' } }, ['Test Issuing CA']],
  ])('%s', async (_name, options, entry, trusted) =>
    expect(await enroll(options, entry)).toEqual({ chain: CHAIN, trusted }),
  );

  it.each<[string, CaOptions, object]>([
    ['nothing but the certificate', { extraCerts: [] }, {}],
    ['a wrong root', { caPubs: ['root-two.crt'] }, {}],
    ['a root without the intermediate', { caPubs: ['root.crt'], extraCerts: [] }, {}],
    ['a root in extraCerts alone', { extraCerts: ['issuing.crt', 'root.crt'] }, {}],
    ['a certificate for another key', { caPubs: ['root.crt'], certificate: 'new-other-key.crt' }, {}],
    [
      'a root in caPubs that is not the configured one',
      { caPubs: ['rogue-root.crt'], certificate: 'new-other-root.crt' },
      ROOTS,
    ],
  ])('%s is refused', async (_name, options, entry) => {
    await expect(clientOf(options, entry).client.enroll(wanted, undefined, signal)).rejects.toMatchObject({
      problem: {
        kind: 'cmpClient',
        detail: expect.stringMatching(/^Something was wrong with the supplied certificate/),
      },
    });
  });

  it('a signed reply is refused without configured trust, whatever comes in caPubs', async () => {
    const { client } = clientOf({ caPubs: ['root.crt'], protector: signingProtector() });
    await expect(client.enroll(wanted, undefined, signal)).rejects.toMatchObject({
      problem: { kind: 'cmpClient', detail: expect.stringContaining('add "trust" to its entry in cmpServers.json') },
    });
    const { client: trusting } = clientOf({ protector: signingProtector() }, ROOTS);
    expect((await trusting.enroll(wanted, undefined, signal)).trusted).toHaveLength(1);
  });

  it('names other than requested are refused, unless the entry accepts them', async () => {
    const options = { certificate: 'new-other-subject.crt' };
    await expect(enroll(options, ROOTS)).rejects.toBeInstanceOf(ApiError);
    expect((await enroll(options, { ...ROOTS, acceptModifications: true })).chain[0]).toBe('other.example.com');
  });
});

describe('the request to the CA', () => {
  it.each([
    ['the usages that ONAP asks for where the CSR names none', 'new.csr', 3],
    ['what the CSR asks for, where it does', 'new-usages.csr', 4],
  ])('holds %s', async (_name, file, count) => {
    const { ca, client } = clientOf({ caPubs: ['root.crt'] });
    const csrPem = text(file);
    await client.enroll({ ...wanted, csrPem, csr: parseCsr(csrPem) }, undefined, signal);
    const body = ca.received[0]?.body;
    if (body?.type !== 'ir') throw new Error('no ir');
    const [message] = body.value;
    expect(message?.popo?.type).toBe('signature');
    expect(message?.certReq.certTemplate.extensions).toHaveLength(count);
    expect(Buffer.from(ca.received[0]?.header.senderKID ?? []).toString()).toBe('reference-1');
  });
});

describe('a CA that never decides', () => {
  it('is given up at the limit of the entry', async () => {
    const { client, clock, ca } = clientOf({
      response: { status: { status: 'waiting' }, certifiedKeyPair: undefined },
      ...ROOTS,
    });
    const result = client.enroll(wanted, undefined, signal).catch((error: unknown) => error);
    while (clock.monotonic() < 60_000) await clock.advance(5_000);
    expect(await result).toMatchObject({ problem: { kind: 'cmpClient' } });
    expect(ca.bodies.slice(0, 2)).toEqual(['ir', 'pollReq']);
  });
});

describe('a client of the API that hangs up', () => {
  it('ends the exchange', async () => {
    const gone = new AbortController();
    const { client } = clientOf({
      twist: () => {
        gone.abort(new Error('hung up'));
        return {};
      },
      response: { status: { status: 'waiting' }, certifiedKeyPair: undefined },
    });
    await expect(client.enroll(wanted, undefined, gone.signal)).rejects.toThrow('hung up');
  });
});
