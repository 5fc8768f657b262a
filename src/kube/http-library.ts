import {
  type Configuration,
  type ConfigurationOptions,
  createConfiguration,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { TransportError } from './api-error.js';
import type { KubeTransport, TransportRequest } from './transport.js';

/** What a typed call of client-node cannot say about itself. */
export interface CallTraits {
  readonly signal?: AbortSignal | undefined;
  readonly contentType?: string;
  readonly idempotent: boolean;
}

/**
 * client-node's typed calls know only `/apis/{group}/{version}`; the core group has no name and lives elsewhere.
 * So the one path rule of Kubernetes that they lack stands here.
 */
const CORE_GROUP = /^\/apis\/\//;

/** A configuration for client-node's API classes. Its calls must be given `callOptions`, they have no transport else. */
export function apiConfiguration(server: string): Configuration {
  const base = new ServerConfiguration(server, {});
  return createConfiguration({
    baseServer: {
      makeRequestContext: (endpoint, method) => base.makeRequestContext(endpoint.replace(CORE_GROUP, '/api/'), method),
    },
  });
}

function asTransportRequest(context: RequestContext, traits: CallTraits): TransportRequest {
  const body = context.getBody();
  if (body !== undefined && typeof body !== 'string') {
    throw new TransportError('protocol', 'only JSON bodies are sent to the API server');
  }
  const headers: Record<string, string> = { ...context.getHeaders(), Accept: 'application/json' };
  if (traits.contentType !== undefined) headers['Content-Type'] = traits.contentType;
  const { signal, idempotent } = traits;
  return { method: context.getHttpMethod(), url: context.getUrl(), headers, body, signal, idempotent };
}

function response(status: number, headers: Readonly<Record<string, string>>, text: string): ResponseContext {
  return new ResponseContext(
    status,
    { ...headers },
    {
      text: () => Promise.resolve(text),
      binary: () => Promise.resolve(Buffer.from(text, 'utf8')),
      stream: () => null,
    },
  );
}

/** Runs one typed call over our transport instead of client-node's own, which opens a connection per call. */
export function callOptions(transport: KubeTransport, traits: CallTraits): ConfigurationOptions {
  return {
    httpApi: wrapHttpLibrary({
      send: async (context) => {
        const answer = await transport.send(asTransportRequest(context, traits));
        return response(answer.status, answer.headers, answer.text);
      },
    }),
  };
}

/**
 * Takes the request that a typed call would send and gives it to `take` instead; the call itself gets an empty list.
 * For watches: a typed call reads its answer to the end, a watch has none.
 */
export function captureOptions(traits: CallTraits, take: (request: TransportRequest) => void): ConfigurationOptions {
  return {
    httpApi: wrapHttpLibrary({
      send: async (context) => {
        take(asTransportRequest(context, traits));
        return response(200, { 'content-type': 'application/json' }, '{}');
      },
    }),
  };
}
