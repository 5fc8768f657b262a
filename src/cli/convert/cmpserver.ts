import { ISSUER_GROUP, type IssuerKind } from '../../api/issuer.js';
import { encodeDer } from '../../asn1/index.js';
import { type CmpServer, LEGACY_PROTECTION, STANDARD_PROTECTION } from '../../certservice/server/cmp-server.js';
import { CmpServersError, parseCmpServers } from '../../certservice/server/cmp-servers-file.js';
import { decodeCertificates, formatName, type Name, nameAttributes, namesEqual, parseName } from '../../pki/index.js';
import { RDNSequence } from '../../pki/name.js';
import { CliError, EXIT } from '../exit.js';
import { slug } from './names.js';
import { type Conversion, type ConvertedObject, metadata, secretObject } from './objects.js';
import { field, fieldItems, isTree } from './yaml.js';

export interface CmpServerOptions {
  readonly caName?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly issuerKind: IssuerKind;
  /** PEM of the trust anchors; wins over the entry's own. */
  readonly trustPem?: string;
  /** PEM of the CAs of an https server; wins over the entry's own. */
  readonly tlsCaPem?: string;
  /** The MAC that ONAP's CertService used: SHA-1 for both functions. */
  readonly legacyMac: boolean;
}

export interface CmpServersFile {
  /** For messages. */
  readonly source: string;
  readonly text: string;
  /** Reads a file that an entry names. */
  readonly readText: (path: string) => string;
}

/** Fields of an entry with a meaning; `caMode` and others are left over from old versions. */
const KNOWN_FIELDS: readonly string[] = [
  'caName',
  'url',
  'issuerDN',
  'authentication',
  'trust',
  'tls',
  'protection',
  'confirmation',
  'responseProtection',
  'acceptModifications',
  'ignoreKeyUsage',
  'limits',
];

const refused = (message: string, cause?: unknown): CliError => new CliError(message, EXIT.refused, cause);

function readServers({ source, text, readText }: CmpServersFile, legacyMac: boolean): readonly CmpServer[] {
  try {
    return parseCmpServers(text, { readText, protection: legacyMac ? LEGACY_PROTECTION : STANDARD_PROTECTION });
  } catch (error) {
    if (!(error instanceof CmpServersError)) throw error;
    throw refused(`${source}: ${error.cause instanceof Error ? error.cause.message : error.message}`, error);
  }
}

interface Picked {
  readonly server: CmpServer;
  /** The entry as it stands in the file. */
  readonly entry: unknown;
}

function pick(file: CmpServersFile, options: CmpServerOptions): Picked {
  const servers = readServers(file, options.legacyMac);
  const entries = fieldItems(JSON.parse(file.text), 'cmpv2Servers');
  const names = servers.map(({ caName }) => caName).join(', ');
  if (servers.length === 0) throw refused(`${file.source}: the list of servers is empty`);
  if (options.caName === undefined && servers.length > 1)
    throw new CliError(`${file.source} has several servers: pick one with --ca-name: ${names}`, EXIT.usage);
  const index = options.caName === undefined ? 0 : servers.findIndex(({ caName }) => caName === options.caName);
  const server = servers[index];
  if (server === undefined)
    throw refused(`${file.source}: no server is called ${options.caName ?? ''}; there is ${names}`);
  return { server, entry: entries[index] };
}

const reversed = (name: Name): Name => encodeDer(RDNSequence, [...nameAttributes(name)].reverse());

/**
 * The recipient in RFC 4514 text: the subject of the trust anchor that issuerDN means, or else the name that CertService
 * put on the wire. Its library reads the first attribute of a text as the first of the DER, RFC 4514 as the last.
 */
function recipientOf(issuerDN: string, trustPem: string | undefined): string {
  const name = parseName(issuerDN);
  const anchors = trustPem === undefined ? [] : decodeCertificates(trustPem);
  const anchor = anchors.find(({ subject }) => namesEqual(subject, name));
  return formatName(anchor?.subject ?? reversed(name));
}

/** Upper bounds of the CRD. */
const LONGEST = { concurrency: 256, connectTimeoutMs: 120_000, requestTimeoutMs: 600_000 } as const;
type Limit = keyof typeof LONGEST;

const limited = ({ limits }: CmpServer, limit: Limit): number => Math.min(limits[limit], LONGEST[limit]);

function limitWarnings(server: CmpServer, entry: unknown): string[] {
  const limits = field(entry, 'limits');
  if (!isTree(limits)) return [];
  const cut = (Object.keys(LONGEST) as Limit[]).filter((limit) => server.limits[limit] > LONGEST[limit]);
  const cutNames = cut.map((limit) => limit.replace(/Ms$/, 'Seconds'));
  return [
    ...(cut.length === 0 ? [] : [`limits: set to the most an issuer may have: ${cutNames.join(', ')}`]),
    ...(field(limits, 'enrollmentTimeoutSeconds') === undefined
      ? []
      : ['limits.enrollmentTimeoutSeconds has no counterpart: requests stay Pending until the CA has answered']),
  ];
}

