import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { startDeadline } from '../runtime/deadline.js';
import { ApiError, apiErrorFromStatus, TransportError } from './api-error.js';
import { CredentialCache, type Credentials, type KubeAccess, type TlsMaterial } from './credentials.js';
import { FlowControl, type FlowLimits } from './flow-control.js';
import { parseRetryAfter, retryWait } from './retry.js';
import { transportError } from './transport-failure.js';

export interface TransportRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Absolute. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Doing it twice is doing it once, so a broken connection may be answered by another try. */
  readonly idempotent: boolean;
}

/** A successful answer, read to its end. Header names in lower case. */
export interface TransportAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Metrics of the calls; `code` is the HTTP status, or the kind of failure when there was none. */
export interface TransportObserver {
  answered?(method: string, code: string, tookMs: number): void;
  /** A call had to wait because of `limits`. */
  throttled?(waitMs: number): void;
}

export interface TransportOptions {
  readonly access: KubeAccess;
  readonly clock: Clock;
  readonly uniform: Uniform;
  /** e.g. `cmpv2-issuer/1.2.3`; its first word is how the server names us in managedFields. */
  readonly userAgent: string;
  /** Of one call with all its retries, and of the first byte of a watch; 15 s if absent. */
  readonly deadlineMs?: number;
  /** Connections for calls; watches have their own. 32 if absent. */
  readonly connections?: number;
  /** Calls per second, retries and the opening of watches included; absent: as fast as the server lets us. */
  readonly limits?: FlowLimits;
  readonly observer?: TransportObserver;
}

const DEFAULT_DEADLINE_MS = 15_000;
const DEFAULT_CONNECTIONS = 32;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
/** A page of 500 large objects fits; a runaway answer does not take the process with it. */
const MAX_ANSWER_OCTETS = 256 * 1024 * 1024;
const MAX_ERROR_OCTETS = 64 * 1024;

/** Everything opened with one set of TLS material. */
interface Connections {
  readonly tls: TlsMaterial;
  readonly fingerprint: string;
  readonly calls: Dispatcher;
  /** Each watch holds an HTTP/1.1 connection for minutes: it must not take it from the calls. */
  readonly watches: Dispatcher;
}

/**
 * HTTP to one API server over few long-lived connections. Adds the credentials, gives every call a deadline, retries
 * what may be retried, and turns every failure into an ApiError or a TransportError.
 */
