import { readFileSync } from 'node:fs';
import { type Asked, ChaosCluster, type Place } from '../test/support/chaos/chaos-cluster.js';
import { brokenPromises, type Delivery, deliveryOf, judgeDeliveries } from '../test/support/chaos/verdict.js';
import type { ControllerProcess } from '../test/support/controller-process.js';
import { Dice } from '../test/support/fuzz/dice.js';
import { FAULTS, KILL, type SoakFault } from './soak-faults.js';
import { median, printTable } from './table.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
}

const REQUESTS_PER_SECOND = 4;
/** During outages nothing is gained by more. */
const MOST_UNDER_WAY = 400;
/** Like cert-manager, which keeps few old requests. */
const KEPT_MS = 20_000;
/** The longest wait between two tries of a request is five minutes. */
const LAST_CHANCE_MS = 360_000;
/** Only this part of the time has deaths in it: the rest shows what becomes of one process's memory. */
const DEADLY_PART = 0.25;
const SAMPLE_MS = 2_000;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Sample {
  readonly at: number;
  readonly process: number;
  /** In MiB: resident, and what of the heap is in use, garbage included. */
  readonly resident: number;
  readonly heap: number;
}

/** Load, and faults at random, for some minutes; then all is well again, and every request must end with its certificate. */
export async function chaosSoak({ minutes, seed }: SoakOptions): Promise<readonly string[]> {
  console.log(`\nsoak: ${minutes} minutes, seed ${seed}`);
  const cluster = await ChaosCluster.start();
  try {
    return await soak(cluster, minutes * 60_000, new Dice(seed));
  } finally {
    await cluster.stop();
  }
}

async function soak(cluster: ChaosCluster, milliseconds: number, dice: Dice): Promise<readonly string[]> {
  const places = makePlaces(cluster);
  await cluster.launch();
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  const isOn = () => elapsed() < milliseconds;
  const load = new Load(cluster, places);
  const samples: Sample[] = [];
  const met = new Map<string, number>();

  const ask = async () => {
    for (; isOn(); await sleep(1_000 / REQUESTS_PER_SECOND)) await load.step(dice);
  };
  const sample = async () => {
    for (; isOn(); await sleep(SAMPLE_MS)) {
      const memory = await memoryOf(cluster.controllers.at(-1));
      if (memory !== undefined) samples.push({ at: elapsed(), ...memory });
    }
  };
  const disturb = async () => {
    while (isOn()) {
      const deadly = elapsed() < DEADLY_PART * milliseconds && dice.below(5) === 0;
      const fault: SoakFault = deadly ? KILL : dice.pick(FAULTS);
      met.set(fault.name, (met.get(fault.name) ?? 0) + 1);
      await fault.run(cluster, dice);
      await sleep(dice.below(3_000));
    }
  };
  await Promise.all([ask(), sample(), disturb()]);

  cluster.sandbox.api.faults.clear();
  cluster.sandbox.ca.gate.open();
  const healed = performance.now();
  await cluster.until('the last request to be issued', () => load.underWay() === 0, LAST_CHANCE_MS).catch(() => {});
  const seconds = (performance.now() - healed) / 1_000;
  // Events come a little later than certificates.
  await sleep(3_000);
  return report(cluster, load.deliveries(), { met, samples, seconds });
}

/** All ways in which an enrolment can go. */
function makePlaces(cluster: ChaosCluster): readonly Place[] {
  return (['MAC', 'signature'] as const).flatMap((protection) =>
    (['Explicit', 'Implicit'] as const).flatMap((confirmation) =>
      [false, true].map((polling) =>
        cluster.place({
          protection,
          confirmation,
          behaviour: polling ? { polling: { polls: 2, checkAfterSeconds: 2 } } : {},
          cmp: { requestTimeoutSeconds: 3, enrollment: protection === 'MAC' ? 'IR' : 'P10CR' },
        }),
      ),
    ),
  );
}

/** Requests that come, are served, and are cleared away, as cert-manager does it. */
class Load {
  readonly #cluster: ChaosCluster;
  readonly #places: readonly Place[];
  #open: readonly Asked[] = [];
  readonly #done: Delivery[] = [];
  readonly #kept: { readonly asked: Asked; readonly until: number }[] = [];

  constructor(cluster: ChaosCluster, places: readonly Place[]) {
    this.#cluster = cluster;
    this.#places = places;
  }

