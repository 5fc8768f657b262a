import type { Logger } from '../../runtime/logger.js';
import type { CmpServer } from './cmp-server.js';
import { CmpServersError } from './cmp-servers-file.js';

/**
 * The list of CMP servers in use. A reload that fails leaves the previous list serving, but the service is not ready
 * until one succeeds; neither is it while one runs.
 */
export class ServersState<Client extends { close(): Promise<void> }> {
  readonly #load: () => readonly CmpServer[] | Promise<readonly CmpServer[]>;
  readonly #connect: (server: CmpServer) => Client;
  readonly #logger: Logger;
  #clients: ReadonlyMap<string, Client> | undefined;
  #ready = false;
  #reloading: Promise<void> = Promise.resolve();

  constructor(
    load: () => readonly CmpServer[] | Promise<readonly CmpServer[]>,
    connect: (server: CmpServer) => Client,
    logger: Logger,
  ) {
    this.#load = load;
    this.#connect = connect;
    this.#logger = logger;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** The clients by caName; undefined when no list was ever loaded. */
  get clients(): ReadonlyMap<string, Client> | undefined {
    return this.#clients;
  }

  /** Reads the list anew; one reload at a time. Throws CmpServersError. */
  reload(): Promise<void> {
    const next = this.#reloading.catch(() => {}).then(() => this.#reload());
    this.#reloading = next;
    return next;
  }

  /** Drops the connections that nobody uses. */
  close(): Promise<void> {
    return closeAll(this.#clients);
  }

  async #reload(): Promise<void> {
    this.#ready = false;
    try {
      const servers = await this.#load();
      const previous = this.#clients;
      this.#clients = new Map(servers.map((server) => [server.caName, this.#connect(server)]));
      await closeAll(previous);
      this.#ready = true;
      this.#logger.info({ servers: servers.map(({ caName, url }) => ({ caName, url })) }, 'CMP servers loaded');
    } catch (error) {
      const failure = error instanceof CmpServersError ? error : new CmpServersError('loading', error);
      const consequence =
        this.#clients === undefined
          ? 'no CMP servers are loaded, so no request can be served'
          : 'the previous list of CMP servers keeps serving';
      this.#logger.error({ error: failure }, `CMP servers could not be loaded: ${consequence}; /ready says 503`);
      throw failure;
    }
  }
}

async function closeAll(clients: ReadonlyMap<string, { close(): Promise<void> }> = new Map()): Promise<void> {
  await Promise.all([...clients.values()].map((client) => client.close()));
}
