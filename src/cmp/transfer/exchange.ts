import type { Dispatcher } from 'undici';
import type { Clock } from '../../runtime/clock.js';
import type { Addressing } from './dispatcher.js';
import { BoundedBody, bodyIsCmp, CMP_MEDIA_TYPE, type HttpResponseHead } from './response.js';

/** Where a message goes, and what its answer may look like. The same for every message to one endpoint. */
export interface ExchangeTarget extends Addressing {
  /** The endpoint as people read it. */
  readonly where: string;
  /** Octets of one answer. */
  readonly maxResponseBytes: number;
}

export interface HttpAnswer {
  readonly head: HttpResponseHead;
  readonly octets: Uint8Array;
}

const HEADERS = { 'content-type': CMP_MEDIA_TYPE, accept: CMP_MEDIA_TYPE, 'cache-control': 'no-cache' };

/**
 * One POST and its whole answer. Handles undici's events itself: the streams and signals of `request()` cost more than
 * the exchange of two small messages does.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #target: ExchangeTarget;
  readonly #clock: Clock;
  readonly #body: BoundedBody;
  #head: HttpResponseHead | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #failure: unknown;
  #resolve: (answer: HttpAnswer) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  constructor(target: ExchangeTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    this.#body = new BoundedBody(target.where, target.maxResponseBytes);
  }

  /** Throws CmpError for an answer that is none of CMP, or too large; what `abort` was given; or errors of the network. */
  post(dispatcher: Dispatcher, message: Uint8Array, reset: boolean): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { origin, path, headers } = this.#target;
      dispatcher.dispatch(
        { origin, path, method: 'POST', headers: { ...headers, ...HEADERS }, body: message, reset },
        this,
      );
    });
  }

  /** Ends the exchange at once, and with it the connection. */
  abort(reason: unknown): void {
    this.#failure ??= reason;
    this.#reject(this.#failure);
    this.#controller?.abort(this.#failure as Error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: HttpResponseHead['headers'],
  ): void {
    // Informational answers come before the one that counts.
    if (statusCode < 200) return;
    const head = { statusCode, headers };
    this.#attempt(() => {
      bodyIsCmp(head, this.#target.where, this.#clock);
      this.#body.announced(head);
      this.#head = head;
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#attempt(() => this.#body.add(chunk));
  }

  onResponseEnd(): void {
    if (this.#head !== undefined) this.#resolve({ head: this.#head, octets: this.#body.octets() });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }

  /** Whatever is left of an answer that is no good would only be read to be thrown away. */
  #attempt(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.abort(error);
    }
  }
}
