import { CliError, EXIT } from '../exit.js';
import { readText } from '../files.js';
import type { ClientSource } from './certservice-client.js';
import { type Environment, parseEnvironment } from './client-environment.js';
import { type ClientContainer, clientContainers } from './manifest.js';
import { sourceName } from './names.js';
import { parseYaml } from './yaml.js';

export interface ClientSourceFlags {
  readonly envFile?: string;
  readonly manifest?: string;
  readonly container?: string;
  /** Variables given by hand; they win. */
  readonly env: Environment;
}

function environmentSource(path: string, env: Environment): ClientSource {
  const label = sourceName(path);
  const environment = parseEnvironment(readText('--env-file', path));
  if ('badLine' in environment)
    throw new CliError(`${label}, line ${environment.badLine}: expected NAME=VALUE`, EXIT.refused);
  return {
    label,
    environment: new Map([...environment, ...env]),
    namespace: undefined,
    readers: [],
    incomplete: false,
  };
}

/** DCAE's plugin called things after the component, OOM's templates after the release and a number. */
function baseOf({ name, ownerName }: ClientContainer, index: number): NonNullable<ClientSource['base']> {
  const component = name === 'cert-service-client' ? /^dep-(.+)$/.exec(ownerName)?.[1] : undefined;
  return component === undefined ? { name: ownerName, index } : { name: component };
}

function containerSource(client: ClientContainer, index: number, env: Environment): ClientSource {
  const label = `${client.owner}, init container ${client.name}`;
  const elsewhere = client.elsewhere.filter((name) => !env.has(name));
  if (elsewhere.length > 0) {
    throw new CliError(
      `${label}: the values of ${elsewhere.join(', ')} are not in the manifest (valueFrom): give them with --env NAME=VALUE`,
      EXIT.refused,
    );
  }
  return {
    label,
    environment: new Map([...client.environment, ...env]),
    namespace: client.namespace,
    base: baseOf(client, index),
    initContainer: `${client.name} from ${client.owner}`,
    readers: client.readers,
    incomplete: client.takesWhole,
  };
}

function manifestSources(path: string, { container, env }: ClientSourceFlags): ClientSource[] {
  const label = sourceName(path);
  const found = clientContainers(parseYaml(label, readText('--manifest', path)));
  // Numbered per owner before one is picked, as the charts do.
  const numbers = new Map<string, number>();
  const sources = found.map((client) => {
    const index = numbers.get(client.owner) ?? 0;
    numbers.set(client.owner, index + 1);
    return { client, index };
  });
  const picked = sources.filter(({ client }) => container === undefined || client.name === container);
  if (picked.length === 0) {
    const names = found.map(({ name }) => name).join(', ');
    throw new CliError(
      found.length === 0
        ? `${label}: no init container runs the CertService client (image certservice-client, or variables CA_NAME and COMMON_NAME)`
        : `${label}: no init container "${container ?? ''}" runs the CertService client; there is ${names}`,
      EXIT.refused,
    );
  }
  return picked.map(({ client, index }) => containerSource(client, index, env));
}

/** The clients that the flags name: a manifest's, or the one of an environment file; without either, standard input. */
export function readClientSources(flags: ClientSourceFlags): readonly ClientSource[] {
  const { envFile, manifest, container, env } = flags;
  if (envFile !== undefined && manifest !== undefined)
    throw new CliError('give either --env-file or --manifest, not both', EXIT.usage);
  if (manifest !== undefined) return manifestSources(manifest, flags);
  if (container !== undefined) throw new CliError('--container picks from --manifest FILE', EXIT.usage);
  return [environmentSource(envFile ?? '-', env)];
}
