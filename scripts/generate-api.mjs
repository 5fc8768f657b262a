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
  transactions: 'crds/certmanager.onap.org_cmpv2transactions.yaml',
  issuedCertificates: 'crds/certmanager.onap.org_cmpv2issuedcertificates.yaml',
};

const banner = (crd) => `/* Generated from ${crd} by "npm run api:generate". Do not edit. */`;

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

const OPTIONS = {
  bannerComment: '',
  additionalProperties: false,
  style: { singleQuote: true, semi: true, printWidth: 120, trailingComma: 'all' },
};

/** The text of a generated file with these types. */
async function typesOf(crd, schemas) {
  const parts = [];
  for (const [name, schema] of Object.entries(schemas)) parts.push(await compile(toJsonSchema(schema), name, OPTIONS));
  return `${[banner(crd), ...parts.map((part) => part.trim())].join('\n\n')}\n`;
}

/** What each generated file must hold, by its path. Throws when the CRDs of both issuers do not agree. */
export async function generate(root) {
  const read = async (file) =>
    parse(await readFile(join(root, file), 'utf8')).spec.versions[0].schema.openAPIV3Schema.properties;
  const [namespaced, cluster, transaction, issuedCertificate] = await Promise.all(Object.values(CRDS).map(read));
  for (const field of ['spec', 'status'])
    if (!isDeepStrictEqual(namespaced[field], cluster[field]))
      throw new Error(`${field} differs between ${CRDS.namespaced} and ${CRDS.cluster}: make them equal`);
  return {
    'src/api/generated/issuer-schema.ts': await typesOf(CRDS.namespaced, {
      IssuerSpec: namespaced.spec,
      IssuerStatus: namespaced.status,
    }),
    'src/api/generated/transaction-schema.ts': await typesOf(CRDS.transactions, { TransactionSpec: transaction.spec }),
    'src/api/generated/issued-certificate-schema.ts': await typesOf(CRDS.issuedCertificates, {
      IssuedCertificateSpec: issuedCertificate.spec,
    }),
  };
}

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, '..');
  for (const [path, wanted] of Object.entries(await generate(root))) {
    const file = join(root, path);
    if (!process.argv.includes('--check')) await writeFile(file, wanted);
    else if ((await readFile(file, 'utf8').catch(() => '')) !== wanted) {
      console.error(`${path} does not match crds/: run "npm run api:generate" and commit the result`);
      process.exitCode = 1;
    }
  }
}
