import type { Node } from './tree.js';

/** One kind of octets from outside and what must hold for whatever is made of them. */
export interface Subject {
  readonly name: string;
  /** The octets as they should be. */
  readonly seed: Uint8Array;
  /**
   * Gives the mutant to the code and returns what came of it, in one word for the statistics. Throws if it crashed, or
   * if something was believed that must not be.
   */
  feed(mutant: Uint8Array): Promise<string> | string;
}

export interface PreparedSubject extends Subject {
  readonly nodes: readonly Node[];
}
