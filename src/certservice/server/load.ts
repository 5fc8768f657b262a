import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { CmpServer } from './cmp-server.js';
import { type CmpServersContext, CmpServersError, parseCmpServers } from './cmp-servers-file.js';

/** Reads `cmpServers.json` and the files that it names, relative to its folder. Throws CmpServersError. */
export function loadCmpServers(path: string, protection: CmpServersContext['protection']): readonly CmpServer[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CmpServersError('loading', error);
  }
  return parseCmpServers(text, {
    protection,
    readText: (file) => readFileSync(resolve(dirname(path), file), 'utf8'),
  });
}
