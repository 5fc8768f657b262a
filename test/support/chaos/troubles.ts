import type { RequestMatch } from '../../../src/sandbox/apiserver/index.js';
import type { Behaviour, HttpFault } from '../../../src/sandbox/ca/index.js';
import type { Asked, ChaosCluster, Place, PlaceOptions } from './chaos-cluster.js';
import { judgeAll } from './verdict.js';

/** Something that goes wrong while one request is served, and the most certificates it may leave over at the CA. */
export interface Trouble {
  readonly name: string;
  readonly extras: number;
  readonly place?: Partial<PlaceOptions>;
  /** Makes it go wrong, before the request is there. The result tells later whether it did. */
  readonly arrange?: (place: Place) => () => boolean;
}

type Stages = NonNullable<Behaviour['http']>['stages'];

/** The first `times` answers of these stages are spoilt, or with `before` the requests lost. */
const http = (
  fault: HttpFault,
  options: { readonly before?: true; readonly stages?: NonNullable<Stages>; readonly times?: number } = {},
): Behaviour => ({ http: { times: 1, ...options, fault } });

const RESET: HttpFault = { type: 'reset' };
const SILENCE: HttpFault = { type: 'silence' };
const POLLING: Behaviour = { polling: { polls: 2, checkAfterSeconds: 1 } };
/** Short, but longer than a busy machine takes. */
const HASTY = { requestTimeoutSeconds: 3 };

const atCa = (name: string, extras: number, behaviour: Behaviour, cmp: object = {}): Trouble => ({
  name,
  extras,
  place: { behaviour, cmp },
});

const status = (code: number, retryAfterSeconds?: number): HttpFault => ({
  type: 'status',
  status: code,
  body: code === 503 ? 'html' : 'none',
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
});

/** Between the controller and the CA. */
export const CA_TROUBLES: readonly Trouble[] = [
  atCa('the request is lost', 0, http(RESET, { before: true })),
  atCa('the answer to the request is lost', 1, http(RESET, { stages: ['certificate'] })),
  atCa('two answers to the request are lost', 2, http(RESET, { stages: ['certificate'], times: 2 })),
  atCa('the CA never answers', 1, http(SILENCE, { stages: ['certificate'] }), HASTY),
  atCa('the answer drips in', 0, http({ type: 'drip', octetsPerChunk: 64, intervalMilliseconds: 20 })),
  atCa(
    'the answer drips in for too long',
    1,
    http({ type: 'drip', octetsPerChunk: 16, intervalMilliseconds: 100 }, { stages: ['certificate'] }),
    HASTY,
  ),
  atCa('half an answer', 1, http({ type: 'truncatedTransfer' }, { stages: ['certificate'] })),
  ...[500, 502, 503, 504].map((code) => atCa(`HTTP ${code}`, 0, http(status(code), { before: true }))),
  atCa('HTTP 503 with Retry-After', 0, http(status(503, 1), { before: true, times: 2 })),
  atCa('HTTP 429 with Retry-After', 0, http(status(429, 1), { before: true, times: 2 })),
  atCa('HTTP 503 from a proxy, after the CA has issued', 1, http(status(503), { stages: ['certificate'] })),
  atCa('certConf is lost', 0, http(RESET, { before: true, stages: ['confirmation'] })),
  atCa(
    'pkiconf is lost, and certConf sent again meets badRecipientNonce',
    0,
    http(RESET, { stages: ['confirmation'] }),
  ),
  atCa('pkiconf is lost, and certConf sent again meets certConfirmed', 0, {
    ...http(RESET, { stages: ['confirmation'] }),
    recipNonce: 'ignore',
  }),
  atCa('pkiconf is lost, and certConf sent again meets pkiconf', 0, {
    ...http(RESET, { stages: ['confirmation'] }),
    recipNonce: 'ignore',
    confirmedAgain: 'pkiconf',
  }),
  atCa('pkiconf never comes', 0, http(SILENCE, { stages: ['confirmation'] }), HASTY),
  atCa('the answer "waiting" is lost', 0, { ...POLLING, ...http(RESET, { stages: ['poll'] }) }),
  atCa('a pollReq is lost', 0, { ...POLLING, ...http(RESET, { before: true, stages: ['poll'] }) }),
  atCa('the certificate is lost after polling', 1, { ...POLLING, ...http(RESET, { stages: ['certificate'] }) }),
  atCa('the same, and the CA has no more to say than badRequest', 1, {
    ...POLLING,
    ...http(RESET, { stages: ['certificate'] }),
    recipNonce: 'ignore',
  }),
];

