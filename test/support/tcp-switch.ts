import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A port of its own in front of another one, which can be shut like that of a machine that is down, and opened again. */
export class TcpSwitch {
  readonly port: number;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #unanswered = new Set<Socket>();
  /** Takes connections and messages, and answers nothing. */
  mute = false;
  #server: Server;

  private constructor(server: Server, port: number, target: number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    this.#serve();
  }

  static async open(target: number): Promise<TcpSwitch> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpSwitch(server, (server.address() as AddressInfo).port, target);
  }

  /** Connections whose messages will never be answered. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Refuses connections, and cuts those there are. */
  async shut(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async reopen(): Promise<void> {
    this.#server = createServer();
    this.#serve();
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #serve(): void {
    this.#server.on('connection', (near) => {
      if (this.mute) {
        this.#sockets.add(near);
        near.on('error', () => {});
        near.on('data', () => this.#unanswered.add(near));
        near.on('close', () => {
          this.#sockets.delete(near);
          this.#unanswered.delete(near);
        });
        return;
      }
      const far = connect(this.#target, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    });
  }
}