  async step(dice: Dice): Promise<void> {
    if (this.underWay() < MOST_UNDER_WAY) this.#open = [...this.#open, await dice.pick(this.#places).ask()];
    while ((this.#kept[0]?.until ?? Number.POSITIVE_INFINITY) < performance.now()) {
      const { asked } = this.#kept.shift() ?? {};
      if (asked !== undefined) this.#cluster.forget(asked);
    }
  }

  /** How many have no certificate yet. */
  underWay(): number {
    const issued = this.#open.filter((asked) => this.#cluster.isIssued(asked));
    this.#open = this.#open.filter((asked) => !issued.includes(asked));
    for (const asked of issued) {
      this.#done.push(deliveryOf(this.#cluster, asked));
      this.#kept.push({ asked, until: performance.now() + KEPT_MS });
    }
    return this.#open.length;
  }

  deliveries(): readonly Delivery[] {
    return [...this.#done, ...this.#open.map((asked) => deliveryOf(this.#cluster, asked))];
  }
}

interface Findings {
  readonly met: ReadonlyMap<string, number>;
  readonly samples: readonly Sample[];
  /** From the end of the last fault to the last certificate. */
  readonly seconds: number;
}

function report(cluster: ChaosCluster, deliveries: readonly Delivery[], found: Findings): readonly string[] {
  const { met, samples, seconds } = found;
  const verdicts = judgeDeliveries(cluster, deliveries);
  const broken = brokenPromises(verdicts);
  const last = samples.filter(({ process }) => process === samples.at(-1)?.process);
  const third = Math.max(1, Math.floor(last.length / 3));
  const parts = [last.slice(0, third), last.slice(third, 2 * third), last.slice(-third)];
  const mebibytes = (value: number) => `${value.toFixed(0)} MiB`;
  printTable('What went wrong', [
    ['fault', 'times'],
    ...[...met].sort(([, a], [, b]) => b - a).map(([name, times]) => [name, String(times)]),
  ]);
  printTable('Soak', [
    [
      'requests',
      'issued',
      'left over at the CA',
      'without an event',
      'broken promises',
      'until all was done',
      'processes',
    ],
    [
      String(deliveries.length),
      String(deliveries.filter(({ serial }) => serial !== undefined).length),
      String(verdicts.reduce((sum, { extras }) => sum + extras.length, 0)),
      String(verdicts.reduce((sum, { withoutEvent }) => sum + withoutEvent.length, 0)),
      String(broken.length),
      `${seconds.toFixed(0)} s`,
      String(cluster.controllers.length),
    ],
  ]);
  const minutes = ((last.at(-1)?.at ?? 0) - (last[0]?.at ?? 0)) / 60_000;
  printTable(`Memory of the last process, by thirds of its ${minutes.toFixed(1)} minutes`, [
    ['', 'first', 'second', 'last'],
    ['resident, median', ...parts.map((part) => mebibytes(median(part.map(({ resident }) => resident))))],
    ['resident, most', ...parts.map((part) => mebibytes(Math.max(...part.map(({ resident }) => resident))))],
    ['heap in use, least', ...parts.map((part) => mebibytes(Math.min(...part.map(({ heap }) => heap))))],
  ]);
  for (const { asked, problems } of verdicts) if (problems.length > 0) printStory(cluster, asked);
  return broken;
}

/** What every controller logged about a request, for whoever has to find out why a promise was broken. */
function printStory(cluster: ChaosCluster, { namespace, name }: Asked): void {
  console.log(`\nWhat the controllers logged about ${namespace}/${name}`);
  for (const [index, { lines }] of cluster.controllers.entries()) {
    for (const line of lines) {
      if (line['certificateRequest'] === `${namespace}/${name}`) console.log(`  ${index + 1}: ${JSON.stringify(line)}`);
    }
  }
}

/** Undefined while it cannot be asked: it was killed a moment ago, or stands still. */
async function memoryOf(
  controller: ControllerProcess | undefined,
): Promise<Pick<Sample, 'process' | 'resident' | 'heap'> | undefined> {
  if (controller?.pid === undefined) return undefined;
  try {
    const status = readFileSync(`/proc/${controller.pid}/status`, 'utf8');
    const answer = await fetch(`${controller.probesUrl}/metrics`, { signal: AbortSignal.timeout(1_000) });
    const heap = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(await answer.text())?.[1];
    const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
    return { process: controller.pid, resident, heap: Number(heap) / 2 ** 20 };
  } catch {
    return undefined;
  }
}
