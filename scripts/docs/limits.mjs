import { ANSWER_LIMITS } from '../../src/cmp/answer-limits.js';
import { code, GENERATED, table } from './markdown.mjs';

/** How messages travel: fields of an issuer, flags of the commands. */
const TRANSFER = [
  ['connectTimeoutSeconds', '--connect-timeout', '10', '1 to 120', 'Seconds to connect, TLS handshake included.'],
  ['requestTimeoutSeconds', '--timeout', '60', '1 to 600', 'Seconds from sending a message to the end of its answer.'],
  [
    'pollingTimeoutSeconds',
    '--poll-timeout',
    '604800; with the flag 3600',
    '60 to 7776000',
    'Seconds that the CA may keep a request waiting.',
  ],
  ['maxResponseBytes', '--max-response', '1048576', '4096 to 16777216', 'Octets of the largest answer that is read.'],
  [
    'messageTimeToleranceSeconds',
    '--message-time-tolerance',
    'not looked at',
    '1 to 86400',
    'Seconds that messageTime of an answer may lie from our clock.',
  ],
];

export function limitsPage() {
  return `${GENERATED}

# Limits

Whatever a server sends is bounded before it is read, and so is what it can make this client do. The defaults leave room for
every CA known. A limit holds exactly: at it all is well, one beyond it is not.

## The exchange

Fields of \`spec.cmp\`, and flags of the commands that talk to a CA.

${table(
  ['field', 'flag', 'default', 'from', 'meaning'],
  TRANSFER.map(([field, flag, ...rest]) => [code(field), code(flag), ...rest]),
)}

## Answers

Fields of \`spec.cmp.answerLimits\`; with the commands \`--limit NAME=NUMBER\`, as often as needed.

${table(
  ['limit', 'default', 'from', 'meaning'],
  Object.entries(ANSWER_LIMITS).map(([name, { default: usual, least, most, meaning }]) => [
    code(name),
    usual,
    `${least} to ${most}`,
    meaning,
  ]),
)}

What goes beyond one of them ends as an [error](errors.md) that says so: \`ResponseTooLarge\`,
\`ResponseMalformed\` (depth, elements), \`ProtectionInvalid\` (iterations, cost) or \`ChainIncomplete\` (length of a chain).
`;
}
