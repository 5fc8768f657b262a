import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder that holds this package's package.json, and with it `crds/` and `fixtures/`.
 * Found by walking up, because the code runs from `src/` in development and from `dist/` once built.
 */
export function packageRoot(from: string = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'cmpv2-issuer') return folder;
    if (folder === dirname(folder)) {
      throw new Error(`cannot find the cmpv2-issuer package above ${from}: reinstall the package, files are missing`);
    }
  }
}
