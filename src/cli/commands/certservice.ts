import { Command, Option } from 'commander';
import type { StoreFile } from '../../certservice/server/index.js';
import type { LogLevel } from '../../ops/logger.js';
import type { ProbeServer } from '../../ops/probe-server.js';
import { type HostAndPort, parseAddress, parseCount, parsePort } from '../arguments.js';
import { CliError, EXIT } from '../exit.js';
import { readInput, readText } from '../files.js';
import { isListenError } from '../listen-error.js';

interface CertServiceFlags {
  readonly cmpServers: string;
  readonly httpsAddress: string;
  readonly httpsPort: number;
  readonly keystore: string;
  readonly keystoreKey?: string;
  readonly keystorePasswordFile?: string;
  readonly truststore: string;
  readonly truststorePasswordFile?: string;
  readonly legacySha1: boolean;
  readonly opsAddress?: HostAndPort;
  readonly drainTimeout: number;
  readonly logLevel: LogLevel;
}

const FOLDER = '/etc/onap/oom/certservice';

/** What ONAP's service takes for the passwords of its stores when nobody says otherwise. */
const ONAP_PASSWORD = 'secret';

export function certserviceCommand(): Command {
  return new Command('certservice')
    .description(
      "Serve the REST API of ONAP's CertService over mutual TLS, as a drop-in for it. Logs JSON lines to standard output.",
    )
    .option('--cmp-servers <file>', 'the list of CMP servers, in the format of ONAP', `${FOLDER}/cmpServers.json`)
    .option('--https-address <address>', 'address to listen at; :: is every address', '::')
    .addOption(
      new Option('--https-port <port>', 'TCP port to listen at; 0 takes a free one')
        .env('HTTPS_PORT')
        .argParser(parsePort)
        .default(8443),
    )
    .addOption(
      new Option('--keystore <file>', "the server's private key and certificates: JKS, PKCS#12 or PEM")
        .env('KEYSTORE_PATH')
        .default(`${FOLDER}/certs/certServiceServer-keystore.jks`),
    )
    .addOption(
      new Option('--keystore-key <file>', 'PEM private key, if --keystore is PEM and holds certificates alone').env(
        'KEYSTORE_KEY_PATH',
      ),
    )
    .option(
      '--keystore-password-file <file>',
      'file with the password of --keystore; default: the variable KEYSTORE_PASSWORD, or "secret"',
    )
    .addOption(
      new Option('--truststore <file>', 'CAs whose clients are let in: JKS, PKCS#12 or PEM')
        .env('TRUSTSTORE_PATH')
        .default(`${FOLDER}/certs/truststore.jks`),
    )
    .option(
      '--truststore-password-file <file>',
      'file with the password of --truststore; default: the variable TRUSTSTORE_PASSWORD, or "secret"',
    )
    .option(
      '--legacy-sha1',
      'protect CMP messages with SHA-1, as ONAP does, for CAs whose entry in --cmp-servers names no "protection"',
      false,
    )
    .option(
      '--ops-address <host:port>',
      'where /healthz, /readyz and /metrics are served without TLS; absent: nowhere',
      parseAddress,
    )
    .option('--drain-timeout <seconds>', 'how long requests under way may go on after SIGTERM', parseCount(0, 600), 20)
    .addOption(
      new Option('--log-level <level>', 'least level to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
Clients need a certificate of a CA in --truststore for every path: /v1/certificate/{caName},
/v1/certificate-update/{caName}, /ready, /reload, /actuator/health, /docs, /v3/api-docs.
docs/reference/certservice.md lists the fields of --cmp-servers, and where this differs from ONAP's service.`,
    )
    .action(runCertServiceCommand);
}

/** The password of a store: from its file, where a line end at the end does not count, else from the variable. */
function password(option: string, file: string | undefined, variable: string): string {
  if (file !== undefined) return readText(option, file).replace(/\r?\n$/, '');
  return process.env[variable] ?? ONAP_PASSWORD;
}

const store = (option: string, path: string, secret: string): StoreFile => ({
  path: `${option} ${path}`,
  content: readInput(option, path),
  password: secret,
});

async function runCertServiceCommand(flags: CertServiceFlags): Promise<void> {
  const server = await import('../../certservice/server/index.js');
  const { createCertServiceMetrics } = await import('../../ops/certservice-metrics.js');
  const { createLogger } = await import('../../ops/logger.js');
  const { createRegistry } = await import('../../ops/metrics.js');
  const { startProbeServer } = await import('../../ops/probe-server.js');
  const { untilSignalled } = await import('../../ops/shutdown.js');
  const { systemClock: clock } = await import('../../runtime/clock.js');
  const { systemRandom: random } = await import('../../runtime/random.js');

  const keyPassword = password('--keystore-password-file', flags.keystorePasswordFile, 'KEYSTORE_PASSWORD');
  const trustPassword = password('--truststore-password-file', flags.truststorePasswordFile, 'TRUSTSTORE_PASSWORD');
  const { keystoreKey } = flags;
  const logger = createLogger(flags.logLevel, process.stdout);
  const registry = createRegistry();
  const protection = flags.legacySha1 ? server.LEGACY_PROTECTION : server.STANDARD_PROTECTION;
  const drainMs = flags.drainTimeout * 1000;

  async function serve(signal: AbortSignal): Promise<void> {
    const service = await server.startCertService({
      host: flags.httpsAddress,
      port: flags.httpsPort,
      loadTls: () =>
        server.readServerTls(
          store('--keystore', flags.keystore, keyPassword),
          store('--truststore', flags.truststore, trustPassword),
          keystoreKey === undefined ? undefined : store('--keystore-key', keystoreKey, keyPassword),
        ),
      loadServers: () => server.loadCmpServers(flags.cmpServers, protection),
      metrics: createCertServiceMetrics(registry),
      clock,
      random,
      logger,
    });
    let ops: ProbeServer | undefined;
    try {
      if (flags.opsAddress !== undefined) {
        const readiness = () =>
          service.ready
            ? { ready: true, detail: 'working' }
            : { ready: false, detail: 'the list of CMP servers is not loaded, see the log' };
        ops = await startProbeServer({ ...flags.opsAddress, registry, readiness });
      }
      logger.info({ port: service.port, ...(ops !== undefined && { opsPort: ops.port }) }, 'CertService listens');
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      await service.close(drainMs);
      await ops?.close();
    }
  }

  try {
    // Those cut off get a little more than those who end in time.
    await untilSignalled(serve, { process, clock, logger, deadlineMs: drainMs + 5_000 });
  } catch (error) {
    if (error instanceof server.StoreError) throw new CliError(error.message, EXIT.environment, error);
    if (isListenError(error)) {
      throw new CliError(`--https-port, --ops-address: cannot listen there: ${error.message}`, EXIT.environment, error);
    }
    throw error;
  }
}
