import type { Issuer } from '../api/issuer.js';
import type { DirectBackendConfig } from '../enrollment/direct-config.js';
import type { Enroller } from '../enrollment/enroller.js';
import { EnrollmentError } from '../enrollment/error.js';
import type { KubeClient } from '../kube/client.js';
import type { Logger } from '../runtime/logger.js';
import { directConfig } from './direct-config.js';
import { IssuerProblem } from './issuer-problem.js';
import { readSecrets, secretNames } from './issuer-secrets.js';
import { nameSpecField } from './spec-field.js';

/** Makes the way to a CA. Throws EnrollmentError when the configuration cannot work. */
export type CreateEnroller = (config: DirectBackendConfig) => Enroller | Promise<Enroller>;

/** An issuer whose configuration works as far as can be told without enrolling. */
export interface VerifiedIssuer {
  readonly revision: string;
  readonly enroller: Enroller;
}

/** What the last verification built. */
export interface KnownIssuer {
  readonly revision: string;
  /** Present when it is time to ask the CA again. */
  readonly probe?: (signal: AbortSignal) => Promise<void> | undefined;
}

/** Longest time one verification may ask the CA. */
const PROBE_LIMIT_MS = 30_000;

export interface VerifierDeps {
  readonly client: KubeClient;
  readonly createEnroller: CreateEnroller;
  readonly logger: Logger;
}

/**
 * Reads the Secrets and, unless nothing changed since `known`, builds the Enroller and probes the CA.
 * Throws IssuerProblem where a person must act or the CA does not answer, and whatever the client throws where asking
 * the Kubernetes API again is all there is to do.
 */
export async function verifyIssuer(
  deps: VerifierDeps,
  issuer: Issuer,
  secretNamespace: string,
  known: KnownIssuer | undefined,
  signal: AbortSignal,
): Promise<VerifiedIssuer | 'unchanged'> {
  const { spec, metadata } = issuer;
  const { cmp } = spec;
  if (cmp === undefined)
    throw new IssuerProblem(
      'Error',
      'ONAP CertService (spec.url) is not supported by this version of the controller: give spec.cmp instead and ' +
        'connect to the CA directly, or leave this issuer to the provider that served it so far',
    );
  const secrets = await readSecrets(deps.client, secretNamespace, secretNames(spec), signal);
  const revision = [metadata.uid, metadata.generation, ...secrets.versions].join(' ');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]);
  try {
    if (revision === known?.revision) {
      await known.probe?.(limit);
      return 'unchanged';
    }
    const enroller = await deps.createEnroller(directConfig(spec, cmp, secrets));
    try {
      await enroller.probe(limit);
    } catch (error) {
      await enroller.close();
      throw error;
    }
    return { revision, enroller };
  } catch (error) {
    signal.throwIfAborted();
    throw asProblem(error, limit.aborted, deps.logger);
  }
}

function asProblem(error: unknown, late: boolean, logger: Logger): IssuerProblem {
  if (error instanceof IssuerProblem) return error;
  if (error instanceof EnrollmentError) {
    return error.code === 'ConfigurationInvalid'
      ? new IssuerProblem('ValidationFailed', nameSpecField(error.message), { cause: error })
      : new IssuerProblem('Error', error.message, { cause: error });
  }
  if (late) return new IssuerProblem('Error', `the CA did not answer within ${PROBE_LIMIT_MS / 1000} s: is it up?`);
  logger.error({ error }, 'verifying an issuer failed in a way it should not');
  return new IssuerProblem('Error', 'internal error: the log of the controller has the details', { cause: error });
}
