import type { Random } from '../../runtime/random.js';
import { createIdentity, type Identity, type NameParts } from './authority.js';
import type { KeyKind } from './key-kind.js';

/** Below a root that nobody trusts: for certificates and signatures that must be refused. */
interface UntrustedAuthority {
  readonly issuing: Identity;
  readonly signer: Identity;
}

/** The CA's own certificates: root, issuing CA below it, CMP signer below that, and a second root beside. */
export interface Hierarchy {
  readonly root: Identity;
  readonly secondRoot: Identity;
  readonly issuing: Identity;
  readonly signer: Identity;
  /** Made when first asked for. Its names equal the trusted ones', its keys do not. */
  untrusted(): Promise<UntrustedAuthority>;
  /** The root's announced successor: the same name, another key. Made when first asked for, and the same ever after. */
  successor(): Promise<Identity>;
}

const named = (cn: string): NameParts => [
  ['O', 'CMP Sandbox'],
  ['CN', cn],
];

export async function createHierarchy(keys: KeyKind, now: Date, random: Random): Promise<Hierarchy> {
  const common = { keys, now, random };
  const below = async (root: Identity): Promise<{ issuing: Identity; signer: Identity }> => {
    const issuing = await createIdentity({
      ...common,
      name: named('Sandbox Issuing CA'),
      profile: 'issuingCa',
      issuer: root,
    });
    const signer = await createIdentity({
      ...common,
      name: named('Sandbox CMP Signer'),
      profile: 'cmpSigner',
      issuer: issuing,
    });
    return { issuing, signer };
  };
  const newRoot = (cn: string) => createIdentity({ ...common, name: named(cn), profile: 'rootCa' });

  const [root, secondRoot] = await Promise.all([newRoot('Sandbox Root'), newRoot('Sandbox Second Root')]);
  let untrusted: Promise<UntrustedAuthority> | undefined;
  let successor: Promise<Identity> | undefined;
  return {
    root,
    secondRoot,
    ...(await below(root)),
    untrusted: () => {
      untrusted ??= newRoot('Sandbox Root').then(below);
      return untrusted;
    },
    successor: () => {
      successor ??= newRoot('Sandbox Root');
      return successor;
    },
  };
}
