import { createPrivateKey, type KeyObject } from 'node:crypto';
import { PkiError } from './error.js';
import { type PemBlock, pemBlocks } from './pem.js';
import { asBuffer, assertSupportedKey, samePublicKey, spkiOf } from './spki.js';

const FORMATS: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
};

const DECRYPT_HINT = 'store it unencrypted, e.g. openssl pkey -in encrypted.key -out tls.key';

function isEncrypted({ label, headers }: PemBlock): boolean {
  return (
    label === 'ENCRYPTED PRIVATE KEY' || headers.some((header) => /^(Proc-Type:.*ENCRYPTED|DEK-Info:)/.test(header))
  );
}

/**
 * The private key in a PEM text: PKCS#8, PKCS#1 or SEC1, exactly one. EC parameters and certificates beside it are
 * ignored. Throws PkiError `PemInvalid`, `KeyEncrypted`, `KeyInvalid` or `KeyUnsupported`; never quotes the text.
 */
export function loadPrivateKey(pem: string): KeyObject {
  const keys = pemBlocks(pem).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [block, ...more] = keys;
  if (block === undefined) {
    throw new PkiError('PemInvalid', 'private key: no PEM block "-----BEGIN PRIVATE KEY-----" found');
  }
  if (more.length > 0) throw new PkiError('PemInvalid', `private key: ${keys.length} keys found, expected exactly one`);
  if (isEncrypted(block)) throw new PkiError('KeyEncrypted', `private key: it is encrypted; ${DECRYPT_HINT}`);
  const type = FORMATS[block.label];
  if (type === undefined) {
    throw new PkiError('KeyUnsupported', `private key: a "${block.label}" is not supported; convert it to PKCS#8`);
  }
  const key = readKey(block.der, type, block.label);
  assertSupportedKey(key, 'private key');
  return key;
}

function readKey(der: Uint8Array, type: 'pkcs8' | 'pkcs1' | 'sec1', label: string): KeyObject {
  try {
    return createPrivateKey({ key: asBuffer(der), format: 'der', type });
  } catch {
    // The cause is dropped on purpose: nothing that touched key octets goes into logs.
    throw new PkiError('KeyInvalid', `private key: the ${label} block holds no valid key`);
  }
}

/** Whether the key (private or public) is the one in the SubjectPublicKeyInfo. */
export function keyMatches(key: KeyObject, spki: Uint8Array): boolean {
  return samePublicKey(spkiOf(key), spki);
}
