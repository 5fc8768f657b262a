import type { Clock } from '../../runtime/clock.js';
import { CmpError, type CmpRetryClass } from '../error.js';
import { printable } from '../text.js';

/** What came back, before the body is read. Header names in lower case. */
export interface HttpResponseHead {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;

/** The first value of a header, trimmed; empty if absent. `name` in lower case. */
export function header(head: HttpResponseHead, name: string): string {
  const value = head.headers[name];
  return (typeof value === 'string' ? value : (value?.[0] ?? '')).trim();
}

export const CMP_MEDIA_TYPE = 'application/pkixcmp';

/** RFC 9811 section 3.4; `-poll` is what old servers say. */
function isCmpMediaType(value: string): boolean {
  if (value === CMP_MEDIA_TYPE) return true;
  const type = (value.split(';', 1)[0] ?? '').trim().toLowerCase();
  return type === CMP_MEDIA_TYPE || type === 'application/pkixcmp-poll';
}

/** Retry-After (RFC 9110 section 10.2.3) in milliseconds from now, bounded; undefined if absent or unreadable. */
export function retryAfterMs(value: string, clock: Clock): number | undefined {
  if (value === '') return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - clock.now().getTime();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS) : undefined;
}

function retryOf(statusCode: number): CmpRetryClass {
  if (statusCode === 408 || statusCode === 425 || statusCode === 429) return 'transient';
  return statusCode >= 500 && statusCode !== 501 && statusCode !== 505 ? 'transient' : 'issuer';
}

function adviceFor(statusCode: number, type: string): string {
  if (statusCode === 200)
    return `answered with ${type === '' ? 'no content type' : `"${printable(type, 80)}"`} instead of application/pkixcmp; check the URL`;
  if (statusCode === 401 || statusCode === 403)
    return `refuses access (HTTP ${statusCode}); check the client certificate and the server's access rules`;
  if (statusCode === 407) return 'is behind a proxy that wants credentials (HTTP 407); give a user name and a password';
  if (statusCode === 404 || statusCode === 405)
    return `has no CMP service at this path (HTTP ${statusCode}); check the URL`;
  if (statusCode === 503 || statusCode === 429)
    return `is overloaded or limits our rate (HTTP ${statusCode}); the request is tried again later`;
  if (statusCode >= 500) return `failed (HTTP ${statusCode}); look into the server's log`;
  return `answered HTTP ${statusCode} without a CMP message`;
}

/**
 * Lets a response pass whose body is to be read as a PKIMessage: 200, or 4xx and 5xx with the CMP media type.
 * Throws CmpError `HttpFailed` for everything else, redirects included (RFC 9811 section 3.6; a 301 could divert us for ever).
 */
export function bodyIsCmp(head: HttpResponseHead, where: string, clock: Clock): void {
  const { statusCode } = head;
  const type = header(head, 'content-type');
  const encoding = header(head, 'content-encoding').toLowerCase();
  if (encoding !== '' && encoding !== 'identity') {
    throw new CmpError({
      code: 'HttpFailed',
      message: `${where} answered with content encoding "${printable(encoding, 40)}" although none was asked for; switch compression off there`,
    });
  }
  if ((statusCode === 200 || (statusCode >= 400 && statusCode <= 599)) && isCmpMediaType(type)) return;
  if (statusCode >= 300 && statusCode <= 399) {
    const location = printable(header(head, 'location'), 200) || 'nowhere';
    throw new CmpError({
      code: 'HttpFailed',
      message: `${where} redirects to ${location} (HTTP ${statusCode}); redirects are not followed, configure the final URL`,
    });
  }
  const wait = retryAfterMs(header(head, 'retry-after'), clock);
  throw new CmpError({
    code: 'HttpFailed',
    retry: retryOf(statusCode),
    message: `${where} ${adviceFor(statusCode, type)}`,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

function tooLarge(where: string, limit: number): CmpError {
  return new CmpError({
    code: 'ResponseTooLarge',
    message: `${where} sent an answer of more than ${limit} octets; reading was stopped. Raise the limit if the CA's answers are really that large`,
  });
}

/** The chunks of one body, as long as it stays within `limit` octets. Throws CmpError `ResponseTooLarge` as soon as it does not. */
export class BoundedBody {
  readonly #where: string;
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(where: string, limit: number) {
    this.#where = where;
    this.#limit = limit;
  }

  /** Takes the peer's word for a body that will be too large. */
  announced(head: HttpResponseHead): void {
    if (Number(header(head, 'content-length')) > this.#limit) throw tooLarge(this.#where, this.#limit);
  }

  add(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.#length > this.#limit) throw tooLarge(this.#where, this.#limit);
    this.#chunks.push(chunk);
  }

  octets(): Uint8Array {
    const [only, ...more] = this.#chunks;
    return only !== undefined && more.length === 0 ? only : Buffer.concat(this.#chunks, this.#length);
  }
}

/** The whole body of a stream; stops reading as soon as it is more than `limit` octets. */
export async function readBounded(
  stream: AsyncIterable<Uint8Array>,
  head: HttpResponseHead,
  where: string,
  limit: number,
): Promise<Uint8Array> {
  const body = new BoundedBody(where, limit);
  body.announced(head);
  for await (const chunk of stream) body.add(chunk);
  return body.octets();
}
