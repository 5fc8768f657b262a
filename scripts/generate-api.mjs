// Generates src/api/generated/ from crds/, the source of truth of our API. With --check it writes nothing and fails
// when the generated file, or one CRD against the other, has drifted.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { compile } from 'json-schema-to-typescript';
import { parse } from 'yaml';

const CRDS = {
  namespaced: 'crds/certmanager.onap.org_cmpv2issuers.yaml',
  cluster: 'crds/certmanager.onap.org_cmpv2clusterissuers.yaml',
};
export const TARGET = 'src/api/generated/issuer-schema.ts';

const BANNER = `/* Generated from ${CRDS.namespaced} by "npm run api:generate". Do not edit. */`;

/**
 * The JSON schema of an object as the API server returns it: a field with a default is always there
 * (defaults are applied on read too), and what Kubernetes adds to JSON schema is left out.
 */
function toJsonSchema(node) {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (node === null || typeof node !== 'object') return node;
  const schema = {};
  for (const [key, value] of Object.entries(node)) {
    // "properties" maps names to schemas: a field may well be called like a keyword of the schema language.
    if (key === 'properties')
      schema.properties = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJsonSchema(field)]));
    else if (key === 'minItems' || key === 'maxItems' || key === 'default' || key.startsWith('x-kubernetes-')) continue;
    else schema[key] = toJsonSchema(value);
  }
  if (node.type === 'object' && node.properties !== undefined) {
    const withDefault = Object.keys(node.properties).filter((name) => 'default' in node.properties[name]);
    schema.required = [...new Set([...(node.required ?? []), ...withDefault])];
    schema.additionalProperties = false;
  }
  return schema;
}

const schemaOf = (crd) => crd.spec.versions[0].schema.openAPIV3Schema.properties;

/** What the generated file must hold. Throws when the two CRDs do not agree. */
export async function generate(root) {
  const [namespaced, cluster] = await Promise.all(
    [CRDS.namespaced, CRDS.cluster].map(async (file) => schemaOf(parse(await readFile(join(root, file), 'utf8')))),
  );
  for (const field of ['spec', 'status'])
    if (!isDeepStrictEqual(namespaced[field], cluster[field]))
      throw new Error(`${field} differs between ${CRDS.namespaced} and ${CRDS.cluster}: make them equal`);

  const options = {
    bannerComment: '',
    additionalProperties: false,
    style: { singleQuote: true, semi: true, printWidth: 120, trailingComma: 'all' },
  };
  const parts = [
    await compile(toJsonSchema(namespaced.spec), 'IssuerSpec', options),
    await compile(toJsonSchema(namespaced.status), 'IssuerStatus', options),
  ];
  return `${BANNER}\n\n${parts.map((part) => part.trim()).join('\n\n')}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, '..');
  const wanted = await generate(root);
  if (process.argv.includes('--check')) {
    const found = await readFile(join(root, TARGET), 'utf8').catch(() => '');
    if (found !== wanted) {
      console.error(`${TARGET} does not match crds/: run "npm run api:generate" and commit the result`);
      process.exitCode = 1;
    }
  } else await writeFile(join(root, TARGET), wanted);
}
