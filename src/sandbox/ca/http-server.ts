import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { type HttpFault, PKIXCMP, sendSpoilt } from './http-fault.js';

/** What the CA answers, and how the answer is to be spoilt on its way. `undefined` stands for a path that is not served. */
export interface Reply {
  readonly message: Uint8Array;
  readonly delayMilliseconds: number;
  readonly fault: HttpFault | undefined;
}

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether there is anything at this path. */
  serves(path: string): boolean;
  answer(path: string, body: Uint8Array): Promise<Reply>;
  onConnection(): void;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

const MAXIMUM_REQUEST_OCTETS = 1_048_576;
const MEDIA_TYPES = new Set([PKIXCMP, 'application/pkixcmp-poll']);

/**
 * The transfer of RFC 9811: POST with one DER message. On node:http itself, not on a framework above it,
 * because several faults need the socket: resets, half an answer, answers that never come.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const closing = new AbortController();
  const listener: RequestListener = (request, response) => {
    serve(options, request, response, closing.signal).catch((error: unknown) => {
      // The client hung up or the CA is closing: nothing to answer, and no reason to fall.
      if (!response.destroyed && !closing.signal.aborted) {
        options.logger.error({ err: error, path: request.url }, 'the sandbox CA failed to answer a request');
      }
      response.destroy();
    });
  };
  const settings = { keepAliveTimeout: 60_000 };
  const server: Server =
    options.tls === undefined
      ? createServer(settings, listener)
      : createTlsServer({ ...settings, ...options.tls }, listener);
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', () => options.onConnection());

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sandbox CA must listen on a TCP port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve, reject) => {
        closing.abort(new Error('the sandbox CA is closing'));
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

async function serve(
  options: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const refuse = (status: number, text: string) => {
    response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
    response.end(`${text}\n`);
  };
  if (!options.serves(path)) return refuse(404, 'no CMP service at this path');
  if (request.method !== 'POST') return refuse(405, 'CMP messages are sent with POST');
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!MEDIA_TYPES.has(mediaType)) return refuse(415, `send ${PKIXCMP}`);
  const body = await readBody(request);
  if (body === undefined) return refuse(413, `a message may have ${MAXIMUM_REQUEST_OCTETS} octets`);

  const reply = await options.answer(path, body);
  if (reply.delayMilliseconds > 0 || reply.fault !== undefined) {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client hung up')));
    const signal = AbortSignal.any([closing, gone.signal]);
    if (reply.delayMilliseconds > 0) await options.clock.sleep(reply.delayMilliseconds, signal);
    if (reply.fault !== undefined) return await sendSpoilt(reply.fault, reply.message, response, options.clock, signal);
  }
  response.writeHead(200, { 'content-type': PKIXCMP, 'content-length': reply.message.length });
  response.end(reply.message);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAXIMUM_REQUEST_OCTETS) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
