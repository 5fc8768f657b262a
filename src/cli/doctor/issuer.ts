import { findCondition } from '../../api/conditions.js';
import { ISSUER_TYPES, type Issuer, withDefaults } from '../../api/issuer.js';
import { assertCertServiceSpec, isCertServiceSpec } from '../../controller/certservice-config.js';
import { printableResource } from '../../controller/issuer-key.js';
import { IssuerProblem } from '../../controller/issuer-problem.js';
import { readSecrets, secretNames } from '../../controller/issuer-secrets.js';
import { backendConfig } from '../../controller/issuer-verifier.js';
import type { BackendConfig } from '../../enrollment/backend-config.js';
import { ApiClient } from '../../kube/api-client.js';
import { ApiError, isForbidden, isNotFound, isTypeMissing, TransportError } from '../../kube/api-error.js';
import { KubeConfigError, loadKubeAccess } from '../../kube/config.js';
import { KubeTransport } from '../../kube/transport.js';
import { uniformFrom } from '../../runtime/backoff.js';
import type { Clock } from '../../runtime/clock.js';
import { systemRandom } from '../../runtime/random.js';
import { version } from '../version.js';
import { type Finding, fail, ok, warn } from './finding.js';
import type { IssuerFlags } from './flags.js';
import type { Step } from './step.js';

/** An issuer on its way from its name to the configuration of its backend. */
export interface IssuerFile {
  readonly flags: IssuerFlags;
  readonly clock: Clock;
  transport: KubeTransport | undefined;
  issuer: Issuer | undefined;
  config: BackendConfig | undefined;
}

const CORRECT: Readonly<Record<IssuerProblem['reason'], string>> = {
  ValidationFailed: "Change that field of the issuer's spec.",
  NotFound: 'Create it, or name another one in the issuer.',
  Error: 'Correct the Secret, or the reference to it.',
};

/** What the API server refuses or cannot do; anything else is thrown. */
function apiFinding(error: unknown, what: string): Finding {
  if (error instanceof IssuerProblem) {
    // Written for the controller, which is somebody else than whoever reads here.
    if (isForbidden(error.cause)) return apiFinding(error.cause, what);
    return fail(error.message, CORRECT[error.reason]);
  }
  if (error instanceof KubeConfigError) return fail(error.message, 'Name a kubeconfig that works: --kubeconfig FILE.');
  if (error instanceof TransportError) {
    return fail(error.message, 'Check the address in the kubeconfig, and whether the API server runs.');
  }
  if (isTypeMissing(error))
    return fail(`${what}: the cluster does not know this kind`, 'Install the CRDs of cmpv2-issuer.');
  if (isNotFound(error)) return fail(`${what} does not exist`, 'Check --issuer, --namespace, --kind and --context.');
  if (isForbidden(error)) return fail(`${what}: ${(error as Error).message}`, 'Use credentials that may read it.');
  if (error instanceof ApiError) return fail(`${what}: ${error.message}`, 'Look into the log of the API server.');
  throw error;
}

function clientOf({ transport }: IssuerFile): ApiClient {
  if (transport === undefined) throw new TypeError('this step needs a cluster');
  return new ApiClient(transport);
}

function issuerOf({ issuer: found }: IssuerFile): Issuer {
  if (found === undefined) throw new TypeError('this step needs the issuer');
  return found;
}

async function kubernetes(file: IssuerFile): Promise<Finding> {
  const { kubeconfig, context } = file.flags;
  try {
    const access = await loadKubeAccess({ kubeconfig, context });
    const options = { access, clock: file.clock, uniform: uniformFrom(systemRandom) };
    file.transport = new KubeTransport({ ...options, userAgent: `cmpv2-issuer/${version()}` });
    return ok(`API server ${access.server}`);
  } catch (error) {
    return apiFinding(error, 'kubeconfig');
  }
}

function nameOf({ issuer, kind, namespace }: IssuerFlags) {
  return ISSUER_TYPES[kind].namespaced ? { kind, namespace, name: issuer } : { kind, name: issuer };
}

async function issuer(file: IssuerFile, signal: AbortSignal): Promise<Finding> {
  const name = nameOf(file.flags);
  const what = printableResource(name);
  try {
    const found = await clientOf(file).get<Issuer>(ISSUER_TYPES[name.kind], name, { signal });
    file.issuer = withDefaults(found);
    const { deletionTimestamp, generation = 0 } = found.metadata;
    if (deletionTimestamp !== undefined) {
      return fail(
        `${what} is being deleted since ${deletionTimestamp}`,
        'Nobody gets certificates from it any more: create it anew.',
      );
    }
    return ok(
      `${what}, generation ${generation}, ${isCertServiceSpec(file.issuer.spec) ? 'CertService' : 'direct CMP'}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    return apiFinding(error, what);
  }
}

function ready(file: IssuerFile): Finding {
  const found = issuerOf(file);
  const condition = findCondition(found.status?.conditions, 'Ready');
  const running = 'Check that the controller runs, and that it serves this namespace.';
  if (condition === undefined) return warn('no Ready condition: no controller has looked at the issuer yet', running);
  const { status, reason = '', message = '', observedGeneration } = condition;
  const said = `Ready ${status}, ${reason}: ${message}`;
  if (observedGeneration !== undefined && observedGeneration !== found.metadata.generation) {
    return warn(`${said} (of generation ${observedGeneration}, before the last change)`, running);
  }
  if (status === 'True') return ok(said);
  return fail(
    said,
    'See what the other steps say. If all are well, the controller stands elsewhere: look into its log and at network policies.',
  );
}

async function secrets(file: IssuerFile, signal: AbortSignal): Promise<Finding> {
  const found = issuerOf(file);
  const namespace = found.metadata.namespace ?? file.flags.clusterResourceNamespace;
  try {
    if (isCertServiceSpec(found.spec)) assertCertServiceSpec(found.spec);
    const names = secretNames(found.spec);
    const read = await readSecrets(clientOf(file), namespace, names, signal);
    file.config = backendConfig(found.spec, read);
    return ok(
      names.length === 0
        ? 'the issuer names none'
        : `${names.join(', ')} in namespace ${namespace} hold what the issuer wants`,
    );
  } catch (error) {
    signal.throwIfAborted();
    return apiFinding(error, `Secrets in namespace ${namespace}`);
  }
}

export const ISSUER_STEPS: readonly Step<IssuerFile>[] = [
  { name: 'kubernetes', look: kubernetes },
  { name: 'issuer', needs: ['kubernetes'], look: issuer },
  { name: 'ready', needs: ['kubernetes', 'issuer'], look: ready },
  { name: 'secrets', needs: ['kubernetes', 'issuer'], look: secrets },
];
