import type { Dispatcher } from 'undici';
import type { Addressing, EndpointDialer } from './dispatcher.js';
import type { HttpResponseHead } from './response.js';

const MOST_IDLE = 16;

/** Announced lifetimes below this are too short to rely on. */
const LEAST_TIMEOUT_SECONDS = 2;

/**
 * Whether the server promises to keep the connection open for a while (`Keep-Alive: timeout=5`). Without that promise
 * it may hang up after the transaction without a word, as OpenSSL's does, and the next message would be lost.
 */
export function promisesToStay({ headers }: HttpResponseHead): boolean {
  const { connection = '', 'keep-alive': keepAlive = '' } = headers;
  const [, seconds] = /\btimeout=(\d{1,9})/i.exec(String(keepAlive)) ?? [];
  return !/\bclose\b/i.test(String(connection)) && Number(seconds) >= LEAST_TIMEOUT_SECONDS;
}

/** Connections to one endpoint. Each belongs to one transaction at a time; later ones may inherit it. */
export class Connections {
  readonly #dialer: EndpointDialer;
  readonly #idle: Dispatcher[] = [];
  #closed = false;

  constructor(dialer: EndpointDialer) {
    this.#dialer = dialer;
  }

  get addressing(): Addressing {
    return this.#dialer.addressing;
  }

  take(): Dispatcher {
    return this.#idle.pop() ?? this.#dialer.dial();
  }

  async giveBack(connection: Dispatcher, reusable: boolean): Promise<void> {
    if (reusable && !this.#closed && this.#idle.length < MOST_IDLE) this.#idle.push(connection);
    else await connection.destroy();
  }

  knock(signal: AbortSignal): Promise<void> {
    return this.#dialer.knock(signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((connection) => connection.destroy()));
  }
}
