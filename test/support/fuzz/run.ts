import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { octetsEqual } from '../../../src/asn1/index.js';
import { Dice } from './dice.js';
import { mutate, OPERATOR_NAMES, type OperatorName } from './mutate.js';
import type { PreparedSubject, Subject } from './subject.js';
import { type Node, nodesOf } from './tree.js';

interface Finding {
  readonly subject: string;
  readonly operator: OperatorName;
  readonly mutant: Uint8Array;
  readonly error: unknown;
}

export interface Report {
  readonly mutants: number;
  readonly milliseconds: number;
  /** How often each came out. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly perOperator: ReadonlyMap<OperatorName, number>;
  readonly findings: readonly Finding[];
  /** Milliseconds that the slowest mutant took, and which it was. */
  readonly slowest: { readonly milliseconds: number; readonly subject: string; readonly operator: OperatorName };
  /** Octets of heap in use at most, seen now and then. */
  readonly mostHeap: number;
  /** Octets by which the heap has grown in the end, garbage aside. */
  readonly retained: number;
}

export interface Budget {
  readonly milliseconds: number;
  /** The same seed gives the same mutants in the same order. */
  readonly seed: number;
}

const MOST_FINDINGS = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Octets of heap in use, without garbage. */
function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const add = <T>(counts: Map<T, number>, key: T): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

const prepare = (subject: Subject): PreparedSubject => ({ ...subject, nodes: nodesOf(subject.seed) });

/** Feeds mutants of the subjects until the time is over; every group gets the same share. */
export async function fuzz(groups: readonly (readonly Subject[])[], { milliseconds, seed }: Budget): Promise<Report> {
  const dice = new Dice(seed);
  const prepared = groups.map((group) => group.map(prepare));
  const donors: readonly Node[] = prepared.flat().flatMap(({ nodes }) => nodes);
  const outcomes = new Map<string, number>();
  const perOperator = new Map<OperatorName, number>();
  const findings: Finding[] = [];
  let slowest: Report['slowest'] = { milliseconds: 0, subject: '', operator: 'delete' };
  let mostHeap = 0;
  let mutants = 0;
  const before = heapInUse();
  const start = performance.now();
  while (performance.now() - start < milliseconds && findings.length < MOST_FINDINGS) {
    const subject = dice.pick(dice.pick(prepared));
    const operator = dice.pick(OPERATOR_NAMES);
    const mutant = mutate(operator, dice.pick(subject.nodes), dice, donors);
    if (octetsEqual(mutant, subject.seed)) continue;
    mutants++;
    add(perOperator, operator);
    const began = performance.now();
    try {
      add(outcomes, await subject.feed(mutant));
    } catch (error) {
      findings.push({ subject: subject.name, operator, mutant, error });
    }
    const took = performance.now() - began;
    if (took > slowest.milliseconds) slowest = { milliseconds: took, subject: subject.name, operator };
    if (mutants % 200 === 0) mostHeap = Math.max(mostHeap, process.memoryUsage().heapUsed);
  }
  const took = performance.now() - start;
  const retained = heapInUse() - before;
  return { mutants, milliseconds: took, outcomes, perOperator, findings, slowest, mostHeap, retained };
}
