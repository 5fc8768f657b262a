/** `details` of a Status object, as far as anybody decides by it (kube "API conventions", Response Status Kind). */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural resource name for most reasons, the Kind for `Invalid`. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

interface ApiErrorInit {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** Seconds the server asks us to wait, from the header `Retry-After` or from the Status. */
  readonly retryAfterSeconds?: number;
}

const MAX_MESSAGE = 1024;
const MAX_CAUSES = 16;

/** The API server refused a call. The message is the server's own, bounded; never a body or a header. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status, equal to `code` of the Status object. */
  readonly code: number;
  /** Machine-readable reason (`NotFound`, `Conflict`, ...); empty when the answer was no Status object. */
  readonly reason: string;
  readonly details: StatusDetails;
  readonly retryAfterSeconds: number | undefined;

  constructor(init: ApiErrorInit) {
    super(init.message.length > MAX_MESSAGE ? `${init.message.slice(0, MAX_MESSAGE)}...` : init.message);
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details ?? {};
    this.retryAfterSeconds = init.retryAfterSeconds;
  }
}

/** Why no answer came. `unreachable`: nothing was sent. The others: what the server did with the call is unknown. */
export type TransportFailure = 'unreachable' | 'tls' | 'timeout' | 'reset' | 'protocol';

/** A call got no (usable) answer from the API server. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function statusDetails(value: unknown): StatusDetails {
  const details = record(value);
  const { name, group, kind, uid, causes } = details;
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof group === 'string' && { group }),
    ...(typeof kind === 'string' && { kind }),
    ...(typeof uid === 'string' && { uid }),
    ...(Array.isArray(causes) && { causes: causes.slice(0, MAX_CAUSES).map((cause) => statusCause(record(cause))) }),
  };
}

function statusCause({ reason, message, field }: Readonly<Record<string, unknown>>): StatusCause {
  return {
    ...(typeof reason === 'string' && { reason }),
    ...(typeof message === 'string' && { message: message.slice(0, MAX_MESSAGE) }),
    ...(typeof field === 'string' && { field }),
  };
}

/**
 * The error for a Status object, or for anything else that came in its place (a proxy's HTML page, nothing at all).
 * `retryAfterSeconds` is that of the header; it wins over the one in the Status.
 */
export function apiErrorFromStatus(status: unknown, httpCode: number, retryAfterSeconds?: number): ApiError {
  const { kind, code, reason, message, details } = record(status);
  if (kind !== 'Status') {
    return new ApiError({
      code: httpCode,
      reason: '',
      message: `the API server answered HTTP ${httpCode} without a Status object: is there a proxy in between?`,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  }
  const inBody = record(details)['retryAfterSeconds'];
  const wait = retryAfterSeconds ?? (typeof inBody === 'number' && inBody >= 0 ? inBody : undefined);
  const known = typeof code === 'number' && Number.isInteger(code) ? code : httpCode;
  return new ApiError({
    code: known,
    reason: text(reason) ?? '',
    message: text(message) ?? `the API server answered HTTP ${known}`,
    details: statusDetails(details),
    ...(wait !== undefined && { retryAfterSeconds: wait }),
  });
}

function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof ApiError && codes.includes(error.code);
}

export const isBadRequest = (error: unknown): boolean => hasCode(error, 400);
export const isForbidden = (error: unknown): boolean => hasCode(error, 403);
export const isNotFound = (error: unknown): boolean => hasCode(error, 404);
/** The *type* does not exist (its CRD is not installed), as opposed to one object of it. */
export const isTypeMissing = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 404 && error.details.name === undefined;
/** A POST on a name that is taken. Repeating it cannot help. */
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';
/** The object changed since it was read (or is another incarnation): read it again. Not AlreadyExists. */
export const isConflict = (error: unknown): boolean => hasCode(error, 409) && !isAlreadyExists(error);
/** The continue token or the resourceVersion is too old (reasons Expired and Gone): list again. */
export const isGone = (error: unknown): boolean => hasCode(error, 410);
export const isInvalid = (error: unknown): boolean => hasCode(error, 422);
export const isTooManyRequests = (error: unknown): boolean => hasCode(error, 429);

/** True when the same call may well succeed later without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  if (error instanceof TransportError) return true;
  return error instanceof ApiError && (error.code === 429 || error.code >= 500);
}
