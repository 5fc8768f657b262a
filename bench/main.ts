// Measures and prints; asserts nothing. `npm run bench -- codec transactions controller neighbours scale` picks sections.
import { cpus } from 'node:os';
import { benchCodec } from './codec.js';
import { benchController } from './controller.js';
import { benchNeighbours } from './neighbours.js';
import { benchScale } from './scale.js';
import { benchTransactions } from './transactions.js';

const SECTIONS: Readonly<Record<string, () => Promise<void>>> = {
  codec: benchCodec,
  transactions: benchTransactions,
  controller: benchController,
  neighbours: benchNeighbours,
  scale: benchScale,
};

const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? Object.keys(SECTIONS) : asked;
console.log(`Node.js ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}`);
for (const name of chosen) {
  const section = SECTIONS[name];
  if (section === undefined) {
    console.error(`there is no section "${name}"; there are ${Object.keys(SECTIONS).join(', ')}`);
    process.exitCode = 2;
    break;
  }
  await section();
}
