import {
  CmpError,
  type CmpSession,
  createHttpTransport,
  type HttpTransport,
  type MessageObserver,
  outcomeUnknown,
} from '../cmp/index.js';
import type { Clock } from '../runtime/clock.js';
import { type Logger, silentLogger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import type { DirectBackendConfig } from './direct-config.js';
import { configuredSession } from './direct-setup.js';
import { EnrollmentError } from './error.js';
import { leftoverCertificate } from './leftover.js';

export interface DirectSeams {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Instead of HTTP to the configured endpoints. */
  readonly transport?: HttpTransport;
  /** Sees every message in DER, e.g. to record it. */
  readonly onMessage?: MessageObserver;
  /** Told when the CA wants time for an answer that is waited for; milliseconds, and its reason if it gives one. */
  readonly onWait?: CmpSession['onWait'];
}

const LINE_FEED = 0x0a;

/**
 * Checks the whole configuration and makes a session with the CA of it; whoever made it closes its transport.
 * Throws EnrollmentError `ConfigurationInvalid`, naming the field.
 */
export function directSession(config: DirectBackendConfig, seams: DirectSeams): CmpSession {
  const { clock, random, onMessage, onWait, logger = silentLogger } = seams;
  const session: CmpSession = {
    ...configuredSession(config),
    clock,
    random,
    logger,
    ...(onMessage === undefined ? {} : { onMessage }),
    ...(onWait === undefined ? {} : { onWait }),
    transport: seams.transport ?? createHttpTransport({ endpoints: config.endpoints, ...config.limits }, clock),
  };
  if (config.protection.type === 'mac' && config.protection.secret.at(-1) === LINE_FEED) {
    logger.warn({ reference: config.protection.reference }, 'the shared secret ends with a line feed, which counts');
  }
  return session;
}

/** Turns what goes wrong into EnrollmentErrors; an abort stays what it is. */
export async function translate<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EnrollmentError || (signal.aborted && error === signal.reason)) throw error;
    if (error instanceof CmpError) throw enrollmentError(error);
    throw new EnrollmentError({
      code: 'Internal',
      retry: 'transient',
      message: 'the CMP client failed in a way it should not; please report this with the log',
      cause: error,
    });
  }
}

/** What a failure of the CMP client is to everybody above it. */
export function enrollmentError(error: CmpError): EnrollmentError {
  const { code, retry, message, failInfo, retryAfterMs, leftover } = error;
  return new EnrollmentError({
    code,
    retry,
    message,
    failInfo,
    // A claim that the transactionID is in use is reason enough to take another, whoever makes it.
    attemptSpent: !outcomeUnknown(error) || failInfo.includes('transactionIdInUse'),
    leftover: leftover && leftoverCertificate(leftover),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: error,
  });
}
