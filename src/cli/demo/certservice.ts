import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { createTlsMaterial, type SandboxCa, type TlsMaterial } from '../../sandbox/index.js';
import { CliError, EXIT } from '../exit.js';
import { type OwnProcess, startOwnProcess } from './own-process.js';

/** CertService as ONAP's charts set it up, before the sandbox CA. */
export interface DemoCertService {
  readonly url: string;
  readonly tls: TlsMaterial;
}

const DEADLINE_MS = 15_000;
const LOOK_EVERY_MS = 20;
const CLIENT = 'certServiceClient.com';

/** Starts `certservice` with the CA name `RA`, adds it to `processes`, and waits until it listens. */
export async function startDemoCertService(
  ca: SandboxCa,
  folder: string,
  processes: OwnProcess[],
): Promise<DemoCertService> {
  const tls = await createTlsMaterial(CLIENT);
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const server = {
    caName: 'RA',
    url: `${ca.url}/cmp/demo-two-roots`,
    issuerDN: ca.caName,
    authentication: { iak: ca.credentials.secret, rv: ca.credentials.reference },
    trust: { file: file('cmp-trust.pem', ca.roots.join('')) },
  };
  const log = join(folder, 'certservice.log');
  const certService = startOwnProcess(
    'certservice',
    [
      ...['--cmp-servers', file('cmpServers.json', JSON.stringify({ cmpv2Servers: [server] }))],
      ...['--https-address', '127.0.0.1', '--https-port', '0'],
      ...['--keystore', file('certservice.pem', tls.server.keyPem + tls.server.certificatePem)],
      ...['--truststore', file('certservice-clients.pem', tls.caPem)],
    ],
    log,
  );
  processes.push(certService);
  return { url: await listening(certService, log), tls };
}

/** The URL that the log names. */
async function listening(certService: OwnProcess, log: string): Promise<string> {
  for (const started = systemClock.monotonic(); systemClock.monotonic() - started < DEADLINE_MS; ) {
    certService.assertRunning();
    const port = /"port":(\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
    if (port !== undefined) return `https://127.0.0.1:${port}`;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  throw new CliError(`certservice does not listen: see ${log}`, EXIT.internal);
}
