import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import { randomUuid } from '../../runtime/uuid.js';
import type { User } from './auth.js';
import {
  mutateCertificateRequest,
  type Signer,
  validateCertificateRequest,
  webhookUnreachable,
} from './cert-manager/webhook.js';
import { decodeObject } from './decode.js';
import { isolate, ordered, specOf, throughDoor, withServerFields } from './door.js';
import { afterUpdate, applied, type Writer, withoutTimes } from './managed-fields.js';
import { metadataCauses } from './names.js';
import { clone, equal, isJsonObject, type KubeObject, wholeSeconds } from './object.js';
import { jsonPatch, mergePatch, strategicMerge } from './patch.js';
import { type Resource, shown } from './resource.js';
import { applyDefaults } from './schema.js';
import * as status from './status.js';
import { keyOf, type Store, Version } from './store.js';

/** What a write carries besides the object. */
export interface WriteOptions {
  readonly user: User;
  /** Field manager: the query parameter, or the first word of the User-Agent. */
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Server-side apply only. */
  readonly force: boolean;
  /** Receives what becomes a `Warning` header. */
  readonly warn: (text: string) => void;
}

/** One object a request speaks of. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** What happens around the store when something was written. */
export interface WriteContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether cert-manager's webhook is unreachable at present. */
  readonly webhookDown: () => boolean;
  readonly signer: (group: string, kind: string) => Signer | undefined;
  /** Called after each stored write or removal, before the answer goes out. */
  readonly stored: (resource: Resource, object: KubeObject, removed: boolean) => void;
}

/** Alphabet of generated name suffixes (k8s.io/apimachinery/pkg/util/rand). */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** create, update, patch: everything a real server does between the body and the store. */
export class Writes {
  readonly #context: WriteContext;

  constructor(context: WriteContext) {
    this.#context = context;
  }

  /** The stored state in the resource's own form. Throws 404. */
  read({ resource, namespace, name }: Target): Version {
    const version = this.#context.store.get(resource.storedAs, keyOf(namespace, name));
    if (version === undefined) throw status.notFound(resource, name);
    return shown(resource, version);
  }

  create(resource: Resource, namespace: string | undefined, body: unknown, options: WriteOptions): Version {
    const object = decodeObject(resource, body, namespace, options);
    if (object.metadata.resourceVersion) {
      throw status.badRequest('resourceVersion should not be set on objects to be created');
    }
    return this.#createDecoded(resource, namespace, object, options, false);
  }

