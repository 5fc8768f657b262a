// The sandbox CA in a process of its own, so that the CPU time of the client can be told apart.
import { startSandboxCa } from '../src/sandbox/index.js';

// More transactions than it remembers by default, and for a shorter time, or it would have no room before the end.
const ca = await startSandboxCa({ maximumTransactions: 200_000, transactionLifetimeSeconds: 20 });
const client = await ca.issueClientCertificate('bench registration authority');
process.send?.({
  url: ca.url,
  rootPem: ca.rootPem,
  caName: ca.caName,
  credentials: ca.credentials,
  client,
});
process.on('disconnect', () => process.exit(0));
