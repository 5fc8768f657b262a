import { ERROR_CODES, RETRY_CLASSES } from '../../src/cmp/error-codes.js';
import { FAILURE_INFO, GRAVEST_FIRST } from '../../src/cmp/rules/failure-info.js';
import { MAX_RETRY_AFTER_MS } from '../../src/controller/next-record.js';
import { QUICK_TRIES, RETRY_PACE } from '../../src/controller/retry-pace.js';
import { FAILURES_TO_OPEN, PROBE_BACKOFF } from '../../src/controller/circuit-breaker.js';
import { code, GENERATED, table } from './markdown.mjs';

const seconds = (ms) => `${ms / 1000} s`;
const span = ({ initialMs, maxMs }) => `${seconds(initialMs)} at first, doubled up to ${seconds(maxMs)}`;

function nextTry({ quick, steady }) {
  if (steady === undefined) return 'none: the request fails, with `failureTime`';
  const steadily = span(steady);
  return quick === undefined ? steadily : `${QUICK_TRIES} times: ${span(quick)}; then ${steadily}`;
}

const fate = ({ steady }) => (steady === undefined ? '`Failed`' : '`Pending`');

export function errorsPage() {
  return `${GENERATED}

# Errors

A failure has one code and one retry class, from the CMP client to the condition, the event, the log line and the
metric label. The message says what happened, who said it, and what to do next.

## Retry classes

What the controller does with a request. Waits have full jitter: each is a random time up to the one given. A CA that
asks for more patience (\`Retry-After\`) gets it, up to ${seconds(MAX_RETRY_AFTER_MS)}.

${table(
  ['class', 'meaning', 'Ready reason', 'next try'],
  Object.entries(RETRY_CLASSES).map(([name, meaning]) => [
    code(name),
    meaning,
    fate(RETRY_PACE[name]),
    nextTry(RETRY_PACE[name]),
  ]),
)}

Every class but \`request\` leaves the request \`Pending\`, with the reason and the time of the next try in its condition.
A repaired issuer or Secret does not wait for that time: its requests are tried at once.

## Outages

After ${FAILURES_TO_OPEN} failures in a row that say that the CA cannot be reached or is out of order (\`ConnectionFailed\`, \`Timeout\`,
\`HttpFailed\` of class \`transient\`, \`systemUnavail\` and \`systemFailure\` from the CA itself), no exchange with it begins any
more. The issuer is not Ready, and its requests are \`Pending\` with one and the same message until it is over. The CA is
asked whether it is back: ${span(PROBE_BACKOFF)}, later if it asks for that. When it is, requests go on at
once, a few at first. A single request that a CA cannot digest is no outage, unless nobody is there to connect to.

## Codes

The class is the usual one; where a particular failure is known better, it has another one.

${table(
  ['code', 'usual class', 'meaning', 'what to do'],
  Object.entries(ERROR_CODES).map(([name, { retry, meaning, remedy }]) => [code(name), code(retry), meaning, remedy]),
)}

## Reasons of a CA

A CA says why it refuses with PKIFailureInfo (RFC 9810 section 5.2.3). The class of \`Rejected\` follows from it. Of several
reasons the gravest decides, in this order: ${GRAVEST_FIRST.map(code).join(', ')}. Without a reason that is known, the class is
\`request\`. In a message that nobody vouches for, it is \`unauthenticated\`, whatever the reason.

${table(
  ['failInfo', 'class', 'advice in the message'],
  Object.entries(FAILURE_INFO).map(([name, { retry, advice }]) => [code(name), code(retry), advice]),
)}
`;
}
