import type { Dispatcher } from 'undici';
import type { Clock } from '../../runtime/clock.js';
import { startDeadline } from '../../runtime/deadline.js';
import { CmpError } from '../error.js';
import { printable } from '../text.js';
import { type EndpointDialer, endpointDialer } from './dispatcher.js';
import { ConnectFailure, connectError, exchangeError, timeoutError } from './failure.js';
import { bodyIsCmp, readBounded } from './response.js';
import type {
  ExchangeOptions,
  HttpTransport,
  TransferChannel,
  TransferEndpoint,
  TransferSettings,
} from './transport.js';

interface Target {
  readonly endpoint: TransferEndpoint;
  readonly dialer: EndpointDialer;
}

/** Proxies are dialled by undici itself: there only the system call tells that nothing was sent. */
function isConnectFailure(error: unknown): boolean {
  if (error instanceof ConnectFailure) return true;
  const { syscall, code } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

/** CMP over HTTP(S) (RFC 9811). Plain TLS sockets, no redirects, no decompression, bounded in time and size. */
export function createHttpTransport(settings: TransferSettings, clock: Clock): HttpTransport {
  const targets = settings.endpoints.map((endpoint) => ({ endpoint, dialer: endpointDialer(endpoint, settings) }));
  if (targets.length === 0) {
    throw new CmpError({ code: 'ConfigurationInvalid', message: 'no CMP endpoint is configured' });
  }

  async function post(
    { endpoint }: Target,
    dispatcher: Dispatcher,
    message: Uint8Array,
    signal: AbortSignal,
    { pauses = false }: ExchangeOptions,
  ) {
    const where = printable(endpoint.url);
    const expired = timeoutError(endpoint, settings.requestTimeoutMs);
    const deadline = startDeadline(clock, settings.requestTimeoutMs, () => expired, signal);
    const url = new URL(endpoint.url);
    let response: Dispatcher.ResponseData | undefined;
    try {
      response = await dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers: {
          'content-type': 'application/pkixcmp',
          accept: 'application/pkixcmp',
          'cache-control': 'no-cache',
          'content-length': String(message.length),
        },
        body: message,
        reset: pauses,
        signal: deadline.signal,
      });
      bodyIsCmp(response, where, clock);
      return await readBounded(response.body, response, where, settings.maxResponseBytes);
    } catch (error) {
      // Whatever is left of the body would only be read to be thrown away.
      response?.body.on('error', () => {}).destroy();
      if (signal.aborted) throw signal.reason;
      if (deadline.signal.aborted) throw expired;
      if (error instanceof CmpError) throw error;
      if (isConnectFailure(error)) throw error instanceof ConnectFailure ? error : new ConnectFailure(error);
      throw exchangeError(error, endpoint, settings.requestTimeoutMs);
    } finally {
      deadline.release();
    }
  }

  function open(bound?: string): TransferChannel {
    let candidates: readonly Target[] = targets;
    let endpoint = bound;
    if (bound !== undefined) {
      candidates = targets.filter((target) => target.endpoint.url === bound);
      if (candidates.length === 0) {
        throw new CmpError({
          code: 'ConfigurationInvalid',
          retry: 'transaction',
          message: `the transaction was begun at ${printable(bound)}, which is configured no longer; it is started anew`,
        });
      }
    }
    let connection: { readonly target: Target; readonly dispatcher: Dispatcher } | undefined;

    async function exchange(
      message: Uint8Array,
      signal: AbortSignal,
      options: ExchangeOptions = {},
    ): Promise<Uint8Array> {
      if (connection !== undefined) {
        const { target, dispatcher } = connection;
        return post(target, dispatcher, message, signal, options).catch((error: unknown) => {
          throw error instanceof ConnectFailure ? connectError(error, target.endpoint) : error;
        });
      }
      const failures: CmpError[] = [];
      for (const target of candidates) {
        const dispatcher = target.dialer.dial();
        try {
          const answer = await post(target, dispatcher, message, signal, options);
          connection = { target, dispatcher };
          endpoint = target.endpoint.url;
          return answer;
        } catch (error) {
          await dispatcher.destroy();
          if (!(error instanceof ConnectFailure)) throw error;
          failures.push(connectError(error, target.endpoint));
        }
      }
      throw allFailed(failures);
    }

    return {
      get endpoint() {
        return endpoint;
      },
      exchange,
      close: async () => {
        await connection?.dispatcher.destroy();
      },
    };
  }

  async function probe(signal: AbortSignal): Promise<void> {
    const failures: CmpError[] = [];
    for (const { endpoint, dialer } of targets) {
      try {
        await dialer.knock(signal);
        return;
      } catch (error) {
        if (!(error instanceof ConnectFailure)) throw error;
        failures.push(connectError(error, endpoint));
      }
    }
    throw allFailed(failures);
  }

  return { open, probe };
}

/** One error for all endpoints: the first one's kind, everybody's reason. */
function allFailed(failures: readonly CmpError[]): CmpError {
  const [first, ...others] = failures;
  if (first === undefined) return new CmpError({ code: 'Internal', message: 'no endpoint was tried' });
  if (others.length === 0) return first;
  return new CmpError({
    code: first.code,
    retry: failures.some(({ retry }) => retry === 'transient') ? 'transient' : first.retry,
    message: printable(failures.map(({ message }) => message).join('; '), 1_000),
    cause: first,
  });
}
