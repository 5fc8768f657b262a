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

/** Longest time one verification may ask the CA. */
const PROBE_LIMIT_MS = 30_000;

/**
 * Reads the Secrets and, unless nothing changed since `knownRevision`, builds the Enroller and probes the CA.
 * Throws IssuerProblem where a person must act or the CA does not answer.
 */
export async function verifyIssuer(
  deps: { readonly client: KubeClient; readonly createEnroller: CreateEnroller; readonly logger: Logger },
  issuer: Issuer,
  secretNamespace: string,
  knownRevision: string | undefined,
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
  if (revision === knownRevision) return 'unchanged';
  try {
    const enroller = await deps.createEnroller(directConfig(spec, cmp, secrets));
    try {
      await enroller.probe(AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]));
    } catch (error) {
      await enroller.close();
      throw error;
    }
    return { revision, enroller };
  } catch (cause) {
    if (cause instanceof IssuerProblem) throw cause;
    if (!(cause instanceof EnrollmentError)) {
      deps.logger.error({ error: cause }, 'verifying an issuer failed in a way it should not');
      throw new IssuerProblem('Error', 'internal error: the log of the controller has the details', { cause });
    }
    if (cause.code !== 'ConfigurationInvalid') throw new IssuerProblem('Error', cause.message, { cause });
    throw new IssuerProblem('ValidationFailed', nameSpecField(cause.message), { cause });
  }
}
