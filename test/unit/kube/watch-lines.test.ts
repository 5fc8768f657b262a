import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../../src/kube/api-error.js';
import { decodeWatch, decodeWatchEvent, MalformedWatchError, splitLines } from '../../../src/kube/watch-lines.js';

async function* stream(chunks: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', resourceVersion: '7' } };
const line = (event: unknown) => Buffer.from(JSON.stringify(event));

describe('splitLines', () => {
  it('property: lines come out whole, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'))),
        fc.array(fc.nat({ max: 200 })),
        async (lines, cuts) => {
          const whole = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
          const chunks = at.slice(1).map((end, i) => whole.subarray(at[i], end));
          const split = await collect(splitLines(stream(chunks)));
          expect(split.map(String)).toEqual(lines);
        },
      ),
    );
  });

  it('gives what follows the last newline', async () => {
    expect((await collect(splitLines(stream(['a\nb'])))).map(String)).toEqual(['a', 'b']);
  });

  it('refuses a line without end', async () => {
    const chunk = Buffer.alloc(4 * 1024 * 1024, 'x');
    await expect(collect(splitLines(stream([chunk, chunk, chunk, chunk, chunk])))).rejects.toThrow(MalformedWatchError);
  });
});

describe('decodeWatchEvent', () => {
  it.each(['ADDED', 'MODIFIED', 'DELETED'] as const)('reads %s', (type) => {
    expect(decodeWatchEvent(line({ type, object }))).toEqual({ type, object });
  });

  it('reads a bookmark, which has no name', () => {
    const bookmark = { type: 'BOOKMARK', object: { kind: 'Secret', metadata: { resourceVersion: '9' } } };
    expect(decodeWatchEvent(line(bookmark))).toEqual({ type: 'BOOKMARK', resourceVersion: '9' });
  });

  it('reads an error', () => {
    const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (9)' };
    const event = decodeWatchEvent(line({ type: 'ERROR', object: expired }));
    expect(event).toEqual({ type: 'ERROR', error: expect.any(ApiError) });
    expect(event).toMatchObject({ error: { code: 410, reason: 'Expired' } });
  });

  it.each<[string, Buffer]>([
    ['half an event', line({ type: 'ADDED', object }).subarray(0, 40)],
    ['no object', line({ type: 'ADDED' })],
    ['an unknown type', line({ type: 'SURPRISE', object })],
    ['an object without a name', line({ type: 'ADDED', object: { metadata: { resourceVersion: '1' } } })],
    ['an object without resourceVersion', line({ type: 'ADDED', object: { metadata: { name: 'a' } } })],
    ['an object without metadata', line({ type: 'BOOKMARK', object: {} })],
    ['a number', line(7)],
    ['null', line(null)],
  ])('refuses %s, and does not repeat it', (_, malformed) => {
    expect(() => decodeWatchEvent(malformed)).toThrow(MalformedWatchError);
    expect(() => decodeWatchEvent(malformed)).not.toThrow(/Secret/);
  });

  it('property: garbage is refused with its own error and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          decodeWatchEvent(Buffer.from(text));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedWatchError);
        }
      }),
    );
  });
});

describe('decodeWatch', () => {
  it('skips empty lines, takes a last line without newline, and reports one that was cut off', async () => {
    const whole = line({ type: 'ADDED', object }).toString();
    expect(await collect(decodeWatch(stream(['\n', whole, '\n\n', whole])))).toHaveLength(2);
    await expect(collect(decodeWatch(stream([`${whole}\n`, whole.slice(0, -3)])))).rejects.toThrow(MalformedWatchError);
  });
});