  update(target: Target, body: unknown, options: WriteOptions): Version {
    const { resource, namespace, name } = target;
    const object = decodeObject(resource, body, namespace, options);
    assertName(object, name);
    const old = this.read(target);
    const given = object.metadata.resourceVersion;
    if (!given && (resource.custom || resource.rules.conditionalUpdate === true)) {
      throw status.invalid(resource, name, [
        status.cause.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
    }
    return this.#replace(target, old, object, options, 'Update');
  }

  patch(
    target: Target,
    type: PatchType,
    patch: unknown,
    options: WriteOptions,
  ): { version: Version; created: boolean } {
    if (type === 'apply') return this.#apply(target, patch, options);
    const { resource } = target;
    const old = this.read(target);
    let patched: unknown;
    if (type === 'json') patched = jsonPatch(old.object, patch);
    else if (!isJsonObject(patch)) throw status.badRequest('the patch must be a JSON object');
    else if (type === 'merge') patched = clone(mergePatch(old.object, patch));
    else patched = clone(strategicMerge(old.object, patch, resource.checks.schema));
    const object = decodeObject(resource, patched, target.namespace, options);
    assertName(object, target.name);
    return { version: this.#replace(target, old, object, options, 'Update'), created: false };
  }

  #apply(target: Target, patch: unknown, options: WriteOptions): { version: Version; created: boolean } {
    const { resource, namespace, name, subresource } = target;
    const config = decodeObject(resource, withName(patch, name), namespace, options);
    assertName(config, name);
    if (config.metadata.managedFields !== undefined) throw status.badRequest('metadata.managedFields must be nil');
    const stored = this.#context.store.get(resource.storedAs, keyOf(namespace, name));
    const live = stored === undefined ? undefined : shown(resource, stored);
    if (live === undefined) {
      if (subresource !== undefined) throw status.notFound(resource, name);
      if (config.metadata.uid !== undefined) {
        throw status.conflict(
          resource,
          name,
          `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`,
        );
      }
      if (config.metadata.resourceVersion) throw status.notFound(resource, name);
      const object = applied(
        throughDoor(config, resource, subresource),
        undefined,
        resource,
        this.#writer(options),
        false,
      );
      return { version: this.#createDecoded(resource, namespace, object, options, true), created: true };
    }
    const intent = throughDoor(config, resource, subresource);
    const { uid, resourceVersion } = config.metadata;
    const merged = applied(intent, live.object, resource, this.#writer(options, subresource), options.force);
    const object: KubeObject = clone({
      ...merged,
      metadata: {
        ...merged.metadata,
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    });
    return { version: this.#replace(target, live, object, options, 'Apply'), created: false };
  }

  #writer(options: WriteOptions, subresource?: string): Writer {
    return { manager: options.manager, subresource, time: wholeSeconds(this.#context.clock.now()) };
  }

  #createDecoded(
    resource: Resource,
    namespace: string | undefined,
    decoded: KubeObject,
    options: WriteOptions,
    isApply: boolean,
  ): Version {
    const { store, clock } = this.#context;
    const now = wholeSeconds(clock.now());
    const { generateName } = decoded.metadata;
    const generated = !decoded.metadata.name && generateName !== undefined && generateName !== '';
    const { managedFields } = decoded.metadata;
    const object: KubeObject = {
      ...decoded,
      metadata: {
        ...decoded.metadata,
        name: generated ? `${generateName.slice(0, 58)}${this.#suffix()}` : decoded.metadata.name,
        uid: randomUuid(this.#context.random),
        creationTimestamp: now,
        ...(resource.generation ? { generation: 1 } : {}),
      },
    };
    if (!resource.generation) delete object.metadata.generation;
    delete object.metadata.resourceVersion;
    delete object.metadata.deletionTimestamp;
    delete object.metadata.deletionGracePeriodSeconds;
    delete object.metadata.managedFields;
    if (resource.statusSubresource) delete object['status'];
    this.#checkNamespace(resource, namespace, object.metadata.name);
    this.#admit(
      { resource, namespace, name: object.metadata.name, subresource: undefined },
      object,
      undefined,
      options,
    );
    const key = keyOf(namespace, object.metadata.name);
    if (store.get(resource.storedAs, key) !== undefined) {
      throw status.alreadyExists(resource, object.metadata.name);
    }
    const owned = isApply
      ? { ...object, metadata: { ...object.metadata, ...(managedFields === undefined ? {} : { managedFields }) } }
      : afterUpdate(object, undefined, resource, this.#writer(options));
    return this.#store(resource, key, owned, undefined, options);
  }

  /** Everything between "this is to be the new state" and the store. `object` is ours to change. */
  #replace(
    target: Target,
    old: Version,
    object: KubeObject,
    options: WriteOptions,
    operation: 'Apply' | 'Update',
  ): Version {
    const { resource, namespace, name, subresource } = target;
    const before = old.object;
    const { uid, resourceVersion } = object.metadata;
    if (uid !== undefined && uid !== '' && uid !== before.metadata.uid) {
      throw status.conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`,
      );
    }
    if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) {
      throw status.modified(resource, name);
    }
    const next = isolate(object, before, resource, subresource);
    next.metadata = withServerFields(next.metadata, before.metadata);
    this.#admit(target, next, before, options);
    if (resource.generation && !equal(specOf(next, resource), specOf(before, resource))) {
      next.metadata.generation = (before.metadata.generation ?? 0) + 1;
    }
    const owned =
      operation === 'Apply' ? next : afterUpdate(next, before, resource, this.#writer(options, subresource));
    if (equal(withoutTimes(owned), withoutTimes(before))) return old;
    return this.#store(resource, keyOf(namespace, name), owned, before, options);
  }

  /** Defaults, the type's own rules, admission and validation, in the order of a real server. */
  #admit(target: Target, object: KubeObject, old: KubeObject | undefined, options: WriteOptions): void {
    const { resource } = target;
    applyDefaults(object, resource.checks.schema);
    const circumstances = { user: options.user, subresource: target.subresource, now: this.#context.clock.now() };
    resource.rules.prepare?.(object, old, circumstances);
    const review = { object, old, user: options.user, signer: this.#context.signer };
    const reviewed = resource.group === 'cert-manager.io';
    if (reviewed) {
      if (this.#context.webhookDown()) throw webhookUnreachable(old === undefined ? 'mutate' : 'validate');
      if (resource.plural === 'certificaterequests') mutateCertificateRequest(review);
    }
    const causes = [
      ...metadataCauses(object, old, resource.plural === 'namespaces'),
      ...(resource.custom ? resource.checks.validate(object, old) : []),
      ...(resource.rules.validate?.(object, old, circumstances) ?? []),
    ];
    if (causes.length > 0) throw status.invalid(resource, object.metadata.name ?? '', causes);
    resource.rules.admit?.(object, old, circumstances);
    if (reviewed && resource.plural === 'certificaterequests') validateCertificateRequest(review);
  }

  #store(
    resource: Resource,
    key: string,
    object: KubeObject,
    old: KubeObject | undefined,
    options: WriteOptions,
  ): Version {
    const { store, stored } = this.#context;
    if (options.dryRun) return new Version(object, store.revision);
    const form = ordered(resource.toStored === undefined ? object : resource.toStored(object, old));
    // A view shares metadata with what it shows; the store writes the revision into its own copy.
    const own = { ...form, metadata: { ...form.metadata } };
    const finished = own.metadata.deletionTimestamp !== undefined && (own.metadata.finalizers ?? []).length === 0;
    const version = finished ? store.delete(resource.storedAs, key, own) : store.put(resource.storedAs, key, own);
    stored(resource, version.object, finished);
    return shown(resource, version);
  }

  #checkNamespace(resource: Resource, namespace: string | undefined, name: string): void {
    if (namespace === undefined) return;
    const found = this.#context.store.get('namespaces', keyOf(undefined, namespace));
    if (found === undefined) {
      throw status.notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace);
    }
    if (found.object.metadata.deletionTimestamp !== undefined) {
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw status.forbidden(resource, name, why, [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ]);
    }
  }

  #suffix(): string {
    return [...this.#context.random(5)].map((octet) => SUFFIX_ALPHABET[octet % SUFFIX_ALPHABET.length]).join('');
  }
}

/** An apply may leave metadata.name out; the URL says it. */
function withName(patch: unknown, name: string): unknown {
  if (!isJsonObject(patch)) return patch;
  const metadata = isJsonObject(patch['metadata']) ? patch['metadata'] : {};
  return { ...patch, metadata: { ...metadata, name: metadata['name'] ?? name } };
}

function assertName(object: KubeObject, name: string): void {
  if (object.metadata.name === name) return;
  throw status.badRequest(
    `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
  );
}
