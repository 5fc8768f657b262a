import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePem } from '../../../../src/pki/pem.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';

const folder = join(packageRoot(), 'fixtures', 'cmp');

/** Text of a file in fixtures/cmp/pki. */
export const text = (name: string): string => readFileSync(join(folder, 'pki', name), 'utf8');

/** DER of the one PEM block in a file of fixtures/cmp/pki. */
export function der(name: string): Uint8Array {
  const [only] = decodePem(text(name));
  if (only === undefined) throw new Error(`${name} is empty`);
  return only;
}

/** Octets of a message in fixtures/cmp/recorded. */
export const recorded = (name: string): Uint8Array => readFileSync(join(folder, 'recorded', name));
