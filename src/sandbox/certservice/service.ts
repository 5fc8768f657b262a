import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import { createIdentity } from '../ca/authority.js';
import type { SandboxCa } from '../ca/index.js';
import type { CertServiceBehaviour } from './behaviour.js';
import { enrol, factsOf, REQUIRED, readRequest } from './enrol.js';
import type { EnrolmentFacts, Journal } from './journal.js';
import type { CertServiceState } from './options.js';
import { bareText, empty, html, json, type Reply, springDefault, tomcatRefusal } from './reply.js';
import { type Route, routeOf } from './routes.js';
import { send, sendSpoilt } from './send.js';
import { certificatePem } from './tls.js';

/** What CertService's `server.max-http-header-size` says. */
const HEADER_LIMIT_OCTETS = 16_384;

const API_HEADERS = REQUIRED['certificate-update'];
const HEALTH_TYPE = 'application/vnd.spring-boot.actuator.v3+json';

interface ServiceParts {
  readonly ca: SandboxCa;
  readonly caNames: Readonly<Record<string, CertServiceBehaviour>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly signal: AbortSignal;
}

interface Answered {
  /** 0: none was sent. */
  readonly status: number;
  readonly enrolment?: EnrolmentFacts;
}

/** The REST API, apart from TLS and sockets. */
export class Service {
  readonly caNames: Map<string, CertServiceBehaviour>;
  readonly state: CertServiceState = { selector: undefined, health: 'UP', ready: true, reloadError: undefined };
  readonly #parts: ServiceParts;
  #enrolments = 0;
  #foreignIntermediate: Promise<string> | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.caNames = new Map(Object.entries(parts.caNames));
  }

  /** Answers one request. Rejects when the signal aborts in the middle of it. */
  async serve(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const headerOctets = octetsOf(request);
    let answered: Answered = { status: 0 };
    try {
      answered = await this.#answer({ request, response, path, signal }, headerOctets);
    } finally {
      this.#parts.journal.record({
        method: request.method ?? '',
        path,
        client: (request.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? '',
        headers: API_HEADERS.filter((name) => request.headers[name] !== undefined),
        headerOctets,
        ...answered,
      });
    }
  }

  async #answer(exchange: Exchange, headerOctets: number): Promise<Answered> {
    const { request, response, path } = exchange;
    const route = headerOctets > HEADER_LIMIT_OCTETS ? ({ type: 'malformed' } as const) : routeOf(path);
    const readable = request.method === 'GET' || request.method === 'HEAD';
    if (route.type === 'enrol' && readable) return await this.#enrol(exchange, route);
    const reply = this.#simple(route, readable, path);
    send(reply, response);
    return { status: reply.status };
  }

  #simple({ type }: Route, readable: boolean, path: string): Reply {
    const { state } = this;
    if (type === 'malformed') return tomcatRefusal();
    if (type === 'unknown' || (type === 'health' && state.health === 'missing')) return this.#spring(404, path);
    if (!readable) return { ...this.#spring(405, path), headers: { allow: 'GET' } };
    switch (type) {
      case 'health':
        return { ...json(state.health === 'UP' ? 200 : 503, { status: state.health }), contentType: HEALTH_TYPE };
      case 'ready':
        return empty(state.ready ? 200 : 503);
      case 'reload':
        state.ready = state.reloadError === undefined;
        return state.reloadError === undefined ? empty(200) : bareText(500, state.reloadError);
      case 'docs':
        return html(200, 'CertService Documentation');
      case 'enrol':
        // Only a method that the API does not know leads here, and it is refused above.
        return this.#spring(405, path);
      default:
        return unreachable(type);
    }
  }

  async #enrol(exchange: Exchange, { endpoint, caName }: Extract<Route, { type: 'enrol' }>): Promise<Answered> {
    const { request, response, path, signal } = exchange;
    const { ca, clock } = this.#parts;
    if (REQUIRED[endpoint].some((name) => request.headers[name] === undefined)) {
      send(this.#spring(400, path), response);
      return { status: 400 };
    }
    const read = readRequest(endpoint, request.headers);
    const facts = read.csr && factsOf(read, caName);
    const before = this.#enrolments;
    if (facts !== undefined) this.#enrolments += 1;
    const chosen = this.state.selector?.({ endpoint, caName, commonName: facts?.commonName ?? '', before });
    const named = this.caNames.get(caName);
    const behaviour = named && { ...named, ...chosen };

    const seen = facts && { enrolment: facts };
    if (behaviour?.delayMilliseconds !== undefined) await clock.sleep(behaviour.delayMilliseconds, signal);
    if (behaviour?.answer !== undefined) {
      const status = await sendSpoilt(behaviour.answer, path, response, clock.now(), signal);
      return { status, ...seen };
    }
    const unrelated = await this.#unrelated(behaviour?.unrelated);
    const { reply, serial } = await enrol(read, path, { ca, behaviour, unrelated, now: clock.now() });
    send(reply, response);
    if (facts === undefined || serial === undefined) return { status: reply.status, ...seen };
    return { status: reply.status, enrolment: { ...facts, serial } };
  }

  async #unrelated(kind: CertServiceBehaviour['unrelated'] = 'secondRoot'): Promise<readonly string[]> {
    const { ca } = this.#parts;
    switch (kind) {
      case 'none':
        return [];
      case 'secondRoot':
        return ca.roots.filter((root) => root !== ca.rootPem);
      case 'intermediate':
        this.#foreignIntermediate ??= this.#makeForeignIntermediate();
        return [await this.#foreignIntermediate];
      default:
        return unreachable(kind);
    }
  }

  async #makeForeignIntermediate(): Promise<string> {
    const common = { keys: 'ec-p256', now: this.#parts.clock.now(), random: this.#parts.random } as const;
    const root = await createIdentity({ ...common, name: [['CN', 'Other Root']], profile: 'rootCa' });
    const name = [['CN', 'Other Issuing CA']] as const;
    return certificatePem(await createIdentity({ ...common, name, profile: 'issuingCa', issuer: root }));
  }

  #spring(status: number, path: string): Reply {
    return springDefault(status, path, this.#parts.clock.now());
  }
}

/** Request line and headers as they came, line ends included. */
function octetsOf({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  const requestLine = `${method} ${url} HTTP/1.1\r\n`.length;
  const separators = rawHeaders.length * 2;
  return requestLine + separators + rawHeaders.reduce((octets, text) => octets + text.length, 0) + 2;
}