export class KubeTransport {
  readonly #options: TransportOptions;
  readonly #credentials: CredentialCache;
  readonly #flow: FlowControl | undefined;
  readonly #retired = new Set<Dispatcher>();
  #connections: Connections | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#credentials = new CredentialCache(options.access.read, options.clock);
    const { limits, clock, observer } = options;
    this.#flow = limits && new FlowControl(limits, clock, (waitMs) => observer?.throttled?.(waitMs));
  }

  get server(): string {
    return this.#options.access.server;
  }

  /** Sends one call and reads its answer. */
  async send(call: TransportRequest): Promise<TransportAnswer> {
    const { clock, uniform } = this.#options;
    // The deadline is the server's: what we make a call wait ourselves does not count against it.
    await this.#flow?.pass(call.signal);
    const deadline = this.#deadline(call);
    try {
      for (let tries = 1; ; tries++) {
        try {
          if (tries > 1) await this.#flow?.pass(deadline.signal);
          return await this.#observed(call, async () => {
            const answer = await this.#open(call, 'calls', deadline.signal);
            const text = await answer.body.text();
            return { status: answer.statusCode, headers: flatHeaders(answer.headers), text };
          });
        } catch (error) {
          if (deadline.signal.aborted) throw deadline.signal.reason;
          const failure = this.#failure(error);
          const wait = retryWait(failure, tries, call.idempotent, uniform);
          if (wait === undefined || wait >= deadline.remaining()) throw failure;
          await clock.sleep(wait, deadline.signal);
        }
      }
    } finally {
      deadline.release();
    }
  }

  /** Opens a stream (a watch); the deadline holds until its headers are there, the caller's signal until its end. */
  async *stream(call: TransportRequest): AsyncGenerator<Buffer, void, undefined> {
    await this.#flow?.pass(call.signal);
    const deadline = this.#deadline(call);
    try {
      const answer = await this.#observed(call, () => this.#open(call, 'watches', deadline.signal));
      deadline.lift();
      yield* answer.body as AsyncIterable<Buffer>;
    } catch (error) {
      if (deadline.signal.aborted) throw deadline.signal.reason;
      throw this.#failure(error);
    } finally {
      deadline.release();
    }
  }

  /** Breaks off whatever is under way. The transport cannot be used afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#retired];
    if (this.#connections !== undefined) open.push(this.#connections.calls, this.#connections.watches);
    this.#connections = undefined;
    this.#retired.clear();
    await Promise.all(open.map((dispatcher) => dispatcher.destroy()));
  }

  #deadline(call: TransportRequest) {
    const limitMs = this.#options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    const expired = () =>
      new TransportError(
        'timeout',
        `the API server ${this.server} gave no answer to ${call.method} within ${limitMs} ms`,
      );
    return startDeadline(this.#options.clock, limitMs, expired, call.signal);
  }

  #failure(error: unknown): ApiError | TransportError {
    return error instanceof ApiError ? error : transportError(error, this.server);
  }

  async #observed<T>(call: TransportRequest, work: () => Promise<T>): Promise<T> {
    const { clock, observer } = this.#options;
    if (observer?.answered === undefined) return work();
    const startedAt = clock.monotonic();
    const answered = (code: string) => observer.answered?.(call.method, code, clock.monotonic() - startedAt);
    try {
      const result = await work();
      answered('2xx');
      return result;
    } catch (error) {
      const failure = this.#failure(error);
      answered(failure instanceof TransportError ? failure.failure : String(failure.code));
      throw error;
    }
  }

  /** One exchange up to the headers of a 2xx answer; a refused token is read anew, once. */
  async #open(
    call: TransportRequest,
    pool: 'calls' | 'watches',
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    let credentials = await this.#credentials.get();
    let answer = await this.#exchange(call, pool, signal, credentials);
    if (answer.statusCode === 401) {
      await answer.body.dump();
      credentials = await this.#credentials.renew(credentials);
      answer = await this.#exchange(call, pool, signal, credentials);
    }
    if (answer.statusCode < 300) return answer;
    throw await this.#refusal(answer);
  }

  async #exchange(
    call: TransportRequest,
    pool: 'calls' | 'watches',
    signal: AbortSignal,
    credentials: Credentials,
  ): Promise<Dispatcher.ResponseData> {
    signal.throwIfAborted();
    return request(call.url, {
      dispatcher: this.#connectionsFor(credentials.tls)[pool],
      method: call.method,
      headers: { ...call.headers, ...credentials.headers, 'User-Agent': this.#options.userAgent },
      ...(call.body !== undefined && { body: call.body }),
      signal,
    });
  }

  async #refusal(answer: Dispatcher.ResponseData): Promise<ApiError> {
    const retryAfter = parseRetryAfter(flatHeaders(answer.headers)['retry-after'], this.#options.clock.now());
    return apiErrorFromStatus(await boundedJson(answer.body), answer.statusCode, retryAfter);
  }

  #connectionsFor(tls: TlsMaterial): Connections {
    if (this.#closed)
      throw new TransportError('unreachable', 'the connection to the API server was closed by ourselves');
    const old = this.#connections;
    if (old?.tls === tls) return old;
    const fingerprint = JSON.stringify(tls);
    if (old?.fingerprint === fingerprint) {
      // Read anew, but the same: from now on the cheap comparison holds again.
      this.#connections = { ...old, tls };
      return old;
    }
    this.#connections = {
      tls,
      fingerprint,
      calls: this.#dispatcher(tls, this.#options.connections ?? DEFAULT_CONNECTIONS),
      watches: this.#dispatcher(tls, null),
    };
    if (old !== undefined) {
      // New trust or a new client certificate: what is under way may end on the old connections.
      for (const dispatcher of [old.calls, old.watches]) {
        this.#retired.add(dispatcher);
        dispatcher
          .close()
          .finally(() => this.#retired.delete(dispatcher))
          .catch(() => {});
      }
    }
    return this.#connections;
  }

  #dispatcher(tls: TlsMaterial, connections: number | null): Dispatcher {
    const { proxyUrl } = this.#options.access;
    // Deadlines are ours (one per call); undici's own timers would only add second opinions.
    const common = {
      connections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(connections !== null && { maxResponseSize: MAX_ANSWER_OCTETS }),
    };
    const connect = { timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    if (proxyUrl === undefined) return new Agent({ ...common, connect: { ...connect, ...tls } });
    return new ProxyAgent({ ...common, uri: proxyUrl, connect, requestTls: { ...tls } });
  }
}

function flatHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/** The JSON of an error answer; undefined when it is none, or too long to be a Status object. */
async function boundedJson(body: Dispatcher.ResponseData['body']): Promise<unknown> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > MAX_ERROR_OCTETS) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
