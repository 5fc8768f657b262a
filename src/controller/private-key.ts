import type { KeyObject } from 'node:crypto';
import { PRIVATE_KEY_SECRET_ANNOTATION } from '../api/certificate-request.js';
import { SECRET, type Secret } from '../api/secret.js';
import type { BackendKind } from '../enrollment/backend-config.js';
import { EnrollmentError } from '../enrollment/error.js';
import { isForbidden, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import { keyMatches, loadPrivateKey, PkiError, parseCsr } from '../pki/index.js';
import type { SigningRequest } from './signing-request.js';

interface Purpose {
  /** How messages begin. */
  readonly lead: string;
  /** Who needs the key for what. */
  readonly why: string;
  /** How to do without. */
  readonly instead: string;
}

const PURPOSES: Readonly<Record<BackendKind, Purpose>> = {
  cmp: {
    lead: '',
    why: 'proof of possession by signature needs the private key',
    instead:
      'or set spec.cmp.proofOfPossession: RAVerified or spec.cmp.enrollment: P10CR in the issuer, and not ' +
      'spec.cmp.renewal: KUR',
  },
  // The lead is ONAP's, for its users to find.
  certservice: {
    lead: 'Failed to retrieve private key secret: ',
    why: 'CertService demands the private key',
    instead: 'or use an issuer with spec.cmp, which can do without it',
  },
};

export interface KeyContext {
  readonly client: KubeClient;
  /** For whom the key is read. */
  readonly backend: BackendKind;
  readonly signal: AbortSignal;
}

/**
 * The private key that cert-manager keeps for this very request. The annotation that names its Secret is chosen by
 * whoever made the request, so the key counts only if its public half is the CSR's. Read anew each time, never kept.
 * Throws EnrollmentError `PrivateKeyUnavailable` or `PrivateKeyMismatch`.
 */
export async function stagedPrivateKey(
  { client, backend, signal }: KeyContext,
  request: SigningRequest,
): Promise<KeyObject> {
  const purpose = PURPOSES[backend];
  const { namespace, annotations } = request.metadata;
  const name = annotations?.[PRIVATE_KEY_SECRET_ANNOTATION];
  if (namespace === undefined || name === undefined || name === '')
    throw unavailable(purpose, `${purpose.why}, but ${request.resource.keylessBecause}`);
  const where = `Secret ${namespace}/${name}`;
  const key = parseKey(await readKeyPem(client, { namespace, name }, where, purpose, signal), where, purpose);
  if (!keyMatches(key, parseCsr(request.csrPem).spki))
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
  purpose: Purpose,
  signal: AbortSignal,
): Promise<string> {
  let secret: Secret;
  try {
    secret = await client.get<Secret>(SECRET, ref, { signal });
  } catch (cause) {
    if (isNotFound(cause))
      throw unavailable(purpose, `${where} with the private key of the request does not exist (yet): wait for it`);
    if (isForbidden(cause))
      throw unavailable(
        purpose,
        `the controller may not read ${where} with the private key of the request: grant it get on secrets in ` +
          `namespace ${ref.namespace}`,
      );
    throw unavailable(
      { ...purpose, instead: '' },
      `${where} with the private key of the request cannot be read now; it is tried again`,
      cause,
    );
  }
  const value = secret.data?.['tls.key'];
  if (value === undefined || value === '')
    throw unavailable(purpose, `${where} holds no private key under tls.key: put it there`);
  return Buffer.from(value, 'base64').toString('utf8');
}

function parseKey(pem: string, where: string, purpose: Purpose): KeyObject {
  try {
    return loadPrivateKey(pem);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw unavailable({ ...purpose, instead: '' }, `tls.key of ${where} cannot be used: ${cause.message}`, cause);
  }
}

function unavailable({ lead, instead }: Purpose, message: string, cause?: unknown): EnrollmentError {
  return new EnrollmentError({
    code: 'PrivateKeyUnavailable',
    retry: 'transient',
    message: `${lead}${message}${instead === '' ? '' : `, ${instead}`}`,
    cause,
  });
}
