// A sandbox CA in a process of its own. Driven by messages, see ca-child.ts.
import { startSandboxCa } from '../src/sandbox/index.js';
import { factsOf } from './ca-child.js';

// More transactions than it remembers by default, and for a shorter time, or it would have no room before the end.
const ca = await startSandboxCa({ maximumTransactions: 200_000, transactionLifetimeSeconds: 20 });
ca.behaviours.default = { delayMilliseconds: Number(process.argv[2]) };
process.on('message', () => process.send?.(ca.ledger.connections));
process.on('disconnect', () => process.exit(0));
process.send?.(await factsOf(ca));
