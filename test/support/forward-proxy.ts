import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ForwardProxyOptions {
  /** Wanted as `name:password` of everybody. Default: nobody must say who it is. */
  readonly credentials?: string;
  /** Serve over TLS. */
  readonly tls?: ServerOptions;
  /** Answer CONNECT with this status, or not at all. */
  readonly connect?: number | 'silence';
}

/** An HTTP proxy as one stands in a company: forwards http, tunnels everything else, and keeps a list of what it was asked. */
export class ForwardProxy {
  /** `METHOD target`, in order. */
  readonly asked: string[] = [];
  readonly #options: ForwardProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: ForwardProxyOptions) {
    this.#options = options;
    const forward = (message: IncomingMessage, response: ServerResponse) => this.#forward(message, response);
    this.#server = options.tls === undefined ? createServer(forward) : createTlsServer(options.tls, forward);
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
    this.#server.on('connect', (message: IncomingMessage, socket: Socket) => this.#tunnel(message, socket));
  }

  static async start(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
    const proxy = new ForwardProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** `http://127.0.0.1:1234`, with credentials if there are any. */
  url(name = '', password = ''): string {
    const { port } = this.#server.address() as AddressInfo;
    const scheme = this.#options.tls === undefined ? 'http' : 'https';
    const credentials = name === '' ? '' : `${encodeURIComponent(name)}:${encodeURIComponent(password)}@`;
    return `${scheme}://${credentials}127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  #isWelcome({ headers }: IncomingMessage): boolean {
    const { credentials } = this.#options;
    const wanted = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`;
    return credentials === undefined || headers['proxy-authorization'] === wanted;
  }

  #forward(message: IncomingMessage, response: ServerResponse): void {
    this.asked.push(`${message.method} ${message.url}`);
    if (!this.#isWelcome(message)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"', 'content-type': 'text/html' }).end('no');
      return;
    }
    const { 'proxy-authorization': _, ...headers } = message.headers;
    const onward = request(message.url ?? '', { method: message.method ?? 'GET', headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502, { 'content-type': 'text/html' }).end('no way'));
    message.pipe(onward);
  }

  #tunnel(message: IncomingMessage, socket: Socket): void {
    this.asked.push(`${message.method} ${message.url}`);
    const { connect: answer } = this.#options;
    if (answer === 'silence') return;
    const status = this.#isWelcome(message) ? (answer ?? 200) : 407;
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} Sorry\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${message.url}`);
    const beyond = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(beyond).pipe(socket);
    });
    this.#keep(beyond);
    beyond.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'));
  }
}
