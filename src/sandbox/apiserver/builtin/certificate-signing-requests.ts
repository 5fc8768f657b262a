import { X509Certificate } from 'node:crypto';
import { CERT_MANAGER_USAGES } from '../../../pki/usages.js';
import { maySign } from '../auth.js';
import { checkCsr } from '../cert-manager/csr.js';
import { equal, isJsonObject, type JsonObject, type KubeObject, wholeSeconds } from '../object.js';
import type { WriteReview } from '../resource.js';
import { type Cause, cause, forbidden } from '../status.js';
import { humanDuration } from '../table.js';
import { messageOf, textOf } from '../text.js';
import { AGE, builtIn, int32, NAME, object, string, time } from './define.js';

const GROUP = 'certificates.k8s.io';
const PLURAL = 'certificatesigningrequests';
const USAGES: readonly string[] = CERT_MANAGER_USAGES;
const byte = { type: 'string', format: 'byte', nullable: true } as const;
const list = (items: typeof string) => ({ type: 'array', items, 'x-kubernetes-list-type': 'atomic' }) as const;

const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const specOf = (csr: KubeObject | undefined) => record(csr?.['spec']);
const statusOf = (csr: KubeObject | undefined) => record(csr?.['status']);
const conditionsOf = (csr: KubeObject | undefined): readonly JsonObject[] => {
  const { conditions } = statusOf(csr);
  return Array.isArray(conditions) ? conditions.filter(isJsonObject) : [];
};
const certificateOf = (csr: KubeObject | undefined) => textOf(statusOf(csr)['certificate']);
const has = (csr: KubeObject | undefined, type: string) =>
  conditionsOf(csr).some((condition) => condition['type'] === type);

const DECISIONS = ['Approved', 'Denied'];
const FINAL = [...DECISIONS, 'Failed'];

/** The server's own fields; and what each door does not let in (k8s.io/kubernetes pkg/registry/certificates). */
function prepare(csr: KubeObject, old: KubeObject | undefined, { user, subresource, now }: WriteReview): void {
  if (old === undefined) {
    const spec = { ...specOf(csr) };
    for (const stamped of ['username', 'uid', 'groups', 'extra']) delete spec[stamped];
    csr['spec'] = {
      ...spec,
      username: user.name,
      ...(user.uid !== undefined && { uid: user.uid }),
      groups: [...user.groups],
    };
    return;
  }
  csr['spec'] = old['spec'];
  if (subresource === 'approval') csr['status'] = { ...statusOf(old), conditions: [...conditionsOf(csr)] };
  for (const condition of conditionsOf(csr)) {
    const before = conditionsOf(old).find(({ type }) => type === condition['type']);
    condition['lastUpdateTime'] ??= wholeSeconds(now);
    condition['lastTransitionTime'] ??=
      before?.['status'] === condition['status'] ? before?.['lastTransitionTime'] : wholeSeconds(now);
  }
}

function specCauses(csr: KubeObject): Cause[] {
  const { request, signerName, usages, expirationSeconds } = specOf(csr);
  const causes: Cause[] = [];
  try {
    checkCsr(Buffer.from(textOf(request), 'base64').toString());
  } catch (error) {
    causes.push(cause.invalid('spec.request', request ?? '', messageOf(error)));
  }
  const listed = Array.isArray(usages) ? usages.map(textOf) : [];
  if (listed.length === 0) causes.push(cause.required('spec.usages'));
  for (const [i, usage] of listed.entries()) {
    if (!USAGES.includes(usage)) causes.push(cause.notSupported(`spec.usages[${i}]`, usage, USAGES));
    if (listed.indexOf(usage) < i) causes.push(cause.duplicate(`spec.usages[${i}]`, usage));
  }
  const signer = textOf(signerName);
  if (signer === '') causes.push(cause.required('spec.signerName'));
  else if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\/[^/]+$/.test(signer)) {
    causes.push(
      cause.invalid(
        'spec.signerName',
        signer,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    );
  }
  if (typeof expirationSeconds === 'number' && expirationSeconds < 600) {
    const rule = 'may not specify a duration less than 600 seconds (10 minutes)';
    causes.push(cause.invalid('spec.expirationSeconds', expirationSeconds, rule));
  }
  return causes;
}

function conditionCauses(csr: KubeObject, old: KubeObject | undefined): Cause[] {
  const causes: Cause[] = [];
  const seen = new Set<string>();
  for (const [i, condition] of conditionsOf(csr).entries()) {
    const at = `status.conditions[${i}]`;
    const type = textOf(condition['type']);
    if (type === '') causes.push(cause.required(`${at}.type`));
    if (textOf(condition['status']) === '') causes.push(cause.required(`${at}.status`));
    else if (FINAL.includes(type) && condition['status'] !== 'True')
      causes.push(cause.notSupported(`${at}.status`, condition['status'], ['True']));
    if (seen.has(type)) causes.push(cause.duplicate(`${at}.type`, type));
    seen.add(type);
  }
  if (DECISIONS.every((type) => seen.has(type)) && !DECISIONS.every((type) => has(old, type))) {
    const rule = 'Approved and Denied conditions are mutually exclusive';
    causes.push(cause.invalid('status.conditions', 'Denied', rule));
  }
  return causes;
}

