// Fails when an import runs upward, or when a room imports a package that only another room may use.
// The tables below are the law; docs/architecture.md explains them.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import process from 'node:process';

/** What each room below src/ may import, besides itself. */
export const MAY_IMPORT = {
  runtime: [],
  asn1: [],
  pki: ['asn1', 'runtime'],
  cmp: ['pki', 'asn1', 'runtime'],
  enrollment: ['cmp', 'pki', 'asn1', 'runtime'],
  certservice: ['enrollment', 'cmp', 'pki', 'asn1', 'ops', 'runtime'],
  api: [],
  ops: ['runtime'],
  kube: ['api', 'runtime'],
  controller: ['kube', 'api', 'enrollment', 'pki', 'ops', 'runtime'],
  sandbox: ['cmp', 'pki', 'asn1', 'api', 'ops', 'runtime'],
  cli: ['controller', 'certservice', 'sandbox', 'enrollment', 'kube', 'api', 'cmp', 'pki', 'asn1', 'ops', 'runtime'],
};

/** Packages that only these rooms may import at run time (`import type` is free). */
export const PACKAGE_ROOMS = {
  '@kubernetes/client-node': ['kube'],
  pkijs: ['pki', 'sandbox'],
  asn1js: ['pki', 'sandbox'],
  '@peculiar/webcrypto': ['pki', 'sandbox'],
  undici: ['cmp', 'kube', 'certservice'],
  fastify: ['ops', 'sandbox', 'certservice'],
  pino: ['ops'],
  'prom-client': ['ops'],
  commander: ['cli'],
  'jks-js': ['certservice'],
  'node-forge': ['certservice'],
};

function* sources(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Every breach of the tables in the tree below `root`, as printable lines. */
export function breaches(root) {
  const src = resolve(root, 'src');
  const found = [];
  for (const file of sources(src)) {
    const room = relative(src, file).split(sep)[0];
    const text = readFileSync(file, 'utf8');
    const imports = [
      ...[...text.matchAll(IMPORT)].map((m) => ({ typeOnly: m[1] !== undefined, target: m[2] })),
      ...[...text.matchAll(DYNAMIC_IMPORT)].map((m) => ({ typeOnly: false, target: m[1] })),
    ];
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined) {
      found.push(`${relative(root, file)}: room "${room}" is not in the table of scripts/check-layers.mjs`);
      continue;
    }
    for (const { typeOnly, target } of imports) {
      if (target.startsWith('.')) {
        const to = relative(src, resolve(file, '..', target)).split(sep)[0];
        if (to !== room && !allowed.includes(to))
          found.push(`${relative(root, file)}: ${room} must not import ${to} (${target})`);
      } else if (!typeOnly) {
        const rooms =
          PACKAGE_ROOMS[target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0]];
        if (rooms !== undefined && !rooms.includes(room))
          found.push(`${relative(root, file)}: only ${rooms.join(', ')} may import ${target}`);
      }
    }
  }
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const found = breaches(process.cwd());
  for (const line of found) console.error(line);
  console.log(found.length === 0 ? 'layering: no breach' : `layering: ${found.length} breaches`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
