import type { HttpFault } from '../src/sandbox/ca/index.js';
import type { ChaosCluster } from '../test/support/chaos/chaos-cluster.js';
import type { NetworkLink } from '../test/support/chaos/network-link.js';
import type { Dice } from '../test/support/fuzz/dice.js';

/** Something that goes wrong for a while. Resolves when it is over, except for what burns down by itself. */
export interface SoakFault {
  readonly name: string;
  run(cluster: ChaosCluster, dice: Dice): Promise<void>;
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const seconds = (dice: Dice, most: number): number => 500 + dice.below(most * 1_000 - 500);

const HTTP_FAULTS: Readonly<Record<string, HttpFault>> = {
  reset: { type: 'reset' },
  'half an answer': { type: 'truncatedTransfer' },
  silence: { type: 'silence' },
  drip: { type: 'drip', octetsPerChunk: 64, intervalMilliseconds: 50 },
  'HTTP 500': { type: 'status', status: 500, body: 'none' },
  'HTTP 503 with Retry-After': { type: 'status', status: 503, body: 'html', retryAfterSeconds: 2 },
  'a page of HTML': { type: 'html' },
};

/** Spoils some of what passes the CA, before it is read or after the CA has done its work. */
const atCa = ([name, fault]: readonly [string, HttpFault], point: 'beforeReading' | 'beforeAnswering'): SoakFault => ({
  name: `CA, ${point === 'beforeReading' ? 'request' : 'answer'}: ${name}`,
  run: async ({ sandbox }, dice) => {
    let left = 1 + dice.below(8);
    const hold = sandbox.ca.gate.hold((message) => message.point === point && left-- > 0);
    const end = performance.now() + seconds(dice, 4);
    while (performance.now() < end) {
      for (const held of hold.held) held.spoil(fault);
      await sleep(5);
    }
    hold.lift();
  },
});

const onLink = (name: 'api' | 'ca'): readonly SoakFault[] => {
  const title = name === 'ca' ? 'CA' : 'API server';
  const fault = (what: string, run: (link: NetworkLink, dice: Dice) => Promise<void>): SoakFault => ({
    name: `${title}: ${what}`,
    run: (cluster, dice) => run(cluster.links[name], dice),
  });
  return [
    fault('connections are cut', async (link) => void link.cut()),
    fault('is down for a while', async (link, dice) => {
      await link.down();
      await sleep(seconds(dice, 8));
      await link.up();
    }),
    fault('takes connections and does not answer', async (link, dice) => {
      link.freeze();
      await sleep(seconds(dice, 6));
      link.thaw();
    }),
  ];
};

const WRITE = ['create', 'update', 'patch', 'delete'];

const atApi = (name: string, run: (cluster: ChaosCluster, dice: Dice) => void): SoakFault => ({
  name: `API server: ${name}`,
  run: async (cluster, dice) => run(cluster, dice),
});

export const FAULTS: readonly SoakFault[] = [
  ...Object.entries(HTTP_FAULTS).flatMap((fault) =>
    (['beforeReading', 'beforeAnswering'] as const).map((point) => atCa(fault, point)),
  ),
  ...onLink('ca'),
  ...onLink('api'),
  ...[409, 429, 500, 503].map((code) =>
    atApi(`writes are refused with ${code}`, ({ sandbox }, dice) =>
      sandbox.api.faults.failNext({
        code,
        count: 1 + dice.below(20),
        match: ({ verb }) => WRITE.includes(verb),
        ...(code === 429 && { retryAfterSeconds: 1 }),
      }),
    ),
  ),
  atApi('answers to writes are lost', ({ sandbox }, dice) =>
    sandbox.api.faults.loseResponseAfterCommit(1 + dice.below(10), ({ verb }) => WRITE.includes(verb)),
  ),
  atApi('watches end', ({ sandbox }, dice) => void sandbox.api.faults.endWatches(dice.pick(['eof', 'reset']))),
  atApi('watches may not go on (410)', ({ sandbox }) => {
    sandbox.api.faults.compact();
    sandbox.api.faults.endWatches('eof');
  }),
  {
    name: 'API server: no status can be written for a while, as with a webhook that is down',
    run: async ({ sandbox }, dice) => {
      // Not `webhookOutage`: that would keep the load from being made.
      let down = true;
      const message = 'failed calling webhook "webhook.cert-manager.io"';
      const match = ({ subresource }: { readonly subresource?: string }) => down && subresource === 'status';
      sandbox.api.faults.failNext({ code: 500, count: Number.POSITIVE_INFINITY, message, match });
      await sleep(seconds(dice, 6));
      down = false;
    },
  },
  {
    name: 'the controller stands still',
    run: async ({ controllers }, dice) => {
      const controller = controllers.at(-1);
      controller?.pause();
      await sleep(seconds(dice, 4));
      controller?.resume();
    },
  },
];

export const KILL: SoakFault = {
  name: 'the controller is killed',
  run: async (cluster) => {
    await cluster.controllers.at(-1)?.stop('SIGKILL');
    await cluster.launch();
  },
};
