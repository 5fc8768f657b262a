import type { Dispatcher } from 'undici';
import type { Clock } from '../../runtime/clock.js';
import { CmpError } from '../error.js';
import { printable } from '../text.js';
import { Connections, promisesToStay } from './connections.js';
import { endpointDialer } from './dispatcher.js';
import { Exchange, type ExchangeTarget } from './exchange.js';
import { ConnectFailure, connectError, exchangeError, timeoutError } from './failure.js';
import type {
  ExchangeOptions,
  HttpTransport,
  TransferChannel,
  TransferEndpoint,
  TransferSettings,
} from './transport.js';

interface Target extends ExchangeTarget {
  readonly endpoint: TransferEndpoint;
  readonly connections: Connections;
}

interface Received {
  readonly octets: Uint8Array;
  /** Whether another transaction may use the connection. */
  readonly reusable: boolean;
}

/** CMP over HTTP(S) (RFC 9811). Plain TLS sockets, no redirects, no decompression, bounded in time and size. */
export function createHttpTransport(settings: TransferSettings, clock: Clock): HttpTransport {
  const targets = settings.endpoints.map((endpoint): Target => {
    const connections = new Connections(endpointDialer(endpoint, settings));
    return {
      endpoint,
      connections,
      ...connections.addressing,
      where: printable(endpoint.url),
      maxResponseBytes: settings.maxResponseBytes,
    };
  });
  if (targets.length === 0) {
    throw new CmpError({ code: 'ConfigurationInvalid', message: 'no CMP endpoint is configured' });
  }

  async function post(
    target: Target,
    dispatcher: Dispatcher,
    message: Uint8Array,
    signal: AbortSignal,
    { pauses = false }: ExchangeOptions,
  ): Promise<Received> {
    signal.throwIfAborted();
    const { endpoint } = target;
    const limit = settings.requestTimeoutMs;
    const exchange = new Exchange(target, clock);
    const onAbort = () => exchange.abort(signal.reason);
    const stopTimer = clock.after(limit, () => exchange.abort(timeoutError(endpoint, limit)));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { head, octets } = await exchange.post(dispatcher, message, pauses);
      return { octets, reusable: !pauses && promisesToStay(head) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof CmpError) throw error;
      if (error instanceof ConnectFailure) throw error;
      throw exchangeError(error, endpoint, limit);
    } finally {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
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
    let reusable = false;

    async function exchange(
      message: Uint8Array,
      signal: AbortSignal,
      options: ExchangeOptions = {},
    ): Promise<Uint8Array> {
      reusable = false;
      if (connection !== undefined) {
        const { target, dispatcher } = connection;
        try {
          const answer = await post(target, dispatcher, message, signal, options);
          reusable = answer.reusable;
          return answer.octets;
        } catch (error) {
          throw error instanceof ConnectFailure ? connectError(error, target.endpoint) : error;
        }
      }
      const failures: CmpError[] = [];
      for (const target of candidates) {
        const dispatcher = target.connections.take();
        try {
          const answer = await post(target, dispatcher, message, signal, options);
          connection = { target, dispatcher };
          endpoint = target.endpoint.url;
          reusable = answer.reusable;
          return answer.octets;
        } catch (error) {
          await target.connections.giveBack(dispatcher, false);
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
        if (connection === undefined) return;
        const { target, dispatcher } = connection;
        connection = undefined;
        await target.connections.giveBack(dispatcher, reusable);
      },
    };
  }

  async function probe(signal: AbortSignal): Promise<void> {
    const failures: CmpError[] = [];
    for (const { endpoint, connections } of targets) {
      try {
        await connections.knock(signal);
        return;
      } catch (error) {
        if (!(error instanceof ConnectFailure)) throw error;
        failures.push(connectError(error, endpoint));
      }
    }
    throw allFailed(failures);
  }

  return {
    open,
    probe,
    close: async () => {
      await Promise.all(targets.map(({ connections }) => connections.close()));
    },
  };
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
