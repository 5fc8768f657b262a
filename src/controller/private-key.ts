import type { KeyObject } from 'node:crypto';
import { type CertificateRequest, PRIVATE_KEY_SECRET_ANNOTATION } from '../api/certificate-request.js';
import { SECRET, type Secret } from '../api/secret.js';
import { EnrollmentError } from '../enrollment/error.js';
import { isForbidden, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import { keyMatches, loadPrivateKey, PkiError, parseCsr } from '../pki/index.js';

const WITHOUT_KEY = 'or set spec.cmp.proofOfPossession: RAVerified or spec.cmp.enrollment: P10CR in the issuer';

/**
 * The private key that cert-manager keeps for this very request. The annotation that names its Secret is chosen by
 * whoever made the request, so the key counts only if its public half is the CSR's. Read anew each time, never kept.
 * Throws EnrollmentError `PrivateKeyUnavailable` or `PrivateKeyMismatch`.
 */
export async function stagedPrivateKey(
  client: KubeClient,
  request: CertificateRequest,
  csrPem: string,
  signal: AbortSignal,
): Promise<KeyObject> {
  const { namespace, annotations } = request.metadata;
  const name = annotations?.[PRIVATE_KEY_SECRET_ANNOTATION];
  if (namespace === undefined || name === undefined || name === '')
    throw unavailable(
      `proof of possession by signature needs the private key, but the request has no annotation ` +
        `${PRIVATE_KEY_SECRET_ANNOTATION} (only requests made for a Certificate have it): use a Certificate, ${WITHOUT_KEY}`,
    );
  const where = `Secret ${namespace}/${name}`;
  const key = parseKey(await readKeyPem(client, { namespace, name }, where, signal), where);
  if (!keyMatches(key, parseCsr(csrPem).spki))
    throw new EnrollmentError({
      code: 'PrivateKeyMismatch',
      retry: 'request',
      message: `the private key in ${where} is not the one of the CSR: the annotation ${PRIVATE_KEY_SECRET_ANNOTATION} names a Secret that is not this request's`,
    });
  return key;
}

async function readKeyPem(
  client: KubeClient,
  ref: { readonly namespace: string; readonly name: string },
  where: string,
  signal: AbortSignal,
): Promise<string> {
  let secret: Secret;
  try {
    secret = await client.get<Secret>(SECRET, ref, { signal });
  } catch (cause) {
    if (isNotFound(cause))
      throw unavailable(
        `${where} with the private key of the request does not exist (yet): wait for it, ${WITHOUT_KEY}`,
      );
    if (isForbidden(cause))
      throw unavailable(
        `the controller may not read ${where} with the private key of the request: grant it get on secrets in ` +
          `namespace ${ref.namespace}, ${WITHOUT_KEY}`,
      );
    throw unavailable(`${where} with the private key of the request cannot be read now`, cause);
  }
  const value = secret.data?.['tls.key'];
  if (value === undefined || value === '')
    throw unavailable(`${where} holds no private key under tls.key: put it there, ${WITHOUT_KEY}`);
  return Buffer.from(value, 'base64').toString('utf8');
}

function parseKey(pem: string, where: string): KeyObject {
  try {
    return loadPrivateKey(pem);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw unavailable(`tls.key of ${where} cannot be used: ${cause.message}`, cause);
  }
}

const unavailable = (message: string, cause?: unknown): EnrollmentError =>
  new EnrollmentError({ code: 'PrivateKeyUnavailable', retry: 'transient', message, cause });