/** What an update may not do, whatever it writes. */
function transitionCauses(csr: KubeObject, old: KubeObject, subresource: string | undefined): Cause[] {
  const causes: Cause[] = [];
  for (const type of FINAL.filter((final) => has(old, final) && !has(csr, final)))
    causes.push(
      cause.forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`),
    );
  if (subresource !== 'approval') {
    for (const type of DECISIONS.filter((decision) => has(csr, decision) && !has(old, decision)))
      causes.push(
        cause.forbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`),
      );
  }
  if (certificateOf(old) !== '' && certificateOf(csr) !== certificateOf(old))
    causes.push(cause.forbidden('status.certificate', 'updates may not modify existing certificate content'));
  return causes;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** PEM, one or more blocks of CERTIFICATE without headers; text around them is tolerated. */
function certificateProblem(pem: string): string | undefined {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [block, label = '', body = ''] of blocks) {
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(label)}`;
    if (body.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(block);
    } catch (error) {
      return messageOf(error);
    }
  }
  return undefined;
}

function validate(csr: KubeObject, old: KubeObject | undefined, { subresource }: WriteReview): Cause[] {
  if (old === undefined) return specCauses(csr);
  const causes = [...conditionCauses(csr, old), ...transitionCauses(csr, old, subresource)];
  const certificate = certificateOf(csr);
  if (certificate !== '' && certificate !== certificateOf(old)) {
    const problem = certificateProblem(Buffer.from(certificate, 'base64').toString());
    if (problem !== undefined) causes.push(cause.invalid('status.certificate', '', problem));
  }
  return causes;
}

/** The admission plugins CertificateApproval and CertificateSigning. */
function admit(csr: KubeObject, old: KubeObject | undefined, { user, subresource }: WriteReview): void {
  if (old === undefined || subresource === undefined) return;
  const signerName = textOf(specOf(old)['signerName']);
  const changed = certificateOf(csr) !== certificateOf(old) || !equal(conditionsOf(csr), conditionsOf(old));
  const verb = subresource === 'approval' ? 'approve' : changed ? 'sign' : undefined;
  if (verb === undefined || maySign(user, verb, signerName)) return;
  throw forbidden(
    { group: GROUP, plural: PLURAL, kind: 'CertificateSigningRequest' },
    old.metadata.name,
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  );
}

/** As kubectl shows it: `Pending`, `Approved,Issued`, `Denied`, `Approved,Failed`. */
function conditionText(csr: KubeObject): string {
  const decision = has(csr, 'Denied') ? 'Denied' : has(csr, 'Approved') ? 'Approved' : 'Pending';
  return [decision, ...(has(csr, 'Failed') ? ['Failed'] : []), ...(certificateOf(csr) === '' ? [] : ['Issued'])].join(
    ',',
  );
}

const duration = (seconds: unknown) => (typeof seconds === 'number' ? humanDuration(seconds * 1000) : '<none>');

/** certificates.k8s.io/v1. Approval and status are doors of their own, each guarded by a verb on the signer. */
export const certificateSigningRequests = builtIn({
  group: GROUP,
  version: 'v1',
  plural: PLURAL,
  kind: 'CertificateSigningRequest',
  shortNames: ['csr'],
  namespaced: false,
  statusSubresource: true,
  subresources: ['approval'],
  schema: object({
    spec: object({
      request: byte,
      signerName: string,
      expirationSeconds: int32,
      usages: list(string),
      username: string,
      uid: string,
      groups: list(string),
      extra: { type: 'object', additionalProperties: list(string) },
    }),
    status: object({
      conditions: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
        items: object({
          type: string,
          status: string,
          reason: string,
          message: string,
          lastUpdateTime: time,
          lastTransitionTime: time,
        }),
      },
      certificate: byte,
    }),
  }),
  columns: [
    NAME,
    AGE,
    { name: 'SignerName', type: 'string', value: (csr) => specOf(csr)['signerName'] },
    { name: 'Requestor', type: 'string', value: (csr) => specOf(csr)['username'] },
    { name: 'RequestedDuration', type: 'string', value: (csr) => duration(specOf(csr)['expirationSeconds']) },
    { name: 'Condition', type: 'string', value: conditionText },
  ],
  selectableFields: { 'spec.signerName': (csr) => textOf(specOf(csr)['signerName']) },
  rules: { prepare, validate, admit },
});
