import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** Both ends of one connection through a link. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A stretch of network between a client and a server on this machine, neither of which knows of it. It can fail in the
 * ways that networks and restarting servers do.
 */
export class NetworkLink {
  readonly port: number;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;
  #frozen = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#join(client));
  }

  /** A link to this port, on a free port of its own. */
  static async to(target: number): Promise<NetworkLink> {
    return new NetworkLink(await listening(0), target);
  }

  /** Resets every connection and returns how many; new ones go through. */
  cut(): number {
    const pairs = [...this.#pairs];
    for (const { client, server } of pairs) {
      reset(client);
      server.destroy();
    }
    return pairs.length;
  }

  /** As when the server is restarted: connections are cut, and new ones refused until `up`. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  async up(): Promise<void> {
    if (this.#server !== undefined) return;
    this.#server = await listening(this.port);
    this.#server.on('connection', (client) => this.#join(client));
  }

  /** Half-open: every connection stays, new ones are accepted, and nothing goes through in either direction. */
  freeze(): void {
    this.#frozen = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** What was sent in the meantime arrives now. */
  thaw(): void {
    this.#frozen = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  async close(): Promise<void> {
    await this.down();
  }

  #join(client: Socket): void {
    const pair = { client, server: connect(this.#target, HOST) };
    this.#pairs.add(pair);
    this.#forward(pair, pair.client, pair.server);
    this.#forward(pair, pair.server, pair.client);
    if (!this.#frozen) return;
    pair.client.pause();
    pair.server.pause();
  }

  #forward(pair: Pair, from: Socket, to: Socket): void {
    from.setNoDelay(true);
    from.on('data', (octets) => {
      if (!to.write(octets)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#frozen) from.resume();
    });
    from.on('end', () => to.end());
    // Whatever befalls one end, the other learns of it.
    from.on('error', () => to.destroy());
    from.on('close', () => {
      to.destroy();
      this.#pairs.delete(pair);
    });
  }
}

/** What is shut down already cannot be reset any more (uv_tcp_close_reset), and would stay open for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}

async function listening(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, HOST);
  await once(server, 'listening');
  return server;
}
