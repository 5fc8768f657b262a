import type { RequestInfo } from '../../../src/sandbox/apiserver/index.js';
import type { Behaviour } from '../../../src/sandbox/ca/index.js';
import type { PassingMessage } from '../../../src/sandbox/ca/message-gate.js';
import type { Hold } from '../../../src/sandbox/gate.js';
import type { Asked, Confirmation, Place, Protection } from './chaos-cluster.js';

/** The ways an enrolment can go that make a difference to what a crash leaves behind. */
export interface Variant {
  readonly confirmation: Confirmation;
  readonly protection: Protection;
  readonly polling: boolean;
}

/** A controller that was stopped in the middle of something. */
export interface Stop {
  /** Settles when it is there. */
  readonly reached: Promise<unknown>;
  /** Called when the controller is dead: decides about what it left behind. */
  abandon(): void;
  /** Called when the request has its certificate after all. */
  finish(): void;
}

/** One point between "request seen" and "status written" at which the controller may die. */
export interface KillPoint {
  readonly name: string;
  applies(variant: Variant): boolean;
  stop(place: Place, asked: Asked): Stop;
  /** How many certificates may be left over at the CA per death at this point. */
  extras(variant: Variant): 0 | 1;
  /** Holds a connection to the API server, of which the controller has a limited number. */
  readonly holdsApi: boolean;
  /** How long the CA takes, where it takes time. Default: two pollReps that ask for one second each. */
  readonly patience?: NonNullable<Behaviour['polling']>;
}

type Situation = (place: Place, asked: Asked) => boolean;

const always = () => true;
const polling = (variant: Variant): boolean => variant.polling;
const atOnce = (variant: Variant): boolean => !variant.polling;
const explicit = ({ confirmation }: Variant): boolean => confirmation === 'Explicit';
const recorded = (variant: Variant): boolean => explicit(variant) || variant.polling;
const none = (): 0 => 0;
const one = (): 1 => 1;

const hasCertificate: Situation = ({ cluster }, asked) => cluster.certificates(asked).length > 0;
const isRecorded: Situation = ({ records }) => records.length > 0;

function stopAt<Subject, Spoil>(hold: Hold<Subject, Spoil>, loss: Spoil): Stop {
  return {
    reached: hold.first,
    abandon: () => {
      for (const held of hold.held) held.spoil(loss);
      hold.lift();
    },
    finish: () => hold.lift(),
  };
}

/** Stops a message to the CA, or its answer; both are lost with the controller. */
const onTheWayToCa =
  (matches: (message: PassingMessage) => boolean, situation: Situation = always) =>
  (place: Place, asked: Asked): Stop => {
    const { gate } = place.ca;
    const hold = gate.hold((message) => message.path === place.path && matches(message) && situation(place, asked));
    return stopAt(hold, { type: 'reset' });
  };

const REQUESTS = ['ir', 'cr', 'p10cr', 'kur'];
const RESPONSES = ['ip', 'cp', 'kup'];
const POLL = ['pollReq'];
const CONFIRM = ['certConf'];

const unread =
  (bodies: readonly string[]) =>
  ({ point, body }: PassingMessage): boolean =>
    point === 'beforeReading' && bodies.includes(body);

const answered =
  (bodies: readonly string[], answers: readonly string[]) =>
  ({ body, answer = 'none' }: PassingMessage): boolean =>
    bodies.includes(body) && answers.includes(answer);

/** Stops a write to the API server before or after it is done. */
const onTheWayToApi =
  (point: 'before' | 'after', matches: (request: RequestInfo) => boolean, situation: Situation = always) =>
  (place: Place, asked: Asked): Stop => {
    const { faults } = place.cluster.sandbox.api;
    const hold = faults.hold(
      point,
      (request) => request.namespace === place.namespace && matches(request) && situation(place, asked),
    );
    return stopAt(hold, 'cut');
  };

const writesRecord = ({ resource, verb }: RequestInfo): boolean =>
  resource === 'cmpv2transactions' && ['create', 'update', 'patch'].includes(verb);
const removesRecord = ({ resource, verb }: RequestInfo): boolean =>
  resource === 'cmpv2transactions' && verb === 'delete';
/** Only the last one: a request that waits is told so before. */
const writesStatus = ({ resource, subresource, verb }: RequestInfo): boolean =>
  resource === 'certificaterequests' && subresource === 'status' && verb === 'patch';

