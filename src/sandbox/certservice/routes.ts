import type { Endpoint } from './enrol.js';

/** What a URL path stands for. `malformed` never reaches CertService itself. */
export type Route =
  | { readonly type: 'enrol'; readonly endpoint: Endpoint; readonly caName: string }
  | { readonly type: 'health' | 'ready' | 'reload' | 'docs' | 'unknown' | 'malformed' };

const ENROL = /^\/v1\/(certificate|certificate-update)\/([^/]+)\/?$/;

export function routeOf(path: string): Route {
  if (!path.startsWith('/') || /%2f|\\/i.test(path)) return { type: 'malformed' };
  const [, endpoint, segment] = ENROL.exec(path) ?? [];
  if (endpoint !== undefined && segment !== undefined) {
    const caName = decoded(segment);
    if (caName === undefined) return { type: 'malformed' };
    return { type: 'enrol', endpoint: endpoint as Endpoint, caName: caName.replace(/[\r\n\t]/g, '_') };
  }
  switch (path.replace(/(?<=.)\/$/, '')) {
    case '/actuator/health':
      return { type: 'health' };
    case '/ready':
      return { type: 'ready' };
    case '/reload':
      return { type: 'reload' };
    case '/docs':
      return { type: 'docs' };
    default:
      return { type: 'unknown' };
  }
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
