import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import {
  type ApiServer,
  type ApiServerOptions,
  type KubeObject,
  startApiServer,
} from '../../../../src/sandbox/apiserver/index.js';
import type { Status } from '../../../../src/sandbox/apiserver/status.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** An answer: `body` is the parsed JSON, or undefined when it is none. */
interface Answer<T = KubeObject> {
  readonly code: number;
  readonly body: T;
  readonly headers: Headers;
}

interface CallOptions {
  readonly token?: string;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

export interface Harness {
  readonly server: ApiServer;
  readonly clock: ManualClock;
  call<T = KubeObject>(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer<T>>;
  /** A request that has to be refused. */
  refused(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Status>;
  watch(path: string, options?: CallOptions): Promise<WatchReader>;
}

interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number; readonly reason?: string };
}

/** Reads one watch stream, event by event. */
class WatchReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; undefined at the end of the stream. Rejects when the connection is cut. */
  async next(): Promise<WatchEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(line);
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  /** The next `count` events as `TYPE name`. */
  async summary(count: number): Promise<string[]> {
    const found: string[] = [];
    for (let i = 0; i < count; i++) {
      const event = await this.next();
      found.push(event === undefined ? 'EOF' : `${event.type} ${event.object.metadata.name ?? ''}`.trim());
    }
    return found;
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

export const TOKENS = [
  { token: 'admin-token', user: 'admin', groups: ['ops'] },
  { token: 'approver-token', user: 'approver', mayApprove: true },
  {
    token: 'reader-token',
    user: 'reader',
    rules: [
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['known'] },
      {
        apiGroups: ['certmanager.onap.org'],
        resources: ['cmpv2issuers', 'cmpv2issuers/status'],
        verbs: ['get', 'list', 'patch'],
        namespaces: ['default'],
      },
    ],
  },
] as const;

export async function startHarness(options: Partial<ApiServerOptions> = {}): Promise<Harness> {
  const clock = new ManualClock();
  const server = await startApiServer({ scheme: 'http', clock, tokens: TOKENS, ...options });
  const send = (method: string, path: string, body: unknown, { token = 'admin-token', type, headers }: CallOptions) =>
    fetch(server.url + path, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
    });
  const call = async <T>(
    method: string,
    path: string,
    body?: unknown,
    callOptions: CallOptions = {},
  ): Promise<Answer<T>> => {
    const response = await send(method, path, body, callOptions);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    return { code: response.status, body: isJson ? JSON.parse(text) : (text as T), headers: response.headers };
  };
  return {
    server,
    clock,
    call,
    async refused(method, path, body, callOptions) {
      const answer = await call<Status>(method, path, body, callOptions);
      if (answer.code < 400) throw new Error(`${method} ${path} was not refused: ${answer.code}`);
      if (answer.body.code !== answer.code) throw new Error(`code ${answer.body.code} in a ${answer.code} answer`);
      return answer.body;
    },
    async watch(path, callOptions = {}) {
      const response = await send('GET', path, undefined, callOptions);
      if (response.status !== 200 || response.body === null) {
        throw new Error(`watch ${path}: ${response.status} ${await response.text()}`);
      }
      return new WatchReader(response.body);
    },
  };
}

export const ISSUERS = '/apis/certmanager.onap.org/v1/namespaces/default/cmpv2issuers';
export const SECRETS = '/api/v1/namespaces/default/secrets';
export const REQUESTS = '/apis/cert-manager.io/v1/namespaces/default/certificaterequests';

/** An issuer of the CertService kind: the shortest valid one. */
export const issuer = (name: string, extra: { metadata?: object; spec?: object } = {}) => ({
  apiVersion: 'certmanager.onap.org/v1',
  kind: 'CMPv2Issuer',
  metadata: { name, ...extra.metadata },
  spec: {
    url: 'https://cert-service:8443',
    healthEndpoint: 'actuator/health',
    certEndpoint: 'v1/certificate',
    caName: 'RA',
    certSecretRef: { name: 'tls', keyRef: 'k', certRef: 'c', cacertRef: 'ca' },
    ...extra.spec,
  },
});

export const secret = (name: string, extra: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  data: { key: 'dmFsdWU=' },
  ...extra,
});

export const csr = (name: string) =>
  readFileSync(join(packageRoot(), 'fixtures', 'csr', `${name}.csr`)).toString('base64');

export const certificateRequest = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'cert-manager.io/v1',
  kind: 'CertificateRequest',
  metadata: { name, ...metadata },
  spec: {
    issuerRef: { name: 'ca', kind: 'CMPv2Issuer', group: 'certmanager.onap.org' },
    request: csr('p256'),
    usages: ['digital signature', 'key encipherment'],
    ...spec,
  },
});
