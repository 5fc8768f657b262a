import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../runtime/clock.js';
import { unreachable } from '../../runtime/unreachable.js';

/** A way in which the HTTP answer goes wrong (RFC 9811 says how it should be). */
export type HttpFault =
  /** Another status code. The body is the CMP answer, an HTML page, or nothing. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body: 'cmp' | 'html' | 'none';
      readonly retryAfterSeconds?: number;
    }
  /** 200 and the right body under this media type; without one there is no Content-Type at all. */
  | { readonly type: 'contentType'; readonly contentType?: string }
  /** 200 with an HTML page, as a login page or a proxy sends it. */
  | { readonly type: 'html' }
  | { readonly type: 'redirect'; readonly status: 301 | 302 | 307 | 308; readonly location: string }
  /** Declares the whole length, sends half, closes. */
  | { readonly type: 'truncatedTransfer' }
  /** Sends half of the message as if that were all. */
  | { readonly type: 'truncatedMessage' }
  | { readonly type: 'trailingGarbage' }
  | { readonly type: 'empty' }
  /** 200 and this many octets of nothing, streamed as fast as the client reads, in chunks or with their length declared. */
  | { readonly type: 'huge'; readonly octets: number; readonly declared?: boolean }
  /** Reads the request and never answers. The connection stays open until one side gives up. */
  | { readonly type: 'silence' }
  /** Resets the TCP connection instead of answering; closes it abruptly where there is TLS above it. */
  | { readonly type: 'reset' }
  /** Sends the right answer slowly. */
  | { readonly type: 'drip'; readonly octetsPerChunk: number; readonly intervalMilliseconds: number };

export const PKIXCMP = 'application/pkixcmp';

const PAGE = '<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>\n';

/** Sends `message` in the way the fault describes. Resolves when there is nothing left to send. */
export async function sendSpoilt(
  fault: HttpFault,
  message: Uint8Array,
  response: ServerResponse,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const send = (status: number, contentType: string | undefined, body: Uint8Array | string) => {
    response.writeHead(status, {
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  };
  switch (fault.type) {
    case 'status': {
      if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds));
      if (fault.body === 'none') return send(fault.status, undefined, '');
      if (fault.body === 'html') return send(fault.status, 'text/html', PAGE);
      return send(fault.status, PKIXCMP, message);
    }
    case 'contentType':
      return send(200, fault.contentType, message);
    case 'html':
      return send(200, 'text/html', PAGE);
    case 'redirect':
      response.setHeader('location', fault.location);
      return send(fault.status, undefined, '');
    case 'truncatedMessage':
      return send(200, PKIXCMP, message.subarray(0, message.length >> 1));
    case 'trailingGarbage':
      return send(200, PKIXCMP, Buffer.concat([message, Buffer.from('trailing garbage')]));
    case 'empty':
      return send(200, PKIXCMP, '');
    case 'truncatedTransfer':
      response.writeHead(200, { 'content-type': PKIXCMP, 'content-length': message.length });
      response.write(message.subarray(0, message.length >> 1), () => response.destroy());
      return;
    case 'huge':
      return await flood(fault, response, signal);
    case 'drip':
      return await drip(fault, message, response, clock, signal);
    case 'silence':
      return;
    case 'reset':
      return reset(response.socket);
    default:
      return unreachable(fault);
  }
}

function reset(socket: Socket | null): void {
  // What the client has shut down already cannot be reset any more (uv_tcp_close_reset), and would stay open for ever.
  if (socket === null || socket instanceof TLSSocket || socket.readableEnded || socket.writableEnded) socket?.destroy();
  else socket.resetAndDestroy();
}

async function flood(
  fault: Extract<HttpFault, { type: 'huge' }>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const length = fault.declared === true ? { 'content-length': fault.octets } : {};
  response.writeHead(200, { 'content-type': PKIXCMP, ...length });
  const chunk = Buffer.alloc(65_536);
  for (let left = fault.octets; left > 0 && !signal.aborted; left -= chunk.length) {
    if (!response.write(chunk.subarray(0, left))) await once(response, 'drain', { signal });
  }
  response.end();
}

async function drip(
  fault: Extract<HttpFault, { type: 'drip' }>,
  message: Uint8Array,
  response: ServerResponse,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { 'content-type': PKIXCMP, 'content-length': message.length });
  for (let at = 0; at < message.length; at += fault.octetsPerChunk) {
    response.write(message.subarray(at, at + fault.octetsPerChunk));
    await clock.sleep(fault.intervalMilliseconds, signal);
  }
  response.end();
}
