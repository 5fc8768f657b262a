import { extendedKeyUsageName, parseUsages } from '../../../pki/usages.js';
import { mayApprove, type User } from '../auth.js';
import { equal, isJsonObject, type JsonObject, type KubeObject, valueAt } from '../object.js';
import { ApiError, type Cause, cause } from '../status.js';
import { messageOf, textOf } from '../text.js';
import { type CheckedCsr, checkCsr } from './csr.js';

const WEBHOOK = 'webhook.cert-manager.io';
const GROUP = 'cert-manager.io';

/** A write as the webhook is asked about it. */
export interface Review {
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly user: User;
  /** What discovery says of an issuer kind. */
  readonly signer: (group: string, kind: string) => Signer | undefined;
}

/** An issuer kind that the API serves. */
export interface Signer {
  readonly group: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** While the webhook is unreachable every write to its group fails (failurePolicy Fail). */
export const webhookUnreachable = (phase: 'mutate' | 'validate') =>
  new ApiError(
    500,
    'InternalError',
    `Internal error occurred: failed calling webhook "${WEBHOOK}": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/${phase}?timeout=30s": dial tcp 10.96.0.1:443: connect: connection refused`,
    {
      causes: [{ reason: '', message: `failed calling webhook "${WEBHOOK}"` }],
    },
  );

/** Whatever the reason, cert-manager answers 403 with nothing but a message. */
const denied = (causes: readonly Cause[]) => {
  const texts = causes.map((item) => `${item.field}: ${item.message}`);
  const message = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new ApiError(403, 'Forbidden', `admission webhook "${WEBHOOK}" denied the request: ${message}`);
};

/** Stamps who made the request, whatever the client wrote there. */
export function mutateCertificateRequest({ object, old, user }: Review): void {
  const spec = object['spec'];
  if (old !== undefined || !isJsonObject(spec)) return;
  spec['username'] = user.name;
  spec['groups'] = [...user.groups];
  if (user.uid === undefined) delete spec['uid'];
  else spec['uid'] = user.uid;
  delete spec['extra'];
}

/** The validating webhook. Throws the refusal. */
export function validateCertificateRequest(review: Review): void {
  const { object, old } = review;
  const causes =
    old === undefined
      ? [...specCauses(record(object['spec'])), ...conditionCauses(object)]
      : [...annotationCauses(object, old), ...approvalCauses(object, old), ...specChange(object, old)];
  if (old !== undefined && causes.length === 0) causes.push(...permissionCauses(object, old, review));
  if (causes.length > 0) throw denied(causes);
}

const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

const conditions = (object: KubeObject): readonly JsonObject[] => {
  const list = valueAt(object, 'status.conditions');
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
};
const ofType = (object: KubeObject, type: string) => conditions(object).filter((entry) => entry['type'] === type);

function specCauses(spec: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const issuer = record(spec['issuerRef']);
  if (textOf(issuer['name']) === '') causes.push(cause.required('spec.issuerRef.name', 'must be specified'));
  const kind = textOf(issuer['kind']);
  const group = textOf(issuer['group']);
  if ((group === '' || group === GROUP) && !['', 'Issuer', 'ClusterIssuer'].includes(kind)) {
    const hint = group === '' ? ' (did you forget to set issuerRef.group?)' : '';
    causes.push(cause.invalid('spec.issuerRef.kind', kind, `must be one of Issuer or ClusterIssuer${hint}`));
  }
  const request = textOf(spec['request']);
  if (request === '') return [...causes, cause.required('spec.request', 'must be specified')];
  let csr: CheckedCsr;
  try {
    csr = checkCsr(Buffer.from(request, 'base64').toString('latin1'));
  } catch (error) {
    return [...causes, cause.invalid('spec.request', request, `failed to decode csr: ${messageOf(error)}`)];
  }
  const mismatch = differsFromSpec(csr, spec);
  if (mismatch !== undefined) causes.push(cause.invalid('spec.request', request, `encoded CSR error: ${mismatch}`));
  return causes;
}

/** Extensions of the CSR must say what the spec says; an extension that is not there says nothing. */
function differsFromSpec(csr: CheckedCsr, spec: JsonObject): string | undefined {
  const isCA = spec['isCA'] === true;
  if (csr.isCA !== undefined && csr.isCA !== isCA) return `IsCA ${csr.isCA} does not match expected value ${isCA}`;
  const listed =
    Array.isArray(spec['usages']) && spec['usages'].length > 0 ? spec['usages'].map(textOf) : DEFAULT_USAGES;
  const expected = parseUsages(isCA ? [...listed, 'cert sign'] : listed);
  if (csr.keyUsage !== undefined && !equal(csr.keyUsage, expected.keyUsage)) {
    return `the KeyUsages ${listing(csr.keyUsage)} do not match the expected KeyUsages ${listing(expected.keyUsage)}`;
  }
  if (csr.extendedKeyUsage !== undefined && !equal([...csr.extendedKeyUsage], [...expected.extendedKeyUsage])) {
    const names = (oids: readonly string[]) => listing(oids.map(extendedKeyUsageName));
    return `the ExtKeyUsages ${names(csr.extendedKeyUsage)} do not match the expected ExtKeyUsages ${names(expected.extendedKeyUsage)}`;
  }
  return undefined;
}

/** What an absent list of usages means. */
const DEFAULT_USAGES: readonly string[] = ['digital signature', 'key encipherment'];

const listing = (names: Iterable<string>) => {
  const quoted = [...names].map((name) => `'${name}'`);
  return quoted.length === 0 ? '[]' : `[ ${quoted.join(', ')} ]`;
};

const CONDITIONS = 'status.conditions';

/** At most one of Approved and Denied, each only True, never both. */
function conditionCauses(object: KubeObject): Cause[] {
  const causes: Cause[] = [];
  for (const type of ['Approved', 'Denied']) {
    const found = ofType(object, type);
    if (found.length > 1) causes.push(cause.forbidden(CONDITIONS, `multiple "${type}" conditions present`));
    else if (found[0] !== undefined && found[0]['status'] !== 'True') {
      causes.push(
        cause.invalid(`${CONDITIONS}.${type}`, found[0]['status'], `"${type}" condition may only be set to True`),
      );
    }
  }
  if (ofType(object, 'Approved').length > 0 && ofType(object, 'Denied').length > 0) {
    causes.push(cause.forbidden(CONDITIONS, "both 'Denied' and 'Approved' conditions cannot coexist"));
  }
  return causes;
}

/** Go compares decoded times, so any spelling of the same second is the same. */
const decoded = (condition: JsonObject | undefined) => {
  const time = condition?.['lastTransitionTime'];
  return condition === undefined || typeof time !== 'string'
    ? condition
    : { ...condition, lastTransitionTime: Date.parse(time) };
};

function approvalCauses(object: KubeObject, old: KubeObject): Cause[] {
  const changed = ['Approved', 'Denied'].filter((type) => {
    const before = ofType(old, type)[0];
    return before !== undefined && !equal(decoded(before), decoded(ofType(object, type)[0]));
  });
  return [
    ...changed.map((type) => cause.forbidden(CONDITIONS, `'${type}' condition may not be modified once set`)),
    ...conditionCauses(object),
  ];
}

const specChange = (object: KubeObject, old: KubeObject): Cause[] =>
  equal(object['spec'], old['spec']) ? [] : [cause.forbidden('spec', 'cannot change spec after creation')];

function annotationCauses(object: KubeObject, old: KubeObject): Cause[] {
  const now = object.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  return Object.keys({ ...before, ...now })
    .filter((key) => key.startsWith(GROUP) || key.startsWith(`acme.${GROUP}`))
    .filter((key) => now[key] !== before[key])
    .map((key) =>
      cause.forbidden(`metadata.annotations.${key}`, 'cannot change cert-manager annotation after creation'),
    );
}

/** Adding Approved or Denied needs a signer that exists, and the verb `approve` on it. */
function permissionCauses(object: KubeObject, old: KubeObject, { user, signer }: Review): Cause[] {
  const added = ['Approved', 'Denied'].some(
    (type) => ofType(old, type).length === 0 && ofType(object, type).length > 0,
  );
  if (!added) return [];
  const { name, kind, group } = record(valueAt(object, 'spec.issuerRef'));
  const reference = `{${textOf(name)} ${textOf(kind)} ${textOf(group)}}`;
  const found = signer(textOf(group) || GROUP, textOf(kind) || 'Issuer');
  if (found === undefined) {
    return [cause.forbidden('spec.issuerRef', `referenced signer resource does not exist: ${reference}`)];
  }
  const scoped = found.namespaced ? `${object.metadata.namespace}.${textOf(name)}` : textOf(name);
  if (mayApprove(user, [`${found.plural}.${found.group}/*`, `${found.plural}.${found.group}/${scoped}`])) return [];
  const why = `user "${user.name}" does not have permissions to set approved/denied conditions for issuer ${reference}`;
  return [cause.forbidden('status.conditions', why)];
}
