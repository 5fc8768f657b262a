import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiError, isTransient, TransportError } from '../../../src/kube/api-error.js';
import { KubeTransport, type TransportOptions, type TransportRequest } from '../../../src/kube/transport.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { access, type Fixture, httpFixture, httpsFixture, json, pki, type Script, status } from './http-fixture.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(script: Script, make: (script: Script) => Promise<Fixture> = httpFixture): Promise<Fixture> {
  const fixture = await make(script);
  closers.push(() => fixture.close());
  return fixture;
}

function open(options: Partial<TransportOptions> & Pick<TransportOptions, 'access'>): KubeTransport {
  // Without jitter, so that retries are at once.
  const transport = new KubeTransport({ clock: systemClock, uniform: () => 0, userAgent: 'tester/1', ...options });
  closers.push(() => transport.close());
  return transport;
}

function get({ server }: Fixture, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: 'GET', url: `${server}/api/v1/things`, idempotent: true, ...more };
}

/** Answers with the given steps one after the other, the last one for ever. */
function steps(...scripts: Script[]): Script {
  let at = 0;
  return (...args) => scripts[Math.min(at++, scripts.length - 1)]?.(...args);
}

/** Counts our own ends of the connections to this server: when the server hears that one is gone is up to the network. */
function connectionPeak({ server }: Fixture): () => number {
  const sockets = new Set<Socket>();
  let peak = 0;
  const connected = (message: unknown) => {
    const { socket, connectParams } = message as { socket: Socket; connectParams: { port: string } };
    if (connectParams.port !== new URL(server).port) return;
    sockets.add(socket);
    peak = Math.max(peak, [...sockets].filter(({ destroyed }) => !destroyed).length);
  };
  subscribe('undici:client:connected', connected);
  closers.push(async () => void unsubscribe('undici:client:connected', connected));
  return () => peak;
}

const ok: Script = (_, response) => json(response, 200, { ok: true });
const refuse =
  (code: number, headers: Record<string, string> = {}): Script =>
  (_, response) =>
    json(response, code, status(code, 'Reason', `no: ${code}`), headers);
const reset: Script = (_, __, socket) => socket.resetAndDestroy();

