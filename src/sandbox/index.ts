import { type ApiServer, type PolicyRule, startApiServer } from './apiserver/index.js';
import { type SandboxCa, type SandboxCaOptions, startSandboxCa } from './ca/index.js';

export { type ApiServer, type PolicyRule, startApiServer } from './apiserver/index.js';
export { type SandboxCa, startSandboxCa } from './ca/index.js';
export { createTlsMaterial, type TlsMaterial } from './certservice/index.js';

export interface SandboxOptions {
  /** TCP ports on 127.0.0.1; 0 takes a free one. */
  readonly apiPort: number;
  readonly caPort: number;
  readonly caKeys?: SandboxCaOptions['keys'];
  /** Rules of the role that the controller gets; absent: it may do everything but approve. */
  readonly controllerRules?: readonly PolicyRule[];
  /** How many API requests the journal remembers in full. */
  readonly journalLimit?: number;
}

export interface Sandbox {
  readonly api: ApiServer;
  readonly ca: SandboxCa;
  /** Kubeconfig (YAML) of a user who may do everything, approving included. */
  readonly adminKubeconfig: string;
  /** Kubeconfig (YAML) of the controller's service account. */
  readonly controllerKubeconfig: string;
  close(): Promise<void>;
}

const ADMIN_TOKEN = 'sandbox-admin';
const CONTROLLER_TOKEN = 'sandbox-controller';

/** An embedded Kubernetes API server and a CMP CA beside it: everything that the controller needs around itself. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const ca = await startSandboxCa({ port: options.caPort, ...(options.caKeys && { keys: options.caKeys }) });
  try {
    const api = await startApiServer({
      port: options.apiPort,
      ...(options.journalLimit !== undefined && { journalLimit: options.journalLimit }),
      tokens: [
        { token: ADMIN_TOKEN, user: 'sandbox-admin', groups: ['system:masters'], mayApprove: true },
        {
          token: CONTROLLER_TOKEN,
          user: 'system:serviceaccount:cert-manager:cmpv2-issuer',
          ...(options.controllerRules && { rules: options.controllerRules }),
        },
      ],
    });
    return {
      api,
      ca,
      adminKubeconfig: api.kubeconfig(ADMIN_TOKEN),
      controllerKubeconfig: api.kubeconfig(CONTROLLER_TOKEN),
      close: async () => {
        await Promise.all([api.close(), ca.close()]);
      },
    };
  } catch (error) {
    await ca.close();
    throw error;
  }
}
