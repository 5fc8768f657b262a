import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ANSWER_LIMIT_NAMES, ANSWER_LIMITS } from '../../../src/cmp/index.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { type ApiServer, startApiServer } from '../../../src/sandbox/apiserver/index.js';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ scheme: 'http' });
});
afterAll(() => server.close());

const mac = (change: object) => ({ protection: { mac: { secretRef: { name: 'a' }, ...change } } });
const endpoint = (change: object) => ({ endpoints: [{ url: 'https://ca.example/cmp', ...change }] });
const minimal = { ...endpoint({}), ...mac({}), trust: { caBundle: 'PEM' } };

let count = 0;
/** Has the API server take an issuer; returns its spec.cmp as stored, defaults filled in. Throws what kubectl would show. */
function created(cmp: object, spec: object = {}): Readonly<Record<string, unknown>> {
  const { spec: stored } = server.objects.create({
    apiVersion: 'certmanager.onap.org/v1',
    kind: 'CMPv2Issuer',
    metadata: { name: `issuer-${++count}`, namespace: 'default' },
    spec: { cmp: { ...minimal, ...cmp }, ...spec },
  }) as unknown as { readonly spec: { readonly cmp: Readonly<Record<string, unknown>> } };
  return stored.cmp;
}

const FINGERPRINT = Array(32).fill('0a').join(':');

describe('spec.cmp', () => {
  it.each<[string, object]>([
    ['PBMAC1', mac({ algorithm: 'PBMAC1', iterations: 250_000 })],
    ['a fingerprint with colons', { expectedSigner: FINGERPRINT }],
    ['a fingerprint without', { expectedSigner: FINGERPRINT.replaceAll(':', '').toUpperCase() }],
    [
      'a certificate as signer',
      { expectedSigner: readFileSync(join(packageRoot(), 'fixtures', 'pki', 'root.crt'), 'utf8') },
    ],
    ['an envelope', { nested: { secretRef: { name: 'ra' } } }],
    ['a profile of the CA', { certProfile: 'tls-server' }],
    ['a proxy', endpoint({ proxy: 'http://proxy.example:3128' })],
    ['a proxy with credentials', endpoint({ proxy: 'https://proxy/', proxySecretRef: { name: 'proxy' } })],
    ['signers without digitalSignature', { ignoreKeyUsage: true }],
    ['a window for messageTime', { messageTimeToleranceSeconds: 300 }],
    ['limits of its own', { answerLimits: { maxElements: 50_000, minPollSeconds: 10, maxPollSeconds: 10 } }],
  ])('takes %s', (_what, change) => expect(created(change)).toMatchObject(change));

  it.each<[string, object, RegExp]>([
    ['too few iterations for PBMAC1', mac({ algorithm: 'PBMAC1', iterations: 999 }), /PBMAC1 needs at least 1000/],
    ['too many iterations for PBM', mac({ iterations: 100_001 }), /PBM takes at most 100000 iterations/],
    ['another MAC algorithm', mac({ algorithm: 'DHBasedMac' }), /algorithm/],
    ['a fingerprint that is too short', { expectedSigner: FINGERPRINT.slice(3) }, /expectedSigner/],
    ['a fingerprint with other text', { expectedSigner: `SHA256:${FINGERPRINT}` }, /expectedSigner/],
    ['an envelope signed by nobody', { nested: {} }, /secretRef/],
    ['a profile without a name', { certProfile: '' }, /certProfile/],
    ['a proxy that is none', endpoint({ proxy: 'socks5://proxy:1080' }), /proxy/],
    ['a proxy with a path', endpoint({ proxy: 'http://proxy/path' }), /proxy/],
    ['a password in the URL of a proxy', endpoint({ proxy: 'http://u:p@proxy/' }), /proxy/],
    ['credentials for no proxy', endpoint({ proxySecretRef: { name: 'proxy' } }), /proxySecretRef needs proxy/],
    ['TLS without https', endpoint({ url: 'http://ca/', tls: { serverName: 'ca' } }), /tls needs an https URL/],
    [
      'polls further apart at least than at most',
      { answerLimits: { minPollSeconds: 20, maxPollSeconds: 19 } },
      /minPollSeconds must not be above maxPollSeconds/,
    ],
  ])('is refused with %s', (_what, change, message) => expect(() => created(change)).toThrow(message));

  it('leaves to the profile what it does not say', () => {
    const stored = created({});
    expect(stored).toMatchObject({ profile: 'default', protection: { mac: { algorithm: 'PBM' } } });
    for (const name of ['ignoreKeyUsage', 'messageTimeToleranceSeconds', 'answerLimits', 'expectedSigner', 'nested']) {
      expect(stored).not.toHaveProperty(name);
    }
  });
});

interface Schema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const crd = parse(readFileSync(join(packageRoot(), 'crds', 'certmanager.onap.org_cmpv2issuers.yaml'), 'utf8')) as {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
};
const specSchema = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'] ?? {};

/** Every number below `schema`, by its path. */
function numbers(schema: Schema, path: readonly string[] = []): readonly (readonly [string, Schema])[] {
  if (schema.type === 'integer') return [[path.join('.'), schema]];
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => numbers(field, [...path, name]));
}

/** `value` at this path of an otherwise minimal spec. Where it is about a MAC, the algorithm is one that takes it. */
function specWith(path: string, value: number): readonly [object, object] {
  const [first = '', ...rest] = path.split('.');
  const nest = (names: readonly string[]): unknown =>
    names.length === 0 ? value : { [names[0] ?? '']: nest(names.slice(1)) };
  if (first !== 'cmp') return [{}, { [first]: nest(rest) }];
  if (path === 'cmp.protection.mac.iterations') {
    return [mac({ iterations: value, algorithm: value > 100_000 ? 'PBMAC1' : 'PBM' }), {}];
  }
  return [{ [rest[0] ?? '']: nest(rest.slice(1)) }, {}];
}

describe('every number', () => {
  const all = numbers(specSchema).filter(([path]) => !path.startsWith('certService.'));
  // A lower bound alone would be above the usual upper one.
  const partner: Readonly<Record<string, object>> = { minPollSeconds: { maxPollSeconds: 86_400 } };
  const limits = (path: string, value: number): readonly [object, object] => {
    const name = path.replace('cmp.answerLimits.', '');
    return name === path ? specWith(path, value) : [{ answerLimits: { ...partner[name], [name]: value } }, {}];
  };

  it('is found', () => expect(all.length).toBeGreaterThan(15));

  it.each(all)('%s has bounds, and they hold exactly', (path, { minimum = Number.NaN, maximum = Number.NaN }) => {
    for (const value of [minimum, maximum]) expect(() => created(...limits(path, value))).not.toThrow();
    for (const value of [minimum - 1, maximum + 1]) {
      expect(() => created(...limits(path, value))).toThrow(path.split('.').at(-1));
    }
  });
});

it('has the limits on answers of the code', () => {
  const { properties = {} } = specSchema.properties?.['cmp']?.properties?.['answerLimits'] ?? {};
  expect(Object.keys(properties)).toEqual(ANSWER_LIMIT_NAMES);
  for (const name of ANSWER_LIMIT_NAMES) {
    const { default: usual, least, most, meaning } = ANSWER_LIMITS[name];
    expect(properties[name]).toMatchObject({
      minimum: least,
      maximum: most,
      description: `${meaning} Absent: ${usual}.`,
    });
  }
});
