// npm run chaos -- [kill-table] [take-over] [soak] [--minutes 30] [--seed 7] [--write]: breaks everything around real
// controllers, and holds what comes of it against the promises. Ends with 1 if one was broken.
import { parseArgs } from 'node:util';
import { chaosKillTable } from './kill-table.js';
import { chaosSoak } from './soak.js';
import { chaosTakeOver } from './take-over.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error('--minutes must be a number above 0, --seed a whole number');
  process.exit(2);
}

/** Each gives the promises that were broken. */
const SECTIONS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  'kill-table': () => chaosKillTable(values.write),
  'take-over': chaosTakeOver,
  soak: () => chaosSoak({ minutes, seed }),
};

const chosen = positionals.length === 0 ? Object.keys(SECTIONS) : positionals;
const unknown = chosen.find((name) => !(name in SECTIONS));
if (unknown !== undefined) {
  console.error(`there is no section "${unknown}"; there are ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(2);
}
const broken: string[] = [];
for (const name of chosen) broken.push(...((await SECTIONS[name]?.()) ?? []));
for (const promise of broken) console.error(`BROKEN: ${promise}`);
console.log(broken.length === 0 ? '\nEvery promise was kept.' : `\n${broken.length} promises were broken.`);
process.exitCode = broken.length === 0 ? 0 : 1;
