import { type ChildProcess, fork } from 'node:child_process';
import type { SandboxCa } from '../src/sandbox/index.js';
import { nextReply } from './reply.js';

/** What clients must know of a sandbox CA. */
export interface CaFacts {
  readonly url: string;
  readonly rootPem: string;
  readonly caName: string;
  readonly credentials: { readonly reference: string; readonly secret: string };
  readonly client: { readonly certificatePem: string; readonly chainPem: string; readonly keyPem: string };
}

export async function factsOf(ca: SandboxCa): Promise<CaFacts> {
  const { url, rootPem, caName, credentials } = ca;
  return { url, rootPem, caName, credentials, client: await ca.issueClientCertificate('bench registration authority') };
}

/** Our end of ca-process.ts: a sandbox CA in a process of its own, as CAs are, so that its work is not counted as ours. */
export class CaChild {
  readonly facts: CaFacts;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, facts: CaFacts) {
    this.#child = child;
    this.facts = facts;
  }

  /** `delayMs`: how long it thinks about each message. */
  static async start(delayMs = 0): Promise<CaChild> {
    const child = fork(new URL('./ca-process.js', import.meta.url), [String(delayMs)]);
    return new CaChild(child, await nextReply<CaFacts>(child, 'CA'));
  }

  /** TCP connections that it has accepted. */
  async connections(): Promise<number> {
    const connections = nextReply<number>(this.#child, 'CA');
    this.#child.send('connections');
    return connections;
  }

  stop(): void {
    this.#child.disconnect();
  }
}
