import type { KubeObject } from '../api/meta.js';
import { apiErrorFromStatus } from './api-error.js';
import type { WatchEvent } from './client.js';

/** The watch stream holds something that is no event. What it was is lost: only a new list can tell. */
export class MalformedWatchError extends Error {
  override readonly name = 'MalformedWatchError';
}

/** Far above the largest object that fits into etcd; below what would take the process down. */
const MAX_LINE_OCTETS = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The lines of a stream without their newline. What follows the last newline is a line too, unless empty. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let pending: Buffer[] = [];
  let octets = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      yield pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
      pending = [];
      octets = 0;
    }
    if (start === chunk.length) continue;
    const rest = chunk.subarray(start);
    octets += rest.length;
    if (octets > MAX_LINE_OCTETS)
      throw new MalformedWatchError(`a watch event is longer than ${MAX_LINE_OCTETS} octets`);
    pending.push(rest);
  }
  if (pending.length > 0) yield Buffer.concat(pending);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** One line of a watch stream. The error never repeats the line: it may hold a Secret. */
export function decodeWatchEvent<T extends KubeObject>(line: Buffer): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch {
    throw new MalformedWatchError(`a watch event of ${line.length} octets is no JSON`);
  }
  if (!isObject(event) || !isObject(event['object'])) throw new MalformedWatchError('a watch event has no object');
  const { type, object } = event;
  if (type === 'ERROR') {
    const { code } = object as { code?: unknown };
    return { type, error: apiErrorFromStatus(object, typeof code === 'number' ? code : 500) };
  }
  const metadata = (object as { metadata?: unknown }).metadata;
  const { name, resourceVersion } = isObject(metadata) ? metadata : {};
  if (typeof resourceVersion !== 'string') throw new MalformedWatchError('a watch event has no resourceVersion');
  switch (type) {
    case 'BOOKMARK':
      return { type, resourceVersion };
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (typeof name !== 'string') throw new MalformedWatchError('a watch event has no metadata.name');
      return { type, object: object as unknown as T };
    default:
      throw new MalformedWatchError('a watch event is of no known type');
  }
}

/** The events of a watch stream; empty lines are skipped. */
export async function* decodeWatch<T extends KubeObject>(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of splitLines(chunks)) {
    if (line.length > 0) yield decodeWatchEvent<T>(line);
  }
}
