import type { CertServiceConfig } from './certservice-config.js';
import type { DirectBackendConfig } from './direct-config.js';

/** The ways to a certificate. */
export type BackendKind = BackendConfig['backend'];

/** What one issuer is configured for. */
export type BackendConfig =
  | { readonly backend: 'cmp'; readonly config: DirectBackendConfig }
  | { readonly backend: 'certservice'; readonly config: CertServiceConfig };
