import {
  CERTIFICATE,
  CERTIFICATE_NAME_ANNOTATION,
  CERTIFICATE_REVISION_ANNOTATION,
  type Certificate,
} from '../api/certificate.js';
import type { KubeObject, ResourceType } from '../api/meta.js';
import { SECRET, type Secret } from '../api/secret.js';
import type { PreviousCertificate } from '../enrollment/enroller.js';
import { EnrollmentError } from '../enrollment/error.js';
import { isForbidden, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import type { Logger } from '../runtime/logger.js';
import { owningCertificate } from './owning-certificate.js';

/** What kubectl apply leaves on a Certificate. cert-manager before 1.5 copied it to requests, and others may still. */
const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** Whether cert-manager has issued for the same Certificate before: its revision is an integer above 1. */
export function isRenewal({ metadata }: KubeObject): boolean {
  const revision = metadata.annotations?.[CERTIFICATE_REVISION_ANNOTATION] ?? '';
  return /^\+?\d+$/.test(revision) && Number(revision) > 1;
}

interface Finder {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * The certificate that this renewal replaces, from the Secret of its Certificate: found through the owner reference,
 * the annotation that names the Certificate, or else through what kubectl apply left behind. Only ever read in the
 * request's own namespace, whatever an annotation says. Undefined, and logged, when there is none to be had.
 * Throws EnrollmentError, class `transient`, when the Kubernetes API must be asked again.
 */
export async function previousCertificate(
  finder: Finder,
  request: KubeObject,
): Promise<PreviousCertificate | undefined> {
  const { namespace } = request.metadata;
  if (namespace === undefined) return undefined;
  const secretName = (await secretOfCertificate(finder, request, namespace)) ?? lastAppliedSecret(request, namespace);
  if (secretName === undefined) {
    finder.logger.info({}, 'the Certificate of this renewal cannot be found: a first certificate is asked for');
    return undefined;
  }
  const secret = await read<Secret>(finder, SECRET, namespace, secretName);
  const text = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  const [certificatesPem, privateKeyPem] = [text('tls.crt'), text('tls.key')];
  if (certificatesPem !== '' && privateKeyPem !== '') return { certificatesPem, privateKeyPem };
  finder.logger.info(
    { secret: `${namespace}/${secretName}` },
    'the Secret of this renewal holds no certificate with its key: a first certificate is asked for',
  );
  return undefined;
}

async function secretOfCertificate(
  finder: Finder,
  request: KubeObject,
  namespace: string,
): Promise<string | undefined> {
  const owner = owningCertificate(request.metadata);
  const name = owner?.name ?? request.metadata.annotations?.[CERTIFICATE_NAME_ANNOTATION] ?? '';
  if (name === '') return undefined;
  const certificate = await read<Certificate>(finder, CERTIFICATE, namespace, name);
  // A Certificate that was made anew under the same name is another one.
  if (owner !== undefined && certificate?.metadata.uid !== owner.uid) return undefined;
  return certificate?.spec.secretName;
}

function lastAppliedSecret({ metadata }: KubeObject, namespace: string): string | undefined {
  try {
    const applied = JSON.parse(metadata.annotations?.[LAST_APPLIED_ANNOTATION] ?? 'null');
    if (applied?.kind !== CERTIFICATE.kind || (applied.metadata?.namespace ?? namespace) !== namespace)
      return undefined;
    const name: unknown = applied.spec?.secretName;
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such object, or we may not see it. */
async function read<T extends KubeObject>(
  { client, logger, signal }: Finder,
  type: ResourceType,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  try {
    return await client.get<T>(type, { namespace, name }, { signal });
  } catch (cause) {
    if (isNotFound(cause)) return undefined;
    if (signal.aborted) throw signal.reason;
    const where = `${type.kind} ${namespace}/${name}`;
    if (isForbidden(cause)) {
      logger.warn(
        { object: where },
        `what is to be renewed may not be read: grant the controller get on ${type.plural} in namespace ${namespace}`,
      );
      return undefined;
    }
    throw new EnrollmentError({
      code: 'PrivateKeyUnavailable',
      retry: 'transient',
      message: `${where}, which leads to the certificate to be renewed, cannot be read now; it is tried again`,
      cause,
    });
  }
}
