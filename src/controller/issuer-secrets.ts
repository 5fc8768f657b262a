import type { IssuerSpec } from '../api/issuer.js';
import { SECRET, type Secret } from '../api/secret.js';
import { isForbidden, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import { IssuerProblem } from './issuer-problem.js';

/** Names of the Secrets that an issuer's spec mentions, each once. */
export function secretNames({ cmp, certSecretRef }: IssuerSpec): readonly string[] {
  const names = [
    certSecretRef?.name,
    cmp?.protection.mac?.secretRef.name,
    cmp?.protection.signature?.secretRef.name,
    cmp?.nested?.secretRef.name,
    cmp?.trust.caSecretRef?.name,
    ...(cmp?.endpoints ?? []).flatMap(({ tls, proxySecretRef }) => [
      tls?.caSecretRef?.name,
      tls?.clientCertSecretRef?.name,
      proxySecretRef?.name,
    ]),
  ];
  // ONAP's CRD lets an empty name pass; that there is one is found elsewhere.
  return [...new Set(names.filter((name): name is string => name !== undefined && name !== ''))];
}

/** The Secrets of one issuer, as read at one time. */
export class IssuerSecrets {
  readonly #namespace: string;
  readonly #secrets: ReadonlyMap<string, Secret>;

  constructor(namespace: string, secrets: ReadonlyMap<string, Secret>) {
    this.#namespace = namespace;
    this.#secrets = secrets;
  }

  /** Uid and version of each: equal versions mean equal contents. */
  get versions(): readonly string[] {
    return [...this.#secrets].map(([name, { metadata }]) => `${name}=${metadata.uid}@${metadata.resourceVersion}`);
  }

  /** The octets under `key`; undefined if there are none. */
  find(name: string, key: string): Uint8Array | undefined {
    const value = this.#secrets.get(name)?.data?.[key];
    return value === undefined || value === '' ? undefined : Buffer.from(value, 'base64');
  }

  /** The octets under `key`. Throws IssuerProblem `Error` if there are none; `field` names who wants them. */
  octets(name: string, key: string, field: string): Uint8Array {
    const value = this.find(name, key);
    if (value === undefined)
      throw new IssuerProblem(
        'Error',
        `Secret ${this.#namespace}/${name} (${field}) does not contain key ${key}: add it, or name another key or Secret`,
      );
    return value;
  }

  text(name: string, key: string, field: string): string {
    return Buffer.from(this.octets(name, key, field)).toString('utf8');
  }
}

/**
 * Reads the Secrets by name. Throws IssuerProblem `NotFound` or `Error` where a person must act, and whatever the
 * client throws where trying again is all there is to do.
 */
export async function readSecrets(
  client: KubeClient,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<IssuerSecrets> {
  const read = async (name: string): Promise<[string, Secret]> => {
    try {
      return [name, await client.get<Secret>(SECRET, { namespace, name }, { signal })];
    } catch (cause) {
      if (isNotFound(cause))
        throw new IssuerProblem('NotFound', `Secret ${namespace}/${name} does not exist: create it`, { cause });
      if (isForbidden(cause))
        throw new IssuerProblem(
          'Error',
          `the controller may not read Secret ${namespace}/${name}: grant it get, list and watch on secrets in namespace ${namespace}`,
          { cause },
        );
      throw cause;
    }
  };
  return new IssuerSecrets(namespace, new Map(await Promise.all(names.map(read))));
}
