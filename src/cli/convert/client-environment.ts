import { isIP } from 'node:net';
import { isCountry } from './countries.js';
import { OUTPUT_TYPES, type OutputType, type SubjectValues } from './objects.js';
import { type ParsedSans, parseSans } from './sans.js';

/** Environment variables by name. */
export type Environment = ReadonlyMap<string, string>;

/** What the environment of ONAP's CertService client asks for. */
export interface ClientSettings {
  readonly requestUrl: string;
  readonly caName: string;
  readonly outputPath: string;
  readonly outputType: OutputType;
  readonly commonName: string;
  readonly subject: SubjectValues;
  readonly sans: ParsedSans;
}

/** Settings, or everything that is wrong with them, one line each. */
export type ClientSettingsResult =
  | { readonly ok: true; readonly settings: ClientSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

const DEFAULT_REQUEST_URL = 'https://oom-cert-service:8443/v1/certificate/';

/** Those of its TLS client identity, as Java key stores. */
export const KEYSTORE_VARIABLES = ['KEYSTORE_PATH', 'KEYSTORE_PASSWORD', 'TRUSTSTORE_PATH', 'TRUSTSTORE_PASSWORD'];

/** Everything the client reads. */
export const CLIENT_VARIABLES: ReadonlySet<string> = new Set([
  'REQUEST_URL',
  'REQUEST_TIMEOUT',
  'OUTPUT_PATH',
  'CA_NAME',
  'OUTPUT_TYPE',
  'COMMON_NAME',
  'ORGANIZATION',
  'STATE',
  'COUNTRY',
  'ORGANIZATION_UNIT',
  'LOCATION',
  'SANS',
  ...KEYSTORE_VARIABLES,
]);

const SPECIAL = /[~#@*$+%!()?/{}<>|_^]/;
const OUTPUT_PATH = /^\/$|^(?:\/[A-Za-z0-9_-]+)+\/?$/;
const CA_NAME = /^[A-Za-z0-9_.~-]{1,128}$/;

const isOutputType = (text: string): text is OutputType => OUTPUT_TYPES.some((type) => type === text);

/** Why this cannot be a common name, or undefined. */
function commonNameObjection(name: string): string | undefined {
  if (/^https?:\/\//.test(name)) return `"${name}" is a URL: give the host name alone`;
  const special = SPECIAL.exec(name);
  if (special !== null) return `"${name}" must not contain "${special[0]}"`;
  if (isIP(name.replace(/:\d+$/, '')) === 4) return `"${name}" is an IP address: put it into SANS, and a name here`;
  if (/:\d+$/.test(name)) return `"${name}" must not end with a port`;
  // The limit of cert-manager's webhook and of X.520 (ub-common-name).
  return name.length > 64 ? `"${name}" is longer than 64 characters` : undefined;
}

/**
 * Checks the variables by the client's own rules. Empty ones count as absent. The key stores that the client needs for
 * TLS may be missing: they say nothing about the certificate.
 */
export function clientSettings(environment: Environment): ClientSettingsResult {
  const problems: string[] = [];
  const value = (name: string): string | undefined => environment.get(name) || undefined;
  const required = (name: string): string => {
    const found = value(name);
    if (found === undefined) problems.push(`${name} is missing`);
    return found ?? '';
  };
  const check = (name: string, objection: (text: string) => string | undefined): void => {
    const text = value(name);
    const found = text === undefined ? undefined : objection(text);
    if (found !== undefined) problems.push(`${name}: ${found}`);
  };

  const outputType = value('OUTPUT_TYPE') ?? 'P12';
  const sans = parseSans(value('SANS') ?? '');
  const settings = {
    requestUrl: value('REQUEST_URL') ?? DEFAULT_REQUEST_URL,
    caName: required('CA_NAME'),
    outputPath: required('OUTPUT_PATH'),
    commonName: required('COMMON_NAME'),
    subject: subjectValues({
      organization: required('ORGANIZATION'),
      organizationalUnit: value('ORGANIZATION_UNIT'),
      country: required('COUNTRY'),
      province: required('STATE'),
      locality: value('LOCATION'),
    }),
    sans,
  };

  check('REQUEST_URL', (url) => (URL.canParse(url) ? undefined : `"${url}" is no URL`));
  check('REQUEST_TIMEOUT', (time) =>
    /^[+-]?\d+$/.test(time) ? undefined : `"${time}" is not a whole number of milliseconds`,
  );
  check('OUTPUT_PATH', (path) =>
    OUTPUT_PATH.test(path) ? undefined : `"${path}" is not an absolute path of letters, digits, "_" and "-"`,
  );
  check('CA_NAME', (name) =>
    CA_NAME.test(name) ? undefined : `"${name}" is not 1 to 128 letters, digits, "_", ".", "~" and "-"`,
  );
  check('OUTPUT_TYPE', (type) => (isOutputType(type) ? undefined : `"${type}" is not one of P12, JKS and PEM`));
  check('COMMON_NAME', commonNameObjection);
  check('ORGANIZATION', (name) => {
    const special = SPECIAL.exec(name);
    return special === null ? undefined : `"${name}" must not contain "${special[0]}"`;
  });
  check('COUNTRY', (code) =>
    isCountry(code) ? undefined : `"${code}" is not a country code of ISO 3166 (two capitals, for example US)`,
  );
  for (const entry of sans.unmatched)
    problems.push(`SANS: "${entry}" is no email address, IP address, domain name or URI`);

  if (problems.length > 0 || !isOutputType(outputType)) return { ok: false, problems };
  return { ok: true, settings: { ...settings, outputType } };
}

/** The same without what is undefined. */
function subjectValues(values: { readonly [Field in keyof SubjectValues]: string | undefined }): SubjectValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;
const QUOTED = /^(["'])(.*)\1$/;

/**
 * Reads `NAME=VALUE` lines, as in a file for `docker run --env-file` or as printed by `env`: blank lines and lines that
 * begin with `#` do not count, quotation marks around a value are dropped. Gives the number of the first line that is
 * nothing of the kind.
 */
export function parseEnvironment(text: string): Environment | { readonly badLine: number } {
  const found = new Map<string, string>();
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value = ''] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined) return { badLine: index + 1 };
    found.set(name, QUOTED.exec(value)?.[2] ?? value);
  }
  return found;
}
