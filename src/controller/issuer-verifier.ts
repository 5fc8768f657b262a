import type { Issuer, IssuerSpec } from '../api/issuer.js';
import type { BackendConfig, BackendKind } from '../enrollment/backend-config.js';
import type { Enroller } from '../enrollment/enroller.js';
import { EnrollmentError } from '../enrollment/error.js';
import { isOutage, reachabilityAfter } from '../enrollment/reachability.js';
import type { KubeClient } from '../kube/client.js';
import type { Logger } from '../runtime/logger.js';
import { assertCertServiceSpec, certServiceConfig, isCertServiceSpec } from './certservice-config.js';
import { directConfig } from './direct-config.js';
import { IssuerProblem } from './issuer-problem.js';
import { type IssuerSecrets, readSecrets, secretNames } from './issuer-secrets.js';
import { nameSpecField } from './spec-field.js';

/** Makes the way to a CA. Throws EnrollmentError when the configuration cannot work. */
export type CreateEnroller = (config: BackendConfig) => Enroller | Promise<Enroller>;

/** An issuer whose configuration works as far as can be told without enrolling. */
export interface VerifiedIssuer {
  readonly revision: string;
  readonly backend: BackendKind;
  readonly enroller: Enroller;
}

/** What the last verification built. */
export interface KnownIssuer {
  readonly revision: string;
  /** Present when it is time to ask the CA again. */
  readonly probe?: (signal: AbortSignal) => Promise<void> | undefined;
}

/** What a verification led to, where no person need act. */
export interface Verification {
  /** Absent: what is known still holds. */
  readonly built?: VerifiedIssuer;
  /** How the CA was found; an error says why it cannot be used for now. */
  readonly probe: 'notDue' | 'succeeded' | EnrollmentError;
}

/** Longest time one verification may ask the CA. */
const PROBE_LIMIT_MS = 30_000;

export interface VerifierDeps {
  readonly client: KubeClient;
  readonly createEnroller: CreateEnroller;
  /** Told what the backend is going to be made of. */
  readonly onConfig?: (config: BackendConfig) => void;
  readonly logger: Logger;
}

/**
 * Reads the Secrets and, unless nothing changed since `known`, builds the Enroller; and asks whether the CA is there.
 * Throws IssuerProblem where a person must act, and whatever the client throws where asking the Kubernetes API again is
 * all there is to do.
 */
export async function verifyIssuer(
  deps: VerifierDeps,
  issuer: Issuer,
  secretNamespace: string,
  known: KnownIssuer | undefined,
  signal: AbortSignal,
): Promise<Verification> {
  const { spec, metadata } = issuer;
  const wording = isCertServiceSpec(spec) ? ONAP : PLAIN;
  if (isCertServiceSpec(spec)) await leading(wording.validate, async () => assertCertServiceSpec(spec));
  const secrets = await leading(wording.retrieve, () =>
    readSecrets(deps.client, secretNamespace, secretNames(spec), signal),
  );
  const revision = [metadata.uid, metadata.generation, ...secrets.versions].join(' ');
  try {
    if (revision === known?.revision) return { probe: known.probe ? await probed(known.probe, signal) : 'notDue' };
    const { backend, enroller } = await leading(wording.initialize, () => build(deps, spec, secrets));
    try {
      const probe = await probed((limit) => enroller.probe(limit), signal);
      return { built: { revision, backend, enroller }, probe };
    } catch (error) {
      await enroller.close();
      throw error;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw asProblem(error, wording, deps.logger);
  }
}

/** Throws what no waiting mends. */
async function probed(
  probe: (signal: AbortSignal) => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<'succeeded' | EnrollmentError> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]);
  try {
    await probe(limit);
    return 'succeeded';
  } catch (error) {
    if (error instanceof EnrollmentError && isOutage(reachabilityAfter(error))) return error;
    if (signal.aborted || !limit.aborted) throw error;
    const message = `the CA did not answer within ${PROBE_LIMIT_MS / 1000} s: is it up?`;
    return new EnrollmentError({ code: 'Timeout', retry: 'transient', message, cause: error });
  }
}

/** How messages begin: ONAP's provider has a text for each step, which its users know and look for. */
interface Wording {
  readonly validate: string;
  readonly retrieve: string;
  readonly initialize: string;
  /** Reason for a configuration that cannot work. */
  readonly unusable: IssuerProblem['reason'];
}

const PLAIN: Wording = { validate: '', retrieve: '', initialize: '', unusable: 'ValidationFailed' };
const ONAP: Wording = {
  validate: 'Failed to validate resource: ',
  retrieve: 'Failed to retrieve provisioner secret: ',
  initialize: 'Failed to initialize provisioner: ',
  unusable: 'Error',
};

/** Puts `lead` before the message of an IssuerProblem. */
async function leading<T>(lead: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IssuerProblem)) throw error;
    throw new IssuerProblem(error.reason, `${lead}${error.message}`, { cause: error });
  }
}

async function build(
  { createEnroller, onConfig }: VerifierDeps,
  spec: IssuerSpec,
  secrets: IssuerSecrets,
): Promise<{ readonly backend: BackendKind; readonly enroller: Enroller }> {
  const config = backendConfig(spec, secrets);
  onConfig?.(config);
  return { backend: config.backend, enroller: await createEnroller(config) };
}

/** What the backend must know, whichever it is. Throws IssuerProblem. */
export function backendConfig(spec: IssuerSpec, secrets: IssuerSecrets): BackendConfig {
  if (isCertServiceSpec(spec)) return { backend: 'certservice', config: certServiceConfig(spec, secrets) };
  if (spec.cmp !== undefined) return { backend: 'cmp', config: directConfig(spec, spec.cmp, secrets) };
  throw new IssuerProblem('ValidationFailed', 'spec: give cmp (direct CMP), or url and the fields that go with it');
}

function asProblem(error: unknown, wording: Wording, logger: Logger): IssuerProblem {
  if (error instanceof IssuerProblem) return error;
  if (error instanceof EnrollmentError) {
    return error.code === 'ConfigurationInvalid'
      ? new IssuerProblem(wording.unusable, `${wording.initialize}${nameSpecField(error.message)}`, { cause: error })
      : new IssuerProblem('Error', error.message, { cause: error });
  }
  logger.error({ error }, 'verifying an issuer failed in a way it should not');
  return new IssuerProblem('Error', 'internal error: the log of the controller has the details', { cause: error });
}
