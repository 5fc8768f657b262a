import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../../src/api/meta.js';
import { type ApiServer, startApiServer } from '../../../../src/sandbox/index.js';
import { GOLDEN_CASES } from './golden-cases.js';
import { fixturePath, runConvert } from './run-convert.js';

const golden = (name: string, extension: string): string => readFileSync(fixturePath(`@${name}.${extension}`), 'utf8');

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ scheme: 'http' });
});
afterAll(() => server.close());

const texts = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } };
const name = { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$' };
const strict = (properties: object, required: string[]) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const keystore = strict(
  {
    create: { const: true },
    passwordSecretRef: strict({ name, key: { const: 'password' } }, ['name', 'key']),
  },
  ['create', 'passwordSecretRef'],
);
/** The fields of cert-manager.io/v1 that ONAP's parts set, and no others. */
const isCertificate = new Ajv().compile(
  strict(
    {
      apiVersion: { const: 'cert-manager.io/v1' },
      kind: { const: 'Certificate' },
      metadata: strict({ name, namespace: name }, ['name']),
      spec: strict(
        {
          secretName: name,
          commonName: { type: 'string', minLength: 1, maxLength: 64 },
          subject: strict(
            {
              organizations: texts,
              organizationalUnits: texts,
              countries: texts,
              provinces: texts,
              localities: texts,
            },
            [],
          ),
          dnsNames: texts,
          ipAddresses: texts,
          uris: texts,
          emailAddresses: texts,
          usages: texts,
          issuerRef: strict({ group: { const: 'certmanager.onap.org' }, kind: { type: 'string' }, name }, [
            'group',
            'kind',
            'name',
          ]),
          keystores: strict({ jks: keystore, pkcs12: keystore }, []),
        },
        ['secretName', 'commonName', 'issuerRef'],
      ),
    },
    ['apiVersion', 'kind', 'metadata', 'spec'],
  ),
);

describe.each(GOLDEN_CASES)('$golden', ({ golden: file, args }) => {
  it('prints the objects and warnings that its files hold', async () => {
    const { error, stdout, stderr } = await runConvert(...args);
    expect(error).toBeUndefined();
    expect(stdout).toBe(golden(file, 'yaml'));
    expect(stderr).toBe(golden(file, 'warnings'));
  });

  it('makes objects that an API server takes', () => {
    for (const document of parseAllDocuments(golden(file, 'yaml'))) {
      const object = document.toJS() as KubeObject;
      if (object.kind === 'Certificate') {
        isCertificate(object);
        expect(isCertificate.errors ?? []).toEqual([]);
      } else {
        // Where kubectl would put it; each case a namespace of its own.
        const namespace = object.kind === 'CMPv2ClusterIssuer' ? {} : { namespace: file.replace('/', '-') };
        server.objects.create({ ...object, metadata: { ...object.metadata, ...namespace } });
      }
    }
  });
});
