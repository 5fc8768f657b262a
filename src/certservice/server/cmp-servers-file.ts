import { checkEndpoint } from '../../enrollment/direct-setup.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { decodeCertificates, PkiError, parseName } from '../../pki/index.js';
import {
  Authentication,
  type CmpServer,
  type CmpServerLimits,
  type CmpServerTls,
  type LEGACY_PROTECTION,
  type STANDARD_PROTECTION,
} from './cmp-server.js';
import { ConfigurationError, JsonFields } from './json-fields.js';

/** Why the list of CMP servers could not be loaded. `message` is what ONAP's service answers; `cause` says where and why. */
export class CmpServersError extends Error {
  constructor(kind: 'loading' | 'validation', cause: unknown) {
    super(
      kind === 'loading'
        ? 'Exception occurred during CMP Servers configuration loading'
        : 'Validation of CMPv2 servers configuration failed',
      { cause },
    );
    this.name = 'CmpServersError';
  }
}

export interface CmpServersContext {
  /** Reads a text file that an entry names; relative names are relative to the folder of cmpServers.json. */
  readonly readText: (path: string) => string;
  /** What `protection` is where an entry says nothing. */
  readonly protection: typeof STANDARD_PROTECTION | typeof LEGACY_PROTECTION;
}

/**
 * Reads the text of `cmpServers.json`: ONAP's format, with https URLs allowed and further optional fields in an entry.
 * Names unknown at the top and in `authentication` are errors, unknown ones in an entry are not, as in ONAP, so that one
 * file serves both. Throws CmpServersError.
 */
export function parseCmpServers(text: string, context: CmpServersContext): readonly CmpServer[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser quotes what it could not read, which may be a secret.
    throw new CmpServersError('loading', new ConfigurationError('cmpServers.json', 'it is not valid JSON'));
  }
  let entries: readonly unknown[];
  let authentications: readonly (JsonFields | undefined)[];
  try {
    entries = new JsonFields('cmpServers.json', parsed).only('cmpv2Servers').list('cmpv2Servers');
    authentications = entries.map((entry, index) =>
      new JsonFields(entryPath(index), entry).object('authentication')?.only('iak', 'rv'),
    );
  } catch (error) {
    throw new CmpServersError('loading', error);
  }
  try {
    const servers = entries.map((entry, index) =>
      readServer(new JsonFields(entryPath(index), entry), authentications[index], context),
    );
    assertUnique(servers);
    return servers;
  } catch (error) {
    throw new CmpServersError('validation', error);
  }
}

const entryPath = (index: number): string => `cmpv2Servers[${index}]`;

function assertUnique(servers: readonly CmpServer[]): void {
  const seen = new Set<string>();
  for (const [index, { caName }] of servers.entries()) {
    if (seen.has(caName)) throw new ConfigurationError(`${entryPath(index)}.caName`, 'another entry has the same one');
    seen.add(caName);
  }
}

function readServer(entry: JsonFields, authentication: JsonFields | undefined, context: CmpServersContext): CmpServer {
  const caName = entry.text('caName', 128);
  const url = readUrl(entry);
  const issuerDN = entry.text('issuerDN', 4096);
  named(entry.at('issuerDN'), () => parseName(issuerDN));
  if (authentication === undefined) throw new ConfigurationError(entry.at('authentication'), 'it is missing');
  const trustPem = pemText(entry, 'trust', context);
  if (trustPem !== undefined) named(entry.at('trust'), () => decodeCertificates(trustPem));
  const tls = readTls(entry, context);
  named(entry.at('tls'), () => checkEndpoint({ url, ...tls }, entry.path));
  return {
    caName,
    url,
    issuerDN,
    authentication: new Authentication(authentication.text('iak', 256), authentication.text('rv', 256)),
    ...(trustPem === undefined ? {} : { trustPem }),
    tls,
    protection: readProtection(entry, context),
    confirmation: entry.choice('confirmation', ['Implicit', 'Explicit'], 'Implicit'),
    responseProtection: entry.choice('responseProtection', ['AllowSignature', 'Strict'], 'AllowSignature'),
    acceptModifications: entry.flag('acceptModifications', false),
    ignoreKeyUsage: entry.flag('ignoreKeyUsage', false),
    limits: readLimits(entry),
  };
}

function readUrl(entry: JsonFields): string {
  const url = entry.text('url', 2048);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) throw new ConfigurationError(entry.at('url'), 'it is no URL, or its port is above 65535');
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new ConfigurationError(entry.at('url'), 'its scheme must be http or https');
  }
  if (parsed.port === '0') throw new ConfigurationError(entry.at('url'), 'its port must be from 1 to 65535');
  return url;
}

/** Runs `check` and names the field if that fails. */
function named(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (error instanceof PkiError) throw new ConfigurationError(field, error.message, error);
    if (error instanceof EnrollmentError) throw new ConfigurationError(field, error.message, error);
    throw error;
  }
}

/** `{"pem": "..."}` or `{"file": "..."}`. */
function pemText(parent: JsonFields, name: string, { readText }: CmpServersContext): string | undefined {
  const source = parent.object(name)?.only('pem', 'file');
  if (source === undefined) return undefined;
  const pem = source.textIfAny('pem', 1_000_000);
  const file = source.textIfAny('file', 4096);
  if ((pem === undefined) === (file === undefined)) {
    throw new ConfigurationError(source.path, 'give either pem or file');
  }
  if (file === undefined) return pem;
  try {
    return readText(file);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
    throw new ConfigurationError(source.at('file'), `${file} cannot be read: ${reason}`, error);
  }
}

function readTls(entry: JsonFields, context: CmpServersContext): CmpServerTls {
  const tls = entry.object('tls')?.only('ca', 'clientCertificate', 'clientKey', 'serverName');
  if (tls === undefined) return {};
  const tlsCaPem = pemText(tls, 'ca', context);
  const clientCertPem = pemText(tls, 'clientCertificate', context);
  const clientKeyPem = pemText(tls, 'clientKey', context);
  const serverName = tls.textIfAny('serverName', 253);
  return {
    ...(tlsCaPem === undefined ? {} : { tlsCaPem }),
    ...(clientCertPem === undefined ? {} : { clientCertPem }),
    ...(clientKeyPem === undefined ? {} : { clientKeyPem }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

const OWFS = ['SHA1', 'SHA256', 'SHA384', 'SHA512'] as const;
const MACS = ['HMAC-SHA1', 'HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512'] as const;

function readProtection(entry: JsonFields, { protection }: CmpServersContext): CmpServer['protection'] {
  const fields = entry.object('protection')?.only('owf', 'mac', 'iterations');
  if (fields === undefined) return protection;
  return {
    owf: fields.choice('owf', OWFS, protection.owf),
    mac: fields.choice('mac', MACS, protection.mac),
    iterations: fields.integer('iterations', 100, 100_000, protection.iterations),
  };
}

function readLimits(entry: JsonFields): CmpServerLimits {
  const limits = new JsonFields(entry.at('limits'), entry.value('limits') ?? {}).only(
    'concurrency',
    'connectTimeoutSeconds',
    'requestTimeoutSeconds',
    'enrollmentTimeoutSeconds',
  );
  return {
    concurrency: limits.integer('concurrency', 1, 1024, 32),
    connectTimeoutMs: limits.integer('connectTimeoutSeconds', 1, 600, 5) * 1000,
    requestTimeoutMs: limits.integer('requestTimeoutSeconds', 1, 3600, 20) * 1000,
    enrollmentTimeoutMs: limits.integer('enrollmentTimeoutSeconds', 1, 86_400, 60) * 1000,
  };
}
