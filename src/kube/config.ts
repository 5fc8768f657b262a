import { existsSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig, loadYaml, type User } from '@kubernetes/client-node';
import type { Credentials, KubeAccess } from './credentials.js';

/** The configuration cannot be used. The message says what, where and what to do. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

export interface KubeConfigOptions {
  /** An explicit kubeconfig file; nothing else is looked at then. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig other than its current one. */
  readonly context?: string | undefined;
  /** Where `KUBECONFIG`, `HOME` and `KUBERNETES_SERVICE_HOST` come from; the process's own if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Where the configuration was found. */
type Origin =
  | { readonly kind: 'file'; readonly files: readonly string[]; readonly named: string }
  | { readonly kind: 'in-cluster' };

const ELSEWHERE = 'pass --kubeconfig FILE, set KUBECONFIG, or run in a pod with a service account';

/** An explicit file, else KUBECONFIG, else ~/.kube/config, else the pod's service account. */
function findOrigin(options: KubeConfigOptions): Origin {
  const env = options.env ?? process.env;
  if (options.kubeconfig !== undefined) {
    return { kind: 'file', files: [options.kubeconfig], named: `--kubeconfig ${options.kubeconfig}` };
  }
  const listed = env['KUBECONFIG'];
  if (listed !== undefined && listed !== '') {
    const named = `KUBECONFIG=${listed}`;
    // As kubectl does: of several files, those that are missing do not count.
    const files = listed.split(delimiter).filter((file) => file !== '' && existsSync(file));
    if (files.length === 0) throw new KubeConfigError(`none of the files in ${named} exists: ${ELSEWHERE}`);
    return { kind: 'file', files, named };
  }
  const inHome = join(env['HOME'] ?? homedir(), '.kube', 'config');
  if (existsSync(inHome)) return { kind: 'file', files: [inHome], named: inHome };
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined) return { kind: 'in-cluster' };
  throw new KubeConfigError(`no Kubernetes configuration found (no ${inHome}, not in a pod): ${ELSEWHERE}`);
}

/** Relative token files count from the kubeconfig's folder, like all its paths. */
function tokenFiles(text: string, folder: string): Map<string, string> {
  const files = new Map<string, string>();
  const { users } = loadYaml<{ users?: { name?: string; user?: { tokenFile?: string } }[] }>(text) ?? {};
  for (const { name, user } of users ?? []) {
    if (name !== undefined && user?.tokenFile !== undefined) files.set(name, resolve(folder, user.tokenFile));
  }
  return files;
}

/** client-node does not know `tokenFile` of a kubeconfig user; its in-cluster provider does the same. */
function withTokenFile(user: User, file: string | undefined): User {
  if (file === undefined) return user;
  return { ...user, authProvider: { name: 'tokenFile', config: { tokenFile: file } } };
}

function loadFile(file: string, named: string): KubeConfig {
  const config = new KubeConfig();
  try {
    const text = readFileSync(file, 'utf8');
    config.loadFromFile(file);
    const tokens = tokenFiles(text, dirname(file));
    config.users = config.users.map((user) => withTokenFile(user, tokens.get(user.name)));
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new KubeConfigError(`cannot read the kubeconfig ${file} (from ${named}): ${why}; check the file`);
  }
  return config;
}

function merge(into: KubeConfig, config: KubeConfig, keepContext: boolean, named: string): void {
  try {
    into.mergeConfig(config, keepContext);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeConfigError(`the files of ${named} contradict each other: ${why}; name just one of them`);
  }
}

function load(origin: Origin, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (origin.kind === 'in-cluster') config.loadFromCluster();
  else for (const [i, file] of origin.files.entries()) merge(config, loadFile(file, origin.named), i > 0, origin.named);
  if (context !== undefined) config.setCurrentContext(context);
  // Plain http is a proxy or a sandbox on this machine; client-node wants to be told that no TLS is meant.
  config.clusters = config.clusters.map((cluster) =>
    cluster.server?.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  return config;
}

/** Plugins have a state of their own (the credential of an exec plugin, the refresh token of OIDC). */
function keepsState(config: KubeConfig): boolean {
  const user = config.getCurrentUser();
  return Boolean(user?.exec) || (Boolean(user?.authProvider) && user?.authProvider.config?.tokenFile === undefined);
}

/** client-node gives file contents as Buffers, what exec plugins say as text. */
function pem(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth, 'utf8').toString('base64')}`;
  }
  const ca = pem(options.ca);
  const cert = pem(options.cert);
  const key = pem(options.key);
  const { servername } = options;
  return {
    headers,
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      rejectUnauthorized: options.rejectUnauthorized !== false,
    },
  };
}

/**
 * Finds the API server and the credentials for it: an explicit file, else KUBECONFIG, else ~/.kube/config, else the
 * pod's service account. Everything client-node understands works: tokens, token files, client certificates, basic,
 * exec plugins, OIDC. Throws KubeConfigError when it cannot work; reads the credentials once to find out.
 */
export async function loadKubeAccess(options: KubeConfigOptions = {}): Promise<KubeAccess> {
  const origin = findOrigin(options);
  const named = origin.kind === 'file' ? origin.named : 'the service account of the pod';
  const first = load(origin, options.context);
  const cluster = first.getCurrentCluster();
  if (cluster === null || !cluster.server) {
    throw new KubeConfigError(
      `${named} names no cluster for the context "${first.getCurrentContext() ?? ''}": set current-context to one of ` +
        `${first.contexts.map(({ name }) => name).join(', ') || '(it has none)'}`,
    );
  }
  if (!/^https?:\/\//.test(cluster.server)) {
    throw new KubeConfigError(`${named}: server "${cluster.server}" is no http(s) URL; correct it`);
  }
  if (cluster.proxyUrl !== undefined && !/^https?:\/\//.test(cluster.proxyUrl)) {
    throw new KubeConfigError(`${named}: proxy-url "${cluster.proxyUrl}" is not supported; use an http or https proxy`);
  }
  let kept = first;
  const read = async (refused: boolean) => {
    if (refused || !keepsState(kept)) kept = load(origin, options.context);
    return readCredentials(kept);
  };
  try {
    await read(false);
  } catch (error) {
    if (error instanceof KubeConfigError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeConfigError(`cannot read the credentials for ${cluster.server} (from ${named}): ${why}`);
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    ...(cluster.proxyUrl !== undefined && { proxyUrl: cluster.proxyUrl }),
    read,
  };
}
