import type { RootCaKeyUpdateContent } from '../../cmp/schema/index.js';
import { basicConstraintsExtension, keyUsageExtension } from '../../pki/index.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import { createIdentity, type Identity } from './authority.js';
import { authorityKeyIdentifier, subjectKeyIdentifier } from './extension.js';
import type { Hierarchy } from './hierarchy.js';
import { signCertificate } from './leaf-certificate.js';
import { randomSerial } from './serial.js';
import type { RootUpdateFault } from './service-faults.js';

const YEAR = 365 * 86_400_000;

/** Another certificate for the key of `of`, below `by`. */
async function crossCertificate(
  of: Identity,
  by: Identity,
  now: Date,
  random: Random,
  isCa = true,
): Promise<Uint8Array> {
  const start = Math.floor(now.getTime() / 1000) * 1000 - 60_000;
  return signCertificate(
    {
      serialNumber: BigInt(`0x${Buffer.from(randomSerial(random)).toString('hex')}`),
      validity: { notBefore: new Date(start), notAfter: new Date(start + YEAR) },
      subject: of.name,
      subjectPublicKeyInfo: of.publicKeyInfo,
      extensions: [
        basicConstraintsExtension(isCa),
        keyUsageExtension(isCa ? ['keyCertSign', 'cRLSign'] : ['digitalSignature']),
        subjectKeyIdentifier(of.keyIdentifier),
        authorityKeyIdentifier(by.keyIdentifier),
      ],
    },
    by,
  );
}

/** The successor of a root and the certificates that tie both together (RFC 9483 section 4.3.2), spoilt where asked for. */
export async function rootUpdate(
  hierarchy: Hierarchy,
  now: Date,
  random: Random,
  fault: RootUpdateFault | undefined,
): Promise<RootCaKeyUpdateContent> {
  const { root, secondRoot } = hierarchy;
  const newRoot = (nameParts = root.nameParts) =>
    createIdentity({ name: nameParts, profile: 'rootCa', keys: root.keys, now, random });
  const next = await (fault === 'otherSubject' ? newRoot(secondRoot.nameParts) : hierarchy.successor());
  const cross = (of: Identity, by: Identity, isCa = true) => crossCertificate(of, by, now, random, isCa);
  // Bears the root's name, so that nothing but the signature gives it away.
  const stranger = { ...(await newRoot()), keyIdentifier: root.keyIdentifier };
  const right = {
    newWithNew: next.certificate,
    newWithOld: await cross(next, root),
    oldWithNew: await cross(root, next),
  };
  switch (fault) {
    case undefined:
    case 'otherSubject':
      return right;
    case 'newWithOldByStranger':
      return { ...right, newWithOld: await cross(next, stranger) };
    case 'newWithOldMissing':
      return { newWithNew: right.newWithNew, oldWithNew: right.oldWithNew };
    case 'newWithOldOtherKey':
      return { ...right, newWithOld: await cross(stranger, root) };
    case 'newWithNewBySomebodyElse':
      return { ...right, newWithNew: await cross(next, { ...stranger, keyIdentifier: next.keyIdentifier }) };
    case 'oldWithNewByStranger':
      return { ...right, oldWithNew: await cross(root, { ...stranger, keyIdentifier: next.keyIdentifier }) };
    case 'oldWithNewOtherKey':
      return { ...right, oldWithNew: await cross(stranger, next) };
    case 'noCa':
      return { ...right, newWithOld: await cross(next, root, false) };
    default:
      return unreachable(fault);
  }
}
