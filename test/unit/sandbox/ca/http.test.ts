import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeMessage } from '../../../../src/cmp/message.js';
import { type HttpFault, type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { ir, refusalIn, TestTransaction } from './test-client.js';

let ca: SandboxCa;

beforeAll(async () => {
  ca = await startSandboxCa();
});

afterAll(() => ca.close());

async function postWith(fault: HttpFault, signal?: AbortSignal): Promise<Response> {
  ca.behaviours.set('fault', { http: { fault } });
  const transaction = new TestTransaction(ca, '/cmp/fault');
  return await transaction.post(await transaction.encode(ir()), signal === undefined ? {} : { signal });
}

const octets = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe('the HTTP side of the CA', () => {
  it('answers with the media type and the length of the message', async () => {
    const transaction = new TestTransaction(ca);
    const response = await transaction.post(await transaction.encode(ir()));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/pkixcmp');
    expect(response.headers.get('content-length')).toBe(String((await octets(response)).length));
  });

  it.each([
    [404, '/elsewhere', {}],
    [404, '/cmp/unheard-of', {}],
    [405, '/pkix/', { method: 'PUT' }],
    [415, '/pkix/', { headers: { 'content-type': 'text/plain' } }],
    [413, '/pkix/', { body: new Uint8Array(1_048_577) }],
  ])('answers %i at %s', async (status, path, init) => {
    const response = await new TestTransaction(ca, path).post(new Uint8Array(1), init);
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  });

  it('keeps connections, and counts them', async () => {
    const own = await startSandboxCa();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const transaction = new TestTransaction(own);
      for (let message = 0; message < 3; message++) {
        const sent = request(`${own.url}/pkix/`, {
          method: 'POST',
          agent,
          headers: { 'content-type': 'application/pkixcmp' },
        });
        sent.end(await transaction.encode(ir()));
        const [received] = await once(sent, 'response');
        received.resume();
        await once(received, 'close');
      }
      expect(own.ledger.connections).toBe(1);
      expect(own.ledger.messages).toEqual({ ir: 3 });
    } finally {
      agent.destroy();
      await own.close();
    }
  });

  it('waits before it answers', async () => {
    const clock = new ManualClock(new Date());
    const slow = await startSandboxCa({ clock, behaviour: { delayMilliseconds: 5_000 } });
    try {
      const answer = new TestTransaction(slow).send(ir());
      while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(clock.nextWake).toBe(5_000);
      await clock.advance(5_000);
      expect(refusalIn(await answer)).toEqual(['accepted']);
    } finally {
      await slow.close();
    }
  });
});

describe('HTTP faults', () => {
  it.each<[string, HttpFault, number, string | null, (body: Uint8Array) => boolean]>([
    ['503 with Retry-After', { type: 'status', status: 503, body: 'none' }, 503, null, (b) => b.length === 0],
    ['502 with a page', { type: 'status', status: 502, body: 'html' }, 502, 'text/html', (b) => b[0] === 0x3c],
    ['500 with CMP', { type: 'status', status: 500, body: 'cmp' }, 500, 'application/pkixcmp', isMessage],
    ['a page', { type: 'html' }, 200, 'text/html', (b) => b[0] === 0x3c],
    ['another type', { type: 'contentType', contentType: 'text/plain' }, 200, 'text/plain', isMessage],
    ['no type', { type: 'contentType' }, 200, null, isMessage],
    ['a redirect', { type: 'redirect', status: 301, location: 'http://192.0.2.1/' }, 301, null, (b) => b.length === 0],
    ['half a message', { type: 'truncatedMessage' }, 200, 'application/pkixcmp', (b) => b[0] === 0x30 && !isMessage(b)],
    ['garbage behind', { type: 'trailingGarbage' }, 200, 'application/pkixcmp', (b) => !isMessage(b)],
    ['nothing', { type: 'empty' }, 200, 'application/pkixcmp', (b) => b.length === 0],
    ['a flood', { type: 'huge', octets: 3_000_000 }, 200, 'application/pkixcmp', (b) => b.length === 3_000_000],
    [
      'a declared flood',
      { type: 'huge', octets: 70_000, declared: true },
      200,
      'application/pkixcmp',
      (b) => b.length === 70_000,
    ],
    ['a drip', { type: 'drip', octetsPerChunk: 500, intervalMilliseconds: 1 }, 200, 'application/pkixcmp', isMessage],
  ])('%s', async (_name, fault, status, contentType, looksRight) => {
    const response = await postWith(fault);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, contentType]);
    expect(looksRight(await octets(response))).toBe(true);
  });

  it('say when to come back, and where to go', async () => {
    const busy = await postWith({ type: 'status', status: 503, body: 'none', retryAfterSeconds: 7 });
    expect(busy.headers.get('retry-after')).toBe('7');
    const moved = await postWith({ type: 'redirect', status: 307, location: 'http://192.0.2.1/' });
    expect(moved.headers.get('location')).toBe('http://192.0.2.1/');
  });

  it('reset the connection', async () => {
    await expect(postWith({ type: 'reset' })).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  it('cut the transfer short', async () => {
    const response = await postWith({ type: 'truncatedTransfer' });
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it('keep silent until the client gives up', async () => {
    const impatience = new AbortController();
    ca.behaviours.set('fault', { http: { fault: { type: 'silence' } } });
    const transaction = new TestTransaction(ca, '/cmp/fault');
    const messages = ca.ledger.messages['ir'] ?? 0;
    const answer = transaction.post(await transaction.encode(ir()), { signal: impatience.signal });
    while (ca.ledger.messages['ir'] === messages) await new Promise((resolve) => setImmediate(resolve));
    impatience.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
  });

  it('happen as often as told, before the CA does its work or after it', async () => {
    const reset = { fault: { type: 'reset' }, times: 1 } as const;
    const issued = () => ca.ledger.certificates.length;
    for (const before of [true, false]) {
      ca.behaviours.set('fault', { http: { ...reset, before } });
      const sofar = issued();
      await expect(new TestTransaction(ca, '/cmp/fault').send(ir())).rejects.toThrow();
      expect(issued() - sofar).toBe(before ? 0 : 1);
      expect(refusalIn(await new TestTransaction(ca, '/cmp/fault').send(ir()))).toEqual(['accepted']);
    }
  });

  it('never keep the CA from closing', async () => {
    const silent = await startSandboxCa({ behaviour: { http: { fault: { type: 'silence' } } } });
    const waiting = new TestTransaction(silent).send(ir());
    const idle = connect(silent.port, '127.0.0.1');
    await once(idle, 'connect');
    const closed = once(idle, 'close');
    while ((silent.ledger.messages['ir'] ?? 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([silent.close(), expect(waiting).rejects.toThrow(), closed]);
  });
});

function isMessage(der: Uint8Array): boolean {
  try {
    decodeMessage(der);
    return true;
  } catch {
    return false;
  }
}
