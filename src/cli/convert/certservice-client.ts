import type { IssuerKind } from '../../api/issuer.js';
import type { Random } from '../../runtime/random.js';
import { CliError, EXIT } from '../exit.js';
import { certServiceIssuer, certServiceIssuerWarnings } from './certservice-issuer.js';
import {
  CLIENT_VARIABLES,
  type ClientSettings,
  clientSettings,
  type Environment,
  KEYSTORE_VARIABLES,
} from './client-environment.js';
import type { VolumeReader } from './manifest.js';
import { slug } from './names.js';
import { type Conversion, type ConvertedObject, certificateObjects, volumeItems } from './objects.js';

/** Choices of the person who converts; the same for every Certificate of a run. */
export interface CertificateOptions {
  readonly name?: string;
  readonly secretName?: string;
  readonly namespace?: string;
  readonly issuerName: string;
  readonly issuerKind: IssuerKind;
  readonly issuerGroup: string;
  readonly passwordSecret?: string;
  readonly certserviceUsages: boolean;
}

export interface ClientOptions extends CertificateOptions {
  /** Also write the CMPv2Issuer that calls the client's CertService. */
  readonly withIssuer: boolean;
}

/** The environment of one CertService client and where it was found. */
export interface ClientSource {
  /** For messages: `client.env`, or `Deployment sdnc, init container certs-init-0`. */
  readonly label: string;
  readonly environment: Environment;
  readonly namespace: string | undefined;
  /** What ONAP's own parts call things after; absent: the common name. */
  readonly base?: { readonly name: string; readonly index?: number };
  /** The init container that is needed no more. */
  readonly initContainer?: string;
  readonly readers: readonly VolumeReader[];
  /** Variables may be missing because whole Secrets or ConfigMaps were taken in (envFrom). */
  readonly incomplete: boolean;
}

interface Names {
  readonly certificate: string;
  readonly secret: string;
  readonly password: string;
}

/** As OOM's certManagerCertificate template has them, or as the DCAE plugin had them. */
function namesOf(source: ClientSource, { commonName }: ClientSettings, options: CertificateOptions): Names {
  const base = slug(source.base?.name ?? commonName);
  const index = source.base?.index;
  const end = index === undefined ? '' : `-${index}`;
  const certificate = options.name ?? `${base}-cert${end}`;
  return { certificate, secret: options.secretName ?? `${base}-secret${end}`, password: `${certificate}-password` };
}

function mountAdvice(source: ClientSource, settings: ClientSettings, { secret, password }: Names): string {
  const places = source.readers.map(({ container, path }) => `${path} of container ${container}`);
  const where = places.length === 0 ? 'where the application reads it' : `at ${places.join(' and ')}`;
  const items = volumeItems(settings.outputType, secret, password);
  return `OUTPUT_PATH=${settings.outputPath}: no init container writes files any more. Mount ${items} ${where}`;
}

function warningsOf(source: ClientSource, settings: ClientSettings, names: Names, options: ClientOptions): string[] {
  const { environment } = source;
  const { requestUrl, caName, sans } = settings;
  const timeout = environment.get('REQUEST_TIMEOUT');
  const keystores = KEYSTORE_VARIABLES.filter((name) => environment.has(name));
  const foreign = [...environment.keys()].filter((name) => !CLIENT_VARIABLES.has(name));
  const issuer = `${options.issuerKind} ${options.issuerName}`;
  return [
    ...(sans.oldDelimiter === undefined
      ? []
      : [`SANS is separated by "${sans.oldDelimiter}", as in old documentation: read as ${sansText(settings)}`]),
    ...(options.withIssuer
      ? certServiceIssuerWarnings(requestUrl)
      : [
          `CA_NAME=${caName} and REQUEST_URL=${requestUrl} are the issuer's business: make sure that ${issuer} uses that CA`,
        ]),
    ...(timeout ? [`REQUEST_TIMEOUT=${timeout} has no counterpart: the issuer has time limits of its own`] : []),
    mountAdvice(source, settings, names),
    ...(keystores.length === 0
      ? []
      : [`${keystores.join(', ')}: the TLS client identity is the issuer's (spec.certSecretRef), in PEM`]),
    ...(foreign.length === 0 ? [] : [`not variables of the CertService client, left out: ${foreign.join(', ')}`]),
    ...(source.initContainer === undefined ? [] : [`remove init container ${source.initContainer}: nothing needs it`]),
  ];
}

const sansText = ({ sans }: ClientSettings): string =>
  [...sans.emailAddresses, ...sans.ipAddresses, ...sans.dnsNames, ...sans.uris].join(',');

function convertOne(source: ClientSource, options: ClientOptions, random: Random): Conversion {
  const result = clientSettings(source.environment);
  if (!result.ok) {
    throw new CliError(
      `${source.label}: the CertService client would not start like this:\n  ${result.problems.join('\n  ')}${
        source.incomplete ? '\n  (envFrom is not followed: give its variables with --env NAME=VALUE)' : ''
      }`,
      EXIT.refused,
    );
  }
  const { settings } = result;
  const names = namesOf(source, settings, options);
  const namespace = options.namespace ?? source.namespace;
  const issuer: ConvertedObject[] = options.withIssuer
    ? [certServiceIssuer({ name: options.issuerName, namespace, ...settings })]
    : [];
  const objects = certificateObjects(
    {
      ...settings,
      name: names.certificate,
      namespace,
      secretName: names.secret,
      issuerRef: { group: options.issuerGroup, kind: options.issuerKind, name: options.issuerName },
      passwordSecret: options.passwordSecret,
      newPasswordSecret: names.password,
      certserviceUsages: options.certserviceUsages,
    },
    random,
  );
  const effective = { ...names, password: options.passwordSecret ?? names.password };
  return { objects: [...issuer, ...objects], warnings: warningsOf(source, settings, effective, options) };
}

/** Drops objects that are there already; the same name for two different ones is an error. */
function unique(objects: readonly ConvertedObject[]): ConvertedObject[] {
  const found = new Map<string, ConvertedObject>();
  for (const object of objects) {
    const { kind, metadata } = object;
    const id = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    const before = found.get(id);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(object)) {
      throw new CliError(
        `two different objects would be called ${kind} ${metadata.name}: convert one at a time with --container, and give each its names`,
        EXIT.refused,
      );
    }
    found.set(id, object);
  }
  return [...found.values()];
}

/**
 * Certificates in place of runs of ONAP's CertService client (`oom-certservice-client`), one for each source.
 * Throws CliError `refused` with everything that the client itself would have refused.
 */
export function convertCertServiceClients(
  sources: readonly ClientSource[],
  options: ClientOptions,
  random: Random,
): Conversion {
  if (options.withIssuer && options.issuerKind !== 'CMPv2Issuer')
    throw new CliError('--with-issuer writes a CMPv2Issuer: leave --issuer-kind out', EXIT.usage);
  if (sources.length > 1 && (options.name !== undefined || options.secretName !== undefined)) {
    const labels = sources.map(({ label }) => label).join('; ');
    throw new CliError(
      `--name and --secret-name are for one certificate; pick one with --container: ${labels}`,
      EXIT.usage,
    );
  }
  const conversions = sources.map((source) => convertOne(source, options, random));
  const several = sources.length > 1;
  return {
    objects: unique(conversions.flatMap(({ objects }) => objects)),
    warnings: conversions.flatMap(({ warnings }, index) =>
      warnings.map((warning) => (several ? `${sources[index]?.label ?? ''}: ${warning}` : warning)),
    ),
  };
}
