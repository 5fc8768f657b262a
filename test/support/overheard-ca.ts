import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeDer, withRaw } from '../../src/asn1/index.js';
import { decodeMessage } from '../../src/cmp/message.js';
import { ExtensionSyntax, Extensions } from '../../src/pki/index.js';

/** What a CertTemplate asks for. */
export interface Asked {
  readonly body: string;
  readonly usages: readonly string[];
  readonly extendedUsages: readonly string[];
  readonly isCA: boolean;
  /** From now on, to the next ten seconds; undefined when it is left to the CA. */
  readonly seconds: number | undefined;
}

/** The CA under another address, where everything that is asked in templates is overheard. */
export class OverheardCa {
  readonly asked: Asked[] = [];
  readonly #server: Server;

  private constructor(upstream: string) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          const body = Buffer.concat(chunks);
          this.#overhear(body);
          fetch(`${upstream}${request.url}`, {
            method: 'POST',
            body,
            headers: { 'Content-Type': String(request.headers['content-type']) },
          })
            .then(async (answer) => {
              const type = answer.headers.get('content-type') ?? '';
              response.writeHead(answer.status, { 'Content-Type': type }).end(Buffer.from(await answer.arrayBuffer()));
            })
            .catch((error: unknown) => response.destroy(error as Error));
        });
    });
  }

  static async start(upstream: string): Promise<OverheardCa> {
    const overheard = new OverheardCa(upstream);
    await new Promise<void>((resolve) => overheard.#server.listen(0, '127.0.0.1', resolve));
    return overheard;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #overhear(der: Uint8Array): void {
    const { body } = decodeMessage(der);
    if (body.type !== 'ir' && body.type !== 'cr' && body.type !== 'kur') return;
    for (const { certReq } of body.value) {
      const { extensions = [], validity } = certReq.certTemplate;
      const read = new Extensions(
        extensions.map((one) => decodeDer(withRaw(ExtensionSyntax), one)),
        'template',
      );
      const seconds = validity?.notAfter && Math.round((validity.notAfter.getTime() - Date.now()) / 10_000) * 10;
      this.asked.push({
        body: body.type,
        usages: [...(read.keyUsage ?? [])],
        extendedUsages: read.extendedKeyUsage ?? [],
        isCA: read.basicConstraints?.ca ?? false,
        seconds,
      });
    }
  }
}
