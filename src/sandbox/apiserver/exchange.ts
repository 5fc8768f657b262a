import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import type { User, Users } from './auth.js';
import type { Cluster } from './cluster.js';
import type { Faults } from './faults.js';
import type { Journal } from './journal.js';
import * as status from './status.js';

export interface HttpContext {
  readonly cluster: Cluster;
  readonly users: Users;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly logger: Logger;
  readonly random: Random;
  readonly bookmarkInterval: number;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** What a handler answers: text and its code. */
export type Reply = { readonly code: number; readonly json: string; readonly type?: string };

/** One request on its way. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly url: URL;
  readonly user: User;
  readonly contentType: string | undefined;
}

export const json = (code: number, value: unknown): Reply => ({ code, json: JSON.stringify(value) });

export const failure = (error: status.ApiError): Reply => ({
  code: error.status.code,
  json: JSON.stringify(error.status),
});

export function send(reply: FastifyReply, outcome: Reply): FastifyReply {
  if (outcome.code >= 400 && outcome.type === undefined) {
    const details: { details?: status.StatusDetails } = JSON.parse(outcome.json);
    const seconds = details.details?.retryAfterSeconds;
    if (seconds !== undefined) reply.header('retry-after', String(seconds));
  }
  return reply
    .code(outcome.code)
    .type(outcome.type ?? 'application/json')
    .send(outcome.json);
}

/** Fastify's own refusals and our mistakes, in the server's form. */
export function toApiError(error: unknown, logger: Logger): status.ApiError {
  if (error instanceof status.ApiError) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new status.ApiError(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728');
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  logger.error({ error: text }, 'embedded API server failed');
  const message = error instanceof Error ? error.message : String(error);
  return new status.ApiError(500, 'InternalError', `Internal error occurred: ${message}`);
}
