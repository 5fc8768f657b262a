import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { unreachable } from '../../runtime/unreachable.js';
import type { AnswerFault } from './behaviour.js';
import { empty, html, json, type Reply, springDefault } from './reply.js';

export function send(reply: Reply, response: ServerResponse): void {
  response.writeHead(reply.status, {
    ...(reply.contentType === undefined ? {} : { 'content-type': reply.contentType }),
    'content-length': Buffer.byteLength(reply.body),
    ...reply.headers,
  });
  response.end(reply.body);
}

/** Sends what the fault wants instead of an answer, and says under which status; 0 for none. */
export async function sendSpoilt(
  fault: AnswerFault,
  path: string,
  response: ServerResponse,
  now: Date,
  signal: AbortSignal,
): Promise<number> {
  switch (fault.type) {
    case 'status':
      if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds));
      send(statusReply(fault, path, now), response);
      return fault.status;
    case 'text':
      send({ status: 200, contentType: fault.contentType, body: fault.text }, response);
      return 200;
    case 'redirect':
      send({ ...empty(fault.status), headers: { location: fault.location } }, response);
      return fault.status;
    case 'oversized':
      await flood(fault, response, signal);
      return 200;
    case 'truncated':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 4096 });
      response.write('{"certificateChain":["-----BEGIN', () => response.destroy());
      return 200;
    case 'silence':
      return 0;
    case 'reset':
      response.destroy();
      return 0;
    default:
      return unreachable(fault);
  }
}

function statusReply({ status, body }: Extract<AnswerFault, { type: 'status' }>, path: string, now: Date): Reply {
  switch (body) {
    case 'spring':
      return springDefault(status, path, now);
    case 'html':
      return html(status, `${status} from some proxy`);
    case 'none':
      return empty(status);
    default:
      return json(status, body);
  }
}

async function flood(
  fault: Extract<AnswerFault, { type: 'oversized' }>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const length = fault.declared === true ? { 'content-length': fault.octets } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...length });
  const chunk = Buffer.alloc(65_536, ' ');
  for (let left = fault.octets; left > 0 && !signal.aborted; left -= chunk.length) {
    if (!response.write(chunk.subarray(0, left))) await once(response, 'drain', { signal });
  }
  response.end();
}