/**
 * A direct issuer in place of one entry of CertService's `cmpServers.json`, and the Secret with its reference value and
 * shared secret. Possession is proved by a signature with the key of the request, as CertService did: a CA that was set
 * up for it need not accept raVerified. Throws CliError for a file that CertService would not load.
 */
export function convertCmpServer(file: CmpServersFile, options: CmpServerOptions): Conversion {
  const { server, entry } = pick(file, options);
  const cluster = options.issuerKind === 'CMPv2ClusterIssuer';
  const name = options.name ?? `cmpv2-issuer-${slug(server.caName)}`;
  const inNamespace = (object: string) => metadata(object, options.namespace);
  const credentials = `${name}-credentials`;
  const trustSecret = `${name}-trust`;
  const tlsSecret = `${name}-tls`;
  const trustPem = options.trustPem ?? server.trustPem;
  const tlsCaPem = options.tlsCaPem ?? server.tls.tlsCaPem;
  const { clientCertPem, clientKeyPem, serverName } = server.tls;
  const hasLimits = isTree(field(entry, 'limits'));

  const tls = {
    ...(tlsCaPem !== undefined && { caBundle: tlsCaPem }),
    ...(clientCertPem !== undefined && { clientCertSecretRef: { name: tlsSecret } }),
    ...(serverName !== undefined && { serverName }),
  };
  const objects: ConvertedObject[] = [
    secretObject(inNamespace(credentials), {
      reference: server.authentication.rv,
      secret: server.authentication.iak,
    }),
  ];
  if (clientCertPem !== undefined && clientKeyPem !== undefined) {
    const pair = { 'tls.crt': clientCertPem, 'tls.key': clientKeyPem };
    objects.push(secretObject(inNamespace(tlsSecret), pair, 'kubernetes.io/tls'));
  }
  objects.push({
    apiVersion: `${ISSUER_GROUP}/v1`,
    kind: options.issuerKind,
    metadata: cluster ? { name } : inNamespace(name),
    spec: {
      ...(hasLimits && { limits: { concurrency: limited(server, 'concurrency') } }),
      cmp: {
        endpoints: [{ url: server.url, ...(Object.keys(tls).length > 0 && { tls }) }],
        recipient: recipientOf(server.issuerDN, trustPem),
        enrollment: 'IR',
        proofOfPossession: 'Signature',
        confirmation: server.confirmation,
        protection: { mac: { secretRef: { name: credentials }, ...server.protection } },
        trust: trustPem === undefined ? { caSecretRef: { name: trustSecret } } : { caBundle: trustPem },
        responseProtection: server.responseProtection,
        ...(server.acceptModifications && { policy: { subject: 'Any', subjectAltNames: 'Any' } }),
        ...(hasLimits && {
          connectTimeoutSeconds: limited(server, 'connectTimeoutMs') / 1000,
          requestTimeoutSeconds: limited(server, 'requestTimeoutMs') / 1000,
        }),
      },
    },
  });
  return { objects, warnings: warningsOf(server, entry, options, trustPem === undefined ? trustSecret : undefined) };
}

function warningsOf(
  server: CmpServer,
  entry: unknown,
  { legacyMac, issuerKind, namespace }: CmpServerOptions,
  missingTrust: string | undefined,
): string[] {
  const leftOver = Object.keys(isTree(entry) ? entry : {}).filter((name) => !KNOWN_FIELDS.includes(name));
  const ownMac = field(entry, 'protection') !== undefined;
  return [
    ...(missingTrust === undefined
      ? []
      : [
          'CertService took every CA certificate in an answer for trusted, this issuer takes none: create ' +
            `Secret ${missingTrust} with the CA's root certificates in key ca.crt, or convert again with --trust FILE`,
        ]),
    ...(legacyMac
      ? ['--legacy-mac: messages are protected with SHA-1; leave it out as soon as the CA takes SHA-256']
      : ownMac
        ? []
        : [
            'ONAP protected messages with SHA-1, this issuer does with SHA-256: if the CA knows nothing else, add --legacy-mac',
          ]),
    ...(server.ignoreKeyUsage
      ? ['ignoreKeyUsage has no counterpart: the signer of answers needs digitalSignature']
      : []),
    ...limitWarnings(server, entry),
    ...(leftOver.length === 0 ? [] : [`fields without a meaning, left out: ${leftOver.join(', ')}`]),
    ...(issuerKind === 'CMPv2ClusterIssuer' && namespace === undefined
      ? [
          "the Secrets of a CMPv2ClusterIssuer belong into the controller's cluster resource namespace: apply them there, or give --namespace",
        ]
      : []),
  ];
}