describe('KubeTransport', () => {
  it('sends credentials and User-Agent, and uses its connections again and again', async () => {
    const fixture = await start(ok);
    const transport = open({ access: access(fixture.server, () => ({ Authorization: 'Bearer t1' })) });
    for (let i = 0; i < 20; i++) {
      expect(await transport.send(get(fixture))).toMatchObject({ status: 200, text: '{"ok":true}' });
    }
    expect(fixture.connections()).toBeLessThanOrEqual(2);
    expect(fixture.seen[4]?.headers).toMatchObject({ authorization: 'Bearer t1', 'user-agent': 'tester/1' });
  });

  it('never opens more connections for calls than it may', async () => {
    const fixture = await start(ok);
    const transport = open({ access: access(fixture.server), connections: 3 });
    await Promise.all(Array.from({ length: 40 }, () => transport.send(get(fixture))));
    expect(fixture.seen).toHaveLength(40);
    expect(fixture.connections()).toBeLessThanOrEqual(3);
  });

  it('keeps to its connections when calls are given up, cut off and answered in any order', async () => {
    let turn = 0;
    const script: Script = (seen, response, socket) => {
      turn++;
      if (turn % 5 === 0) socket.resetAndDestroy();
      else if (turn % 7 === 0) refuse(503)(seen, response, socket);
      else if (turn % 3 !== 0) ok(seen, response, socket);
      // Every third never gets an answer.
    };
    const fixture = await start(script);
    const peak = connectionPeak(fixture);
    const transport = open({ access: access(fixture.server), connections: 4, deadlineMs: 100 });
    const calls = Array.from({ length: 60 }, (_, i) => {
      const giveUp = new AbortController();
      if (i % 4 === 0) setImmediate(() => giveUp.abort(new Error('never mind')));
      return transport.send(get(fixture, { signal: giveUp.signal }));
    });
    const answers = await Promise.allSettled(calls);
    expect(new Set(answers.map(({ status: how }) => how))).toEqual(new Set(['fulfilled', 'rejected']));
    expect(peak()).toBe(4);
  });

  it('spreads calls, retries and watches as its limits say, and tells how long they wait', async () => {
    const clock = new ManualClock();
    const waits: number[] = [];
    const fixture = await start(steps(ok, ok, refuse(429, { 'retry-after': '0' }), ok));
    const transport = open({
      access: access(fixture.server),
      clock,
      limits: { requestsPerSecond: 2, burst: 2 },
      observer: { throttled: (waitMs) => waits.push(waitMs) },
    });
    await Promise.all([transport.send(get(fixture)), transport.send(get(fixture))]);
    expect(fixture.seen).toHaveLength(2);
    const third = transport.send(get(fixture));
    const stream = transport.stream(get(fixture))[Symbol.asyncIterator]();
    const watch = stream.next();
    const givenUp = new AbortController();
    const never = transport.send(get(fixture, { signal: givenUp.signal }));
    givenUp.abort(new Error('never mind'));
    await expect(never).rejects.toThrow('never mind');
    await settled();
    expect(fixture.seen).toHaveLength(2);
    expect(waits).toEqual([500, 1_000, 1_500]);
    await clock.advance(500);
    while (clock.sleeping < 3) await settled();
    await clock.advance(500);
    await watch;
    await clock.advance(500);
    await expect(third).resolves.toMatchObject({ status: 200 });
    await stream.return?.();
    expect(waits).toEqual([500, 1_000, 1_500, 1_000]);
  });

  it.each([
    { requestsPerSecond: 0, burst: 1 },
    { requestsPerSecond: Number.NaN, burst: 1 },
    { requestsPerSecond: 1, burst: 0 },
  ])('refuses limits that let nothing through: %j', (limits) => {
    expect(() => open({ access: access('http://127.0.0.1:1'), limits })).toThrow(RangeError);
  });

  const TRANSIENT: [name: string, fault: Script, idempotent: boolean, retried: boolean][] = [
    ['429 on a read', refuse(429, { 'retry-after': '0' }), true, true],
    ['429 on a create', refuse(429, { 'retry-after': '0' }), false, true],
    ['503 on a read', refuse(503), true, true],
    ['503 with Retry-After on a create', refuse(503, { 'retry-after': '0' }), false, true],
    ['503 without Retry-After on a create', refuse(503), false, false],
    ['500 without Retry-After', refuse(500), true, false],
    ['a connection reset on a read', reset, true, true],
    ['a connection reset on a create', reset, false, false],
    ['403', refuse(403, { 'retry-after': '0' }), true, false],
    ['409', refuse(409), true, false],
  ];
  it.each(TRANSIENT)('%s: second try as it should be', async (_, fault, idempotent, retried) => {
    const fixture = await start(steps(fault, ok));
    const transport = open({ access: access(fixture.server) });
    const call = transport.send(get(fixture, { idempotent, ...(!idempotent && { method: 'POST', body: '{}' }) }));
    if (retried) await expect(call).resolves.toMatchObject({ status: 200 });
    else await expect(call).rejects.toThrow();
    expect(fixture.seen).toHaveLength(retried ? 2 : 1);
  });

  it("gives up after four tries, with the server's own words", async () => {
    const fixture = await start(refuse(429, { 'retry-after': '0' }));
    const transport = open({ access: access(fixture.server) });
    await expect(transport.send(get(fixture))).rejects.toMatchObject({ code: 429, message: 'no: 429' });
    expect(fixture.seen).toHaveLength(4);
  });

  it('waits as long as Retry-After asks, but not beyond the deadline', async () => {
    const fixture = await start(steps(refuse(429, { 'retry-after': '7' }), refuse(429, { 'retry-after': '60' })));
    const clock = new ManualClock();
    const transport = open({ access: access(fixture.server), clock, deadlineMs: 15_000 });
    const call = transport.send(get(fixture)).catch((error: unknown) => error);
    // Two waits are under way: the deadline, and the one that the server asked for.
    while (clock.sleeping < 2) await settled();
    expect(clock.nextWake).toBe(7_000);
    await clock.advance(7_000);
    const error = await call;
    expect(error).toMatchObject({ code: 429, retryAfterSeconds: 60 });
    expect(isTransient(error)).toBe(true);
    expect(fixture.seen).toHaveLength(2);
  });

  it('breaks off a call that gets no answer in time', async () => {
    const fixture = await start(() => {});
    const clock = new ManualClock();
    const transport = open({ access: access(fixture.server), clock, deadlineMs: 15_000 });
    const call = transport.send(get(fixture)).catch((error: unknown) => error);
    while (fixture.seen.length === 0) await settled();
    await clock.advance(15_000);
    expect(await call).toMatchObject({ name: 'TransportError', failure: 'timeout' });
  });

  it('breaks off at once when the caller says so, also between tries', async () => {
    const fixture = await start(steps(() => {}, refuse(429, { 'retry-after': '5' })));
    const transport = open({ access: access(fixture.server) });
    for (const round of [1, 2]) {
      const caller = new AbortController();
      const call = transport.send(get(fixture, { signal: caller.signal })).catch((error: unknown) => error);
      while (fixture.seen.length < round) await settled();
      const reason = new Error(`round ${round}`);
      caller.abort(reason);
      expect(await call).toBe(reason);
    }
    expect(fixture.seen).toHaveLength(2);
  });

  it('says what cannot be reached', async () => {
    const fixture = await start(ok);
    await fixture.close();
    const transport = open({ access: access(fixture.server) });
    await expect(transport.send(get(fixture))).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('reads the token anew when it was refused, for many calls only once', async () => {
    let token = 'old';
    const fixture = await start((seen, response) =>
      seen.headers.authorization === 'Bearer new'
        ? json(response, 200, {})
        : refuse(401)(seen, response, response.req.socket),
    );
    const source = access(fixture.server, () => ({ Authorization: `Bearer ${token}` }));
    const transport = open({ access: source });
    await expect(transport.send(get(fixture))).rejects.toMatchObject({ code: 401 });
    token = 'new';
    const before = source.readings();
    await Promise.all(Array.from({ length: 10 }, () => transport.send(get(fixture))));
    expect(source.readings()).toBe(before + 1);
  });

  it('reads the token anew every minute, and keeps the old one while the file is missing', async () => {
    const tokens = ['first', undefined, 'third'];
    const fixture = await start(ok);
    const clock = new ManualClock();
    const read = () => {
      const token = tokens.shift();
      if (token === undefined) return Promise.reject(new Error('ENOENT'));
      return Promise.resolve({ headers: { Authorization: token }, tls: { rejectUnauthorized: true } });
    };
    const transport = open({ access: { server: fixture.server, read }, clock });
    for (let i = 0; i < 3; i++) {
      await transport.send(get(fixture));
      await clock.advance(60_000);
    }
    expect(fixture.seen.map(({ headers }) => headers.authorization)).toEqual(['first', 'first', 'third']);
  });

  it('never shows bodies or headers in an error', async () => {
    const fixture = await start((_, response) => {
      response.writeHead(502, { 'content-type': 'text/html', 'x-secret': 'hidden-header' });
      response.end('<html>hidden-body</html>');
    });
    const transport = open({ access: access(fixture.server, () => ({ Authorization: 'Bearer hidden-token' })) });
    const error = await transport.send(get(fixture)).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 502, reason: '' });
    expect(JSON.stringify([error, String(error)])).not.toContain('hidden');
  });

  describe('over TLS', () => {
    it('trusts the given CA and shows its client certificate', async () => {
      let client: string | undefined;
      const fixture = await start((seen, response) => {
        const { socket } = response.req;
        client = 'authorized' in socket ? String(socket.authorized) : undefined;
        ok(seen, response, socket);
      }, httpsFixture);
      const tls = () => ({ ca: pki('tls-ca.crt'), cert: pki('tls-client.crt'), key: pki('tls-client.key') });
      const transport = open({ access: access(fixture.server, undefined, tls) });
      await transport.send(get(fixture));
      expect(client).toBe('true');
    });

    it('does not talk to a server of another CA, and says so', async () => {
      const fixture = await start(ok, httpsFixture);
      const transport = open({ access: access(fixture.server, undefined, () => ({ ca: pki('root-two.crt') })) });
      const error = await transport.send(get(fixture)).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(TransportError);
      expect(error).toMatchObject({ failure: 'tls', message: expect.stringContaining('certificate authority') });
      expect(fixture.seen).toHaveLength(0);
    });

    it('follows a CA that was replaced, on new connections', async () => {
      const fixture = await start(ok, httpsFixture);
      const clock = new ManualClock();
      let ca = pki('tls-ca.crt');
      const transport = open({ access: access(fixture.server, undefined, () => ({ ca })), clock });
      await transport.send(get(fixture));
      ca = pki('root-two.crt');
      await clock.advance(59_000);
      await transport.send(get(fixture));
      await clock.advance(1_000);
      await expect(transport.send(get(fixture))).rejects.toMatchObject({ failure: 'tls' });
      ca = `${pki('root-two.crt')}${pki('tls-ca.crt')}`;
      await clock.advance(60_000);
      await transport.send(get(fixture));
      expect(fixture.seen).toHaveLength(3);
    });
  });

  describe('stream', () => {
    async function read(chunks: AsyncIterable<Buffer>): Promise<string> {
      let text = '';
      for await (const chunk of chunks) text += chunk.toString('utf8');
      return text;
    }

    it('delivers until the clean end, beyond the deadline of calls', async () => {
      const clock = new ManualClock();
      let finish = () => {};
      const fixture = await start((_, response) => {
        response.writeHead(200);
        response.write('one\n');
        finish = () => response.end('two\n');
      });
      const transport = open({ access: access(fixture.server), clock });
      const stream = transport.stream(get(fixture));
      const first = await stream.next();
      expect(String(first.value)).toBe('one\n');
      await clock.advance(3_600_000);
      finish();
      expect(await read(stream)).toBe('two\n');
    });

    it.each<[string, Script, object]>([
      ['a refusal', refuse(410), { code: 410 }],
      ['a reset before the headers', reset, { failure: 'reset' }],
      [
        'a reset in the middle',
        (_, response, socket) => {
          response.writeHead(200);
          response.write('one\n', () => socket.resetAndDestroy());
        },
        { failure: 'reset' },
      ],
    ])('reports %s', async (_, script, expected) => {
      const fixture = await start(script);
      const transport = open({ access: access(fixture.server) });
      await expect(read(transport.stream(get(fixture)))).rejects.toMatchObject(expected);
      expect(fixture.seen).toHaveLength(1);
    });

    it('does not take connections from the calls', async () => {
      const fixture = await start((seen, response, socket) => {
        if (seen.url.searchParams.has('watch')) response.writeHead(200).write('x\n');
        else ok(seen, response, socket);
      });
      const transport = open({ access: access(fixture.server), connections: 1 });
      const streams = Array.from({ length: 3 }, () =>
        transport.stream(get(fixture, { url: `${fixture.server}/?watch=true` })),
      );
      for (const stream of streams) await stream.next();
      await expect(transport.send(get(fixture))).resolves.toMatchObject({ status: 200 });
      for (const stream of streams) await stream.return();
    });

    it('closes the connection when the reader leaves', async () => {
      let onClosed = () => {};
      const closed = new Promise<void>((resolve) => {
        onClosed = resolve;
      });
      const fixture = await start((_, response) => {
        response.on('close', () => onClosed());
        response.writeHead(200).write('x\n');
      });
      const transport = open({ access: access(fixture.server) });
      for await (const _ of transport.stream(get(fixture))) break;
      await closed;
    });

    it("ends with the caller's reason when the caller says so", async () => {
      const fixture = await start((_, response) => response.writeHead(200).write('x\n'));
      const transport = open({ access: access(fixture.server) });
      const caller = new AbortController();
      const stream = transport.stream(get(fixture, { signal: caller.signal }));
      await stream.next();
      const reason = new Error('enough');
      caller.abort(reason);
      await expect(stream.next()).rejects.toBe(reason);
    });
  });

  it('tells its observer about each exchange', async () => {
    const fixture = await start(steps(refuse(429, { 'retry-after': '0' }), reset, ok));
    const codes: string[] = [];
    const transport = open({
      access: access(fixture.server),
      observer: { answered: (method, code) => codes.push(`${method} ${code}`) },
    });
    await transport.send(get(fixture));
    expect(codes).toEqual(['GET 429', 'GET reset', 'GET 2xx']);
  });
});
