import { Command, Option } from 'commander';
import type { BackendConfig } from '../../enrollment/backend-config.js';
import type { LogLevel } from '../../ops/logger.js';
import { unreachable } from '../../runtime/unreachable.js';
import { type HostAndPort, parseAddress, parseCount } from '../arguments.js';
import { CliError, EXIT } from '../exit.js';
import { isListenError } from '../listen-error.js';
import { version } from '../version.js';

interface ControllerFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: readonly string[];
  readonly clusterResourceNamespace: string;
  readonly kubernetesCsrs: boolean;
  readonly workers: number;
  readonly probesAddress: HostAndPort;
  readonly drainTimeout: number;
  readonly trustRefreshDelay: number;
  readonly leaderElect: boolean;
  readonly leaderElectionNamespace?: string;
  readonly logLevel: LogLevel;
}

const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

export function controllerCommand(): Command {
  return new Command('controller')
    .description(
      'Run the issuer: watch CertificateRequests and get their certificates. Logs JSON lines to standard output.',
    )
    .option('--kubeconfig <file>', 'kubeconfig; default: KUBECONFIG, ~/.kube/config, or the service account of the pod')
    .option('--context <name>', 'context of the kubeconfig; default: its current one')
    .option(
      '--namespace <name>',
      'serve only this namespace, and no CMPv2ClusterIssuer; may be given several times; default: all namespaces',
      collect,
      [],
    )
    .option('--cluster-resource-namespace <name>', 'namespace of the Secrets of CMPv2ClusterIssuers', 'cert-manager')
    .option(
      '--kubernetes-csrs',
      "also sign Kubernetes' own CertificateSigningRequests that name a CMPv2ClusterIssuer; not with --namespace",
      false,
    )
    .option(
      '--workers <count>',
      'enrolments at the same time for each issuer without limits of its own',
      parseCount(1, 256),
      8,
    )
    .option(
      '--probes-address <host:port>',
      'where /healthz, /readyz and /metrics are served; port 0 takes a free one',
      parseAddress,
      parseAddress(':8080'),
    )
    .option('--drain-timeout <seconds>', 'how long exchanges under way may go on after SIGTERM', parseCount(0, 600), 20)
    .option(
      '--trust-refresh-delay <seconds>',
      'least time between an issuer with trustRefresh becoming ready and its CA being asked about new roots',
      parseCount(0, 86_400),
      300,
    )
    .option('--leader-elect', 'work only while holding a Lease: needed as soon as two replicas may run', false)
    .option('--leader-election-namespace <name>', 'namespace of that Lease; default: --cluster-resource-namespace')
    .addOption(
      new Option('--log-level <level>', 'least level to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .action(runControllerCommand);
}

async function runControllerCommand(flags: ControllerFlags): Promise<void> {
  if (flags.kubernetesCsrs && flags.namespace.length > 0)
    throw new CliError(
      '--kubernetes-csrs: CertificateSigningRequests are for CMPv2ClusterIssuers, which a controller with --namespace ' +
        'does not serve: leave out one of the two',
      EXIT.usage,
    );
  const { keepRuntimeLean } = await import('../../ops/lean-runtime.js');
  keepRuntimeLean();
  const { runController } = await import('../../controller/run.js');
  const { createCertServiceEnroller } = await import('../../certservice/client/index.js');
  const { createDirectEnroller } = await import('../../enrollment/direct.js');
  const { KubeConfigError } = await import('../../kube/config.js');
  const { LeadershipLostError } = await import('../../kube/leader-election.js');
  const { createLogger } = await import('../../ops/logger.js');
  const { untilSignalled } = await import('../../ops/shutdown.js');
  const { systemClock: clock } = await import('../../runtime/clock.js');
  const { systemRandom: random } = await import('../../runtime/random.js');

  const logger = createLogger(flags.logLevel, process.stdout);
  const drainMs = flags.drainTimeout * 1000;
  const options = {
    ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
    ...(flags.context !== undefined && { context: flags.context }),
    workers: flags.workers,
    clusterResourceNamespace: flags.clusterResourceNamespace,
    trustRefreshDelayMs: flags.trustRefreshDelay * 1000,
    namespaces: flags.namespace,
    kubernetesCsrs: flags.kubernetesCsrs,
    probes: flags.probesAddress,
    ...(flags.leaderElect && {
      leaderElection: {
        namespace: flags.leaderElectionNamespace ?? flags.clusterResourceNamespace,
        name: 'cmpv2-issuer-controller',
      },
    }),
    drainMs,
    userAgent: `cmpv2-issuer/${version()}`,
  };
  const createEnroller = (wanted: BackendConfig) => {
    switch (wanted.backend) {
      case 'cmp':
        return createDirectEnroller(wanted.config, { clock, random, logger });
      case 'certservice':
        return createCertServiceEnroller(wanted.config, { clock, logger });
      default:
        return unreachable(wanted);
    }
  };
  try {
    await untilSignalled(
      (signal) => runController(options, { signal, createEnroller, clock, random, logger }),
      // Events and connections get a little more than the exchanges.
      { process, clock, logger, deadlineMs: drainMs + 10_000 },
    );
  } catch (error) {
    if (error instanceof KubeConfigError || error instanceof LeadershipLostError)
      throw new CliError(error.message, EXIT.environment, error);
    if (isListenError(error)) {
      throw new CliError(`--probes-address: cannot listen there: ${error.message}`, EXIT.environment, error);
    }
    throw error;
  }
}
