import type { KubeObject, ResourceType } from './meta.js';

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64 of the octets. */
  readonly data?: Readonly<Record<string, string>>;
}

export const SECRET: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