/** A message that is stopped and comes to the CA only when everything is over: networks do that, too. */
const late =
  (matches: (message: PassingMessage) => boolean) =>
  (place: Place): Stop => {
    const { gate } = place.ca;
    let stopped = false;
    const hold = gate.hold((message) => {
      const first = !stopped && message.path === place.path && matches(message);
      stopped ||= first;
      return first;
    });
    return { reached: hold.first, abandon: () => {}, finish: () => hold.lift() };
  };

/** While nothing is under way: the CA has said "later", and it is written down. */
function betweenPolls(place: Place, asked: Asked): Stop {
  const { cluster } = place;
  const reached = cluster.until(
    `${place.namespace} to wait for the CA`,
    () => place.records.length > 0 && cluster.reason(asked) === 'Pending',
    30_000,
  );
  return { reached, abandon: () => {}, finish: () => {} };
}

/** The API server is out of order, and goes down with the controller: nothing of the certificate can be kept. */
function refusedAgain(place: Place, asked: Asked): Stop {
  const { faults } = place.cluster.sandbox.api;
  let on = true;
  let refused = 0;
  let reach: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  faults.failNext({
    code: 503,
    count: Number.POSITIVE_INFINITY,
    match: (request) => {
      const met = on && request.namespace === place.namespace && writesRecord(request) && hasCertificate(place, asked);
      if (met && ++refused >= 2) reach();
      return met;
    },
  });
  const end = () => {
    on = false;
  };
  return { reached, abandon: end, finish: end };
}

const PAIRS = [
  ['before', 'not done'],
  ['after', 'done, answer lost'],
] as const;

/** The same point twice: the API server has not done what was asked, or has. */
function write(
  name: string,
  matches: (request: RequestInfo) => boolean,
  situation: Situation,
  applies: KillPoint['applies'],
  extras: Readonly<Record<'before' | 'after', KillPoint['extras']>>,
): readonly KillPoint[] {
  return PAIRS.map(([point, title]) => ({
    name: `${name}: ${title}`,
    applies,
    stop: onTheWayToApi(point, matches, situation),
    extras: extras[point],
    holdsApi: true,
  }));
}

const ca = (
  name: string,
  applies: KillPoint['applies'],
  stop: KillPoint['stop'],
  extras: KillPoint['extras'],
): KillPoint => ({ name, applies, stop, extras, holdsApi: false });

/** In the order in which an enrolment passes them. */
export const KILL_POINTS: readonly KillPoint[] = [
  ca('request sent, lost', always, onTheWayToCa(unread(REQUESTS)), none),
  ca('request sent, arrives after everything else', always, late(unread(REQUESTS)), none),
  ca('CA issued, answer lost', atOnce, onTheWayToCa(answered(REQUESTS, RESPONSES)), one),
  ca('CA said waiting, answer lost', polling, onTheWayToCa(answered(REQUESTS, RESPONSES)), none),
  ca('first pollReq sent, lost', polling, onTheWayToCa(unread(POLL)), none),
  ...write('record that the CA wants time', writesRecord, (place, asked) => !hasCertificate(place, asked), polling, {
    before: none,
    after: none,
  }),
  {
    ...ca('between two polls', polling, betweenPolls, none),
    // Long enough for others that die with it to come to their points.
    patience: { polls: 2, checkAfterSeconds: 5 },
  },
  ca('later pollReq sent, lost', polling, onTheWayToCa(unread(POLL), isRecorded), none),
  ca('CA said "not yet" again, answer lost', polling, onTheWayToCa(answered(POLL, ['pollRep']), isRecorded), none),
  ca('CA issued after polling, answer lost', polling, onTheWayToCa(answered(POLL, RESPONSES)), one),
  ...write('record that there is a certificate to confirm', writesRecord, hasCertificate, explicit, {
    before: one,
    after: none,
  }),
  ca('record that there is a certificate to confirm: refused again and again', explicit, refusedAgain, one),
  ca('certConf sent, lost', explicit, onTheWayToCa(unread(CONFIRM)), none),
  ca('CA confirmed, pkiconf lost', explicit, onTheWayToCa(answered(CONFIRM, ['pkiconf'])), none),
  ...write('status', writesStatus, hasCertificate, always, {
    before: ({ confirmation }) => (confirmation === 'Implicit' ? 1 : 0),
    after: none,
  }),
  ...write('record removed', removesRecord, hasCertificate, recorded, { before: none, after: none }),
];
