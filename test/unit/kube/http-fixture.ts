import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsMaterial } from '../../../src/kube/credentials.js';

const PKI = new URL('../../../fixtures/cmp/pki/', import.meta.url);

/** A PEM file of the fixtures' TLS hierarchy. */
export function pki(file: string): string {
  return readFileSync(new URL(file, PKI), 'utf8');
}

/** One request as it came in. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Script = (seen: Seen, response: ServerResponse, socket: Socket) => void;

export interface Fixture {
  readonly server: string;
  readonly seen: Seen[];
  /** Connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

async function serve(make: (listener: RequestListener) => Server, scheme: string, script: Script): Promise<Fixture> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = make((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const body = Buffer.concat(chunks).toString('utf8');
      const one = { method, url: new URL(url, 'http://fixture'), headers, body };
      seen.push(one);
      script(one, response, socket);
    });
  });
  server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server: `${scheme}://127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** An HTTP server on a free port of the loopback that answers as the script says. */
export function httpFixture(script: Script): Promise<Fixture> {
  return serve((listener) => createServer(listener), 'http', script);
}

/** The same over TLS; asks for a client certificate of the fixtures' hierarchy but does not insist. */
export function httpsFixture(script: Script): Promise<Fixture> {
  const options = {
    cert: pki('tls-server.crt'),
    key: pki('tls-server.key'),
    ca: pki('tls-ca.crt'),
    requestCert: true,
    rejectUnauthorized: false,
  };
  return serve((listener) => createTlsServer(options, listener) as Server, 'https', script);
}

export function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A Status object as the API server sends it. */
export function status(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message, details };
}

/** Access without any TLS, with the credentials that `headers` gives at each reading. */
export function access(
  server: string,
  headers: () => Record<string, string> = () => ({}),
  tls: () => Partial<TlsMaterial> = () => ({}),
) {
  let readings = 0;
  return {
    server,
    read: () => {
      readings++;
      return Promise.resolve({ headers: headers(), tls: { rejectUnauthorized: true, ...tls() } });
    },
    readings: () => readings,
  };
}
