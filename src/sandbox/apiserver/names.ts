import { isJsonObject, type KubeObject } from './object.js';
import { type Cause, cause } from './status.js';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = String.raw`${LABEL}(\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const is = (pattern: string, max: number) => {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (text: string) => text.length <= max && whole.test(text);
};

const isSubdomain = is(SUBDOMAIN, 253);
const isDnsLabel = is(LABEL, 63);
const isNamePart = is(QUALIFIED, 63);
const isLabelValue = is(`(${QUALIFIED})?`, 63);

/** `[prefix/]name`, as keys of labels and annotations and reporting controllers are. */
export function isQualifiedName(text: string): boolean {
  const [name = '', prefix, ...more] = text.split('/').reverse();
  return more.length === 0 && isNamePart(name) && (prefix === undefined || isSubdomain(prefix));
}

const SUBDOMAIN_RULE = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_RULE = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const QUALIFIED_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const MAX_ANNOTATIONS = 256 * 1024;

/** What is wrong with an object's metadata, whatever its type. */
export function metadataCauses(object: KubeObject, old: KubeObject | undefined, namesAreLabels: boolean): Cause[] {
  const { metadata } = object;
  const causes: Cause[] = [];
  if (old === undefined) causes.push(...nameCauses(metadata.name, namesAreLabels));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!isQualifiedName(key)) causes.push(cause.invalid('metadata.labels', key, QUALIFIED_RULE));
    if (!isLabelValue(value)) {
      causes.push(
        cause.invalid(
          'metadata.labels',
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ),
      );
    }
  }
  let octets = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    octets += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!isQualifiedName(key.toLowerCase())) causes.push(cause.invalid('metadata.annotations', key, QUALIFIED_RULE));
  }
  if (octets > MAX_ANNOTATIONS) causes.push(cause.tooLong('metadata.annotations', MAX_ANNOTATIONS));
  for (const finalizer of metadata.finalizers ?? []) {
    if (!isQualifiedName(finalizer)) causes.push(cause.invalid('metadata.finalizers', finalizer, QUALIFIED_RULE));
  }
  return [...causes, ...ownerCauses(object), ...finalizerCauses(object, old), ...immutableCauses(object, old)];
}

function nameCauses(name: unknown, namesAreLabels: boolean): Cause[] {
  if (typeof name !== 'string' || name === '') {
    return [cause.required('metadata.name', 'name or generateName is required')];
  }
  if (namesAreLabels) return isDnsLabel(name) ? [] : [cause.invalid('metadata.name', name, LABEL_RULE)];
  return isSubdomain(name) ? [] : [cause.invalid('metadata.name', name, SUBDOMAIN_RULE)];
}

function ownerCauses({ metadata }: KubeObject): Cause[] {
  const owners = metadata.ownerReferences ?? [];
  const causes = owners.flatMap((owner, i) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => !isJsonObject(owner) || !owner[field])
      .map((field) => cause.invalid(`metadata.ownerReferences[${i}].${field}`, '', `${field} must not be empty`)),
  );
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    causes.push(
      cause.invalid(
        'metadata.ownerReferences',
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controllers.map((o) => o.name).join(' and ')}`,
      ),
    );
  }
  return causes;
}

function finalizerCauses({ metadata }: KubeObject, old: KubeObject | undefined): Cause[] {
  if (old?.metadata.deletionTimestamp === undefined) return [];
  const added = (metadata.finalizers ?? []).filter((name) => !(old.metadata.finalizers ?? []).includes(name));
  return added.length === 0
    ? []
    : [
        cause.forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
        ),
      ];
}

function immutableCauses({ metadata }: KubeObject, old: KubeObject | undefined): Cause[] {
  if (old === undefined) return [];
  return (['name', 'namespace', 'uid'] as const)
    .filter((field) => metadata[field] !== old.metadata[field])
    .map((field) => cause.invalid(`metadata.${field}`, metadata[field] ?? '', 'field is immutable'));
}