const statusWrite =
  ({ namespace }: Place): RequestMatch =>
  (request) =>
    request.namespace === namespace && request.resource === 'certificaterequests' && request.verb === 'patch';

const recordWrite =
  ({ namespace }: Place): RequestMatch =>
  (request) =>
    request.namespace === namespace &&
    request.resource === 'cmpv2transactions' &&
    ['create', 'update', 'patch'].includes(request.verb);

const recordDelete =
  ({ namespace }: Place): RequestMatch =>
  (request) =>
    request.namespace === namespace && request.resource === 'cmpv2transactions' && request.verb === 'delete';

const WRITES = [
  ['the status', statusWrite],
  ['the record', recordWrite],
  ['the removal of the record', recordDelete],
] as const;

/** Between the controller and the API server, about one kind of write. */
export const API_TROUBLES: readonly Trouble[] = WRITES.flatMap(([what, of]): readonly Trouble[] => {
  const trouble = (name: string, arrange: (cluster: ChaosCluster, match: RequestMatch) => void): Trouble => ({
    name: `${what}: ${name}`,
    extras: 0,
    place: { behaviour: POLLING },
    arrange: (place) => {
      const matches = of(place);
      let met = false;
      arrange(place.cluster, (request) => {
        met ||= matches(request);
        return matches(request);
      });
      return () => met;
    },
  });
  const refused = (code: number, count: number) =>
    trouble(`${count} x ${code}`, ({ sandbox }, match) => sandbox.api.faults.failNext({ code, count, match }));
  return [
    refused(409, 2),
    refused(500, 3),
    refused(503, 2),
    trouble('429 with Retry-After', ({ sandbox }, match) => sandbox.api.faults.throttleNext(2, 1, match)),
    trouble('the answer is lost', ({ sandbox }, match) => sandbox.api.faults.loseResponseAfterCommit(1, match)),
  ];
});

/** Runs all of them at once, each with an issuer of its own, and gives what went wrong, by name. */
export async function runTroubles(
  cluster: ChaosCluster,
  troubles: readonly Trouble[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await Promise.all(
    troubles.map(async ({ name, extras, place: special, arrange }): Promise<[string, readonly string[]]> => {
      const place = cluster.place({ protection: 'MAC', confirmation: 'Explicit', ...special });
      const wasMet = arrange?.(place);
      const problems = await problemsOf(place, await place.ask(), extras);
      return [name, wasMet?.() === false ? ['it never came to that', ...problems] : problems];
    }),
  );
  return new Map(found);
}

/** What is wrong once the request had every chance to get its certificate. */
export async function problemsOf(place: Place, asked: Asked, allowed: number): Promise<readonly string[]> {
  const { cluster } = place;
  await cluster
    .until(`${place.namespace} to be over`, () => cluster.isIssued(asked) && place.records.length === 0, 60_000)
    .catch(() => {});
  const [verdict] = await judgeAll(cluster, [asked]);
  if (verdict === undefined) throw new Error(`nobody has judged ${place.namespace}`);
  return [
    ...verdict.problems,
    ...(verdict.extras.length > allowed ? [`${verdict.extras.length} certificates are left over`] : []),
    ...place.records.map((name) => `the record ${name} is left over`),
  ];
}
