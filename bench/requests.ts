import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCsr, encodePem, parseCsr } from '../src/pki/index.js';
import { packageRoot } from '../src/runtime/package-root.js';

/**
 * So many CSRs in PEM, each with a P-256 key of its own, as in life: a cache in our code must not make them look cheaper
 * than they are. Names and extensions are those of the fixture.
 */
export async function freshCsrs(count: number): Promise<string[]> {
  const model = parseCsr(readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.csr'), 'utf8'));
  const wanted = { subject: model.subject, extensions: model.extensions.list.map(({ der }) => der) };
  const csrs: string[] = [];
  for (let i = 0; i < count; i++) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    csrs.push(encodePem('CERTIFICATE REQUEST', await createCsr(wanted, privateKey)));
  }
  return csrs;
}
