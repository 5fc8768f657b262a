import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import {
  type CertServiceSpec,
  certServiceConfig,
  isCertServiceSpec,
} from '../../../src/controller/certservice-config.js';
import { IssuerSecrets } from '../../../src/controller/issuer-secrets.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { cmpSpec } from './objects.js';

const spec: CertServiceSpec = {
  caBundle: 'All',
  limits: {},
  url: 'https://oom-cert-service:8443',
  healthEndpoint: 'actuator/health',
  certEndpoint: 'v1/certificate',
  caName: 'RA',
  certSecretRef: { name: 'tls', keyRef: 'a key', certRef: 'a certificate', cacertRef: 'a CA' },
};
const data = Object.fromEntries(
  ['a key', 'a certificate', 'a CA'].map((key) => [key, Buffer.from(`PEM of ${key}`).toString('base64')]),
);
const secrets = new IssuerSecrets(
  'onap',
  new Map([['tls', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: 'onap' }, data }]]),
);
const policy = { subject: 'Exact', subjectAltNames: 'AllowAdditional', usages: 'Any' };

describe('certServiceConfig', () => {
  it('takes what ONAP’s object says, and defaults for the rest', () => {
    const { certSecretRef: _names, limits: _none, ...same } = spec;
    expect(certServiceConfig(spec, secrets)).toEqual({
      ...same,
      clientKeyPem: 'PEM of a key',
      clientCertPem: 'PEM of a certificate',
      serverCaPem: 'PEM of a CA',
      csr: 'Auto',
      keys: 'RSA',
      policy,
      limits: {
        connectTimeoutMs: 10_000,
        requestTimeoutMs: 60_000,
        maxResponseBytes: 1_048_576,
        maxHeaderBytes: 16_384,
      },
    });
  });

  it('lets each setting be chosen', () => {
    const certService = {
      csr: 'AsIs',
      keys: 'Any',
      policy: { subject: 'Any' },
      connectTimeoutSeconds: 1,
      requestTimeoutSeconds: 2,
      maxResponseBytes: 4096,
      maxHeaderBytes: 8192,
    } as const;
    expect(certServiceConfig({ ...spec, updateEndpoint: 'v1/u', certService }, secrets)).toMatchObject({
      updateEndpoint: 'v1/u',
      csr: 'AsIs',
      keys: 'Any',
      policy: { ...policy, subject: 'Any' },
      limits: { connectTimeoutMs: 1_000, requestTimeoutMs: 2_000, maxResponseBytes: 4096, maxHeaderBytes: 8192 },
    });
  });

  it('has the defaults that the CRD tells of', () => {
    const crd = parse(readFileSync(join(packageRoot(), 'crds', 'certmanager.onap.org_cmpv2issuers.yaml'), 'utf8'));
    const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.certService;
    const told = (fields: Record<string, { description: string }>, name: string) =>
      /Absent:\s+([^,.]+)/.exec(fields[name]?.description ?? '')?.[1];
    const { csr, keys, limits } = certServiceConfig(spec, secrets);
    expect({
      csr: told(properties, 'csr'),
      keys: told(properties, 'keys'),
      connectTimeoutMs: Number(told(properties, 'connectTimeoutSeconds')) * 1000,
      requestTimeoutMs: Number(told(properties, 'requestTimeoutSeconds')) * 1000,
      maxResponseBytes: Number(told(properties, 'maxResponseBytes')),
      maxHeaderBytes: Number(told(properties, 'maxHeaderBytes')),
    }).toEqual({ csr, keys, ...limits });
    expect(
      Object.fromEntries(Object.keys(policy).map((name) => [name, told(properties.policy.properties, name)])),
    ).toEqual(policy);
  });
});

it('tells one backend from the other', () => {
  expect(isCertServiceSpec(spec)).toBe(true);
  expect(isCertServiceSpec({ caBundle: 'All', limits: {}, cmp: cmpSpec() })).toBe(false);
});
