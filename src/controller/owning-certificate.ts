import { CERTIFICATE } from '../api/certificate.js';
import type { ObjectMeta, OwnerReference } from '../api/meta.js';

/**
 * The Certificate that a request was made for, by its owner reference; undefined for requests of anybody else. What has no
 * namespace cannot belong to what has one, whatever it says of itself.
 */
export const owningCertificate = ({ namespace, ownerReferences }: ObjectMeta): OwnerReference | undefined =>
  namespace === undefined
    ? undefined
    : ownerReferences?.find(
        ({ apiVersion, kind }) => kind === CERTIFICATE.kind && apiVersion.startsWith(`${CERTIFICATE.group}/`),
      );

/** Of the owner references of a finished request, what is worth remembering: which Certificate it was made for. */
export function rememberedOwner(metadata: ObjectMeta): readonly OwnerReference[] | undefined {
  const uid = owningCertificate(metadata)?.uid;
  if (uid === undefined) return undefined;
  return [{ apiVersion: `${CERTIFICATE.group}/${CERTIFICATE.version}`, kind: CERTIFICATE.kind, name: '', uid }];
}
