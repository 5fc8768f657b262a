import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);
const curve = (namedCurve: string) => async () => (await generate('ec', { namedCurve })).privateKey;

const GENERATORS = {
  'ec-p256': curve('P-256'),
  'ec-p384': curve('P-384'),
  'ec-p521': curve('P-521'),
  'brainpool-p256r1': curve('brainpoolP256r1'),
  'brainpool-p384r1': curve('brainpoolP384r1'),
  'brainpool-p512r1': curve('brainpoolP512r1'),
  'rsa-2048': async () => (await generate('rsa', { modulusLength: 2048 })).privateKey,
  'rsa-pss-2048': async () => (await generate('rsa-pss', { modulusLength: 2048 })).privateKey,
  ed25519: async () => (await generate('ed25519')).privateKey,
  ed448: async () => (await generate('ed448')).privateKey,
} as const satisfies Readonly<Record<string, () => Promise<KeyObject>>>;

/** Every kind of key that a CA may have, and what it signs with follows from it (RFC 9481 section 3). */
export type KeyKind = keyof typeof GENERATORS;
export const KEY_KINDS = Object.keys(GENERATORS) as KeyKind[];

export const generateKey = (kind: KeyKind): Promise<KeyObject> => GENERATORS[kind]();

/** The same kind where TLS knows it, or else one that it does: signatures with Brainpool curves are no part of TLS 1.2. */
export const tlsKeyKind = (kind: KeyKind): KeyKind => (kind.startsWith('brainpool') ? 'ec-p256' : kind);
