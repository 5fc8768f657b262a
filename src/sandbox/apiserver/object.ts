import { isDeepStrictEqual } from 'node:util';

/** A JSON object whose shape is not known. */
export type JsonObject = { [key: string]: unknown };

/** Metadata as it is stored and sent. Times are RFC 3339 with whole seconds. */
export interface Meta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFieldsEntry[];
}

interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: JsonObject;
  subresource?: string;
}

/** An object of the API. Once stored it is never changed in place. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  [key: string]: unknown;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For JSON only. Not structuredClone: where tests run in a realm of their own, what it makes equals nothing there. */
export const clone = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

export const equal = isDeepStrictEqual;

/** The value below a dotted path such as `spec.issuerRef.name`; undefined where the path ends early. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const step of path.split('.')) {
    if (step === '') continue;
    if (!isJsonObject(value)) return undefined;
    value = value[step];
  }
  return value;
}

/** metav1.Time as the server writes it: whole seconds, UTC. */
export const wholeSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
