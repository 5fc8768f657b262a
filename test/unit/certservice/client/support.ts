import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertServiceConfig } from '../../../../src/enrollment/certservice-config.js';
import type { EnrollmentRequest } from '../../../../src/enrollment/enroller.js';
import type { LogFields, Logger } from '../../../../src/runtime/logger.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';

export const fixture = (...path: string[]): string => readFileSync(join(packageRoot(), 'fixtures', ...path), 'utf8');

export const LIMITS: CertServiceConfig['limits'] = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  maxResponseBytes: 1_048_576,
  maxHeaderBytes: 16_384,
};

/** As ONAP's objects are, apart from TLS. */
export const config = (changes: Partial<CertServiceConfig> = {}): CertServiceConfig => ({
  url: 'https://oom-cert-service:8443',
  healthEndpoint: 'actuator/health',
  certEndpoint: 'v1/certificate',
  updateEndpoint: 'v1/certificate-update',
  caName: 'RA',
  clientCertPem: '',
  clientKeyPem: '',
  serverCaPem: '',
  caBundle: 'All',
  csr: 'Auto',
  keys: 'RSA',
  policy: { subject: 'Exact', subjectAltNames: 'AllowAdditional', usages: 'Any' },
  limits: LIMITS,
  ...changes,
});

let requests = 0;

/** A request of its own with a CSR and key of the fixtures. */
export const request = (changes: Partial<EnrollmentRequest> = {}, name = 'rsa2048'): EnrollmentRequest => ({
  id: `request-${++requests}`,
  csrPem: fixture('csr', `${name}.csr`),
  usages: ['digital signature', 'server auth'],
  isCA: false,
  durationSeconds: 7_776_000,
  privateKey: async () => createPrivateKey(fixture('csr', `${name}.key`)),
  ...changes,
});

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

/** Keeps what it is told. */
export class MemoryLogger implements Logger {
  readonly lines: LoggedLine[] = [];
  readonly debug = this.#at('debug');
  readonly info = this.#at('info');
  readonly warn = this.#at('warn');
  readonly error = this.#at('error');

  get messages(): readonly string[] {
    return this.lines.map(({ message }) => message);
  }

  child(): Logger {
    return this;
  }

  #at(level: LoggedLine['level']) {
    return (fields: LogFields, message: string): void => {
      this.lines.push({ level, fields, message });
    };
  }
}
