import { DerError } from '../../asn1/index.js';
import type { CmpError, CmpSession } from '../../cmp/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import type { Certificate } from '../../pki/index.js';
import type { Route } from './route.js';

/** Makes the session with one endpoint; what it sees of the answers is told to `onAnswer`. */
export type OpenSession = (onAnswer: (der: Uint8Array) => void) => CmpSession;

/** How the CA took the question for its CA certificates. */
export type Outcome =
  | { readonly kind: 'answered'; readonly caCerts: readonly Certificate[] }
  /** The CA itself, provably, did not answer what was asked. */
  | { readonly kind: 'declined'; readonly error: CmpError }
  | { readonly kind: 'unproven'; readonly error: CmpError };

/** What is known of the talk with one endpoint. */
export interface Talk {
  readonly route: Route;
  readonly session: CmpSession;
  /** The last answer, and when it came. Authentic only if the outcome says so. */
  answer: { readonly message: ReceivedMessage; readonly at: Date } | undefined;
  outcome: Outcome | undefined;
}

export function startTalk(route: Route, open: OpenSession): Talk {
  const talk: Talk = {
    route,
    session: open((der) => {
      talk.answer = readable(der, route);
    }),
    answer: undefined,
    outcome: undefined,
  };
  return talk;
}

function readable(der: Uint8Array, { clock }: Route): Talk['answer'] {
  try {
    return { message: decodeMessage(der), at: clock.now() };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
