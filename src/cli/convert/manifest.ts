import { CLIENT_VARIABLES, type Environment, KEYSTORE_VARIABLES } from './client-environment.js';
import { field, fieldItems, fieldText } from './yaml.js';

/** One place that runs, or would run, the CertService client. */
export interface ClientContainer {
  /** The init container. */
  readonly name: string;
  /** `Deployment sdnc` */
  readonly owner: string;
  readonly ownerName: string;
  readonly namespace: string | undefined;
  readonly environment: Environment;
  /** Variables of the client whose values stand elsewhere: in a Secret, a ConfigMap or a field of the Pod. Key stores do not count. */
  readonly elsewhere: readonly string[];
  /** Whether whole Secrets or ConfigMaps are taken in (envFrom). */
  readonly takesWhole: boolean;
  /** The containers that mount the volume which the client writes to. */
  readonly readers: readonly VolumeReader[];
}

export interface VolumeReader {
  readonly container: string;
  /** The client's output path as this container sees it. */
  readonly path: string;
}

/** The Pod spec of whatever makes Pods. */
function podSpec(object: unknown): unknown {
  const spec = field(object, 'spec');
  switch (field(object, 'kind')) {
    case 'Pod':
      return spec;
    case 'CronJob':
      return podSpec({ kind: 'Job', spec: field(field(spec, 'jobTemplate'), 'spec') });
    default:
      return field(field(spec, 'template'), 'spec');
  }
}

interface Variables {
  readonly environment: Environment;
  readonly elsewhere: readonly string[];
}

function variablesOf(container: unknown): Variables {
  const environment = new Map<string, string>();
  const elsewhere: string[] = [];
  for (const entry of fieldItems(container, 'env')) {
    const name = fieldText(entry, 'name');
    if (name === undefined) continue;
    const value = field(entry, 'value');
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      environment.set(name, String(value));
    // That they are there is all there is to know about key stores and their passwords.
    else if (KEYSTORE_VARIABLES.includes(name)) environment.set(name, '');
    else if (field(entry, 'valueFrom') !== undefined && CLIENT_VARIABLES.has(name)) elsewhere.push(name);
  }
  return { environment, elsewhere };
}

/** By its image, or else by the two variables that nobody but the client needs both of. */
function isClient(container: unknown, { environment, elsewhere }: Variables): boolean {
  const has = (name: string): boolean => environment.has(name) || elsewhere.includes(name);
  return /certservice-client/.test(fieldText(container, 'image') ?? '') || (has('CA_NAME') && has('COMMON_NAME'));
}

const withSlash = (path: string): string => path.replace(/\/*$/, '/');

/** The mount of a container that this path lies in; the longest wins. */
function mountOf(container: unknown, path: string): { readonly volume: string; readonly below: string } | undefined {
  return fieldItems(container, 'volumeMounts')
    .map((mount) => ({
      volume: fieldText(mount, 'name') ?? '',
      mountPath: withSlash(fieldText(mount, 'mountPath') ?? ''),
    }))
    .filter(({ mountPath }) => withSlash(path).startsWith(mountPath))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)
    .map(({ volume, mountPath }) => ({ volume, below: withSlash(path).slice(mountPath.length) }))[0];
}

function readersOf(pod: unknown, client: unknown, outputPath: string | undefined): VolumeReader[] {
  const mounted = outputPath === undefined ? undefined : mountOf(client, outputPath);
  if (mounted === undefined) return [];
  return fieldItems(pod, 'containers').flatMap((container) =>
    fieldItems(container, 'volumeMounts')
      .filter((mount) => fieldText(mount, 'name') === mounted.volume)
      .map((mount) => ({
        container: fieldText(container, 'name') ?? '?',
        path: withSlash(fieldText(mount, 'mountPath') ?? '') + mounted.below,
      })),
  );
}

function clientsOf(object: unknown): ClientContainer[] {
  const pod = podSpec(object);
  const metadata = field(object, 'metadata');
  const ownerName = fieldText(metadata, 'name') ?? fieldText(metadata, 'generateName') ?? 'certificate';
  return fieldItems(pod, 'initContainers').flatMap((container) => {
    const variables = variablesOf(container);
    if (!isClient(container, variables)) return [];
    return [
      {
        ...variables,
        name: fieldText(container, 'name') ?? '?',
        owner: `${fieldText(object, 'kind') ?? 'object'} ${ownerName}`,
        ownerName,
        namespace: fieldText(metadata, 'namespace'),
        takesWhole: fieldItems(container, 'envFrom').length > 0,
        readers: readersOf(pod, container, variables.environment.get('OUTPUT_PATH')),
      },
    ];
  });
}

/** The init containers of these Kubernetes objects (Lists included) that run the CertService client. */
export const clientContainers = (documents: readonly unknown[]): ClientContainer[] =>
  documents.flatMap((document) =>
    field(document, 'kind') === 'List' ? clientContainers(fieldItems(document, 'items')) : clientsOf(document),
  );
