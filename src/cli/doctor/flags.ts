import { type Command, Option } from 'commander';
import type { IssuerKind } from '../../api/issuer.js';
import { addConnectionOptions, type ConnectionFlags } from '../direct/flags.js';
import { usage } from '../usage.js';
import type { KeyType } from './throw-away.js';

/** The flags as given: of those that name a CMP server, none is needed with an issuer. */
export interface DoctorFlags extends Partial<ConnectionFlags> {
  readonly issuer?: string;
  readonly namespace: string;
  readonly kind: IssuerKind;
  readonly clusterResourceNamespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly enroll: boolean;
  readonly subject: string;
  readonly keyType: KeyType;
  readonly certProfile?: string;
  readonly output: 'text' | 'json';
}

export interface IssuerFlags extends DoctorFlags {
  readonly issuer: string;
}

export function addDoctorOptions(command: Command): Command {
  command
    .option('--issuer <name>', 'the issuer to examine, read with your kubeconfig; instead of --server')
    .option('-n, --namespace <name>', 'namespace of the issuer', 'default')
    .addOption(
      new Option('--kind <kind>', 'kind of the issuer')
        .choices(['CMPv2Issuer', 'CMPv2ClusterIssuer'])
        .default('CMPv2Issuer'),
    )
    .option('--cluster-resource-namespace <name>', 'namespace of the Secrets of CMPv2ClusterIssuers', 'cert-manager')
    .option('--kubeconfig <file>', 'kubeconfig; default: KUBECONFIG, ~/.kube/config, or the service account of the pod')
    .option('--context <name>', 'context of the kubeconfig; default: its current one')
    .option('--enroll', 'besides, get one throw-away certificate; its serial number is told', false)
    .option('--subject <dn>', 'subject of the throw-away certificate', 'CN=cmpv2-issuer-doctor')
    .option('--cert-profile <name>', 'certificate profile of the CA to ask for, with --enroll and --server')
    .addOption(new Option('--key-type <type>', 'its key: P-256 or RSA-2048').choices(['ec', 'rsa']).default('ec'));
  addConnectionOptions(command);
  // Which ones are needed depends on --issuer.
  for (const option of command.options) option.makeOptionMandatory(false);
  return command;
}

const GIVEN = [
  ...['server', 'recipient', 'trusted', 'expectedSigner', 'ref', 'secretFile', 'cert', 'certKey', 'certChain'],
  ...['tlsCa', 'tlsCert', 'tlsKey', 'proxy', 'owf', 'hmac', 'iterations', 'nestedCert', 'nestedKey'],
  ...['ignoreKeyUsage', 'messageTimeTolerance', 'limit', 'certProfile'],
] as const satisfies readonly (keyof DoctorFlags)[];
const NEEDED = ['server', 'recipient', 'trusted'] as const;

const named = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const isIssuerFlags = (flags: DoctorFlags): flags is IssuerFlags => flags.issuer !== undefined;

/** Throws CliError when an issuer and a server are named. */
export function assertIssuerAlone(flags: IssuerFlags): void {
  const other = GIVEN.find((flag) => flags[flag] !== undefined);
  if (other !== undefined) throw usage(`${named(other)} comes from the issuer: give either --issuer or --server`);
}

/** Throws CliError unless everything about a server is there. */
export function connectionFlags(flags: DoctorFlags): ConnectionFlags {
  const missing = NEEDED.find((flag) => flags[flag] === undefined);
  if (missing !== undefined)
    throw usage(`give --issuer, or --server, --recipient and --trusted; ${named(missing)} is missing`);
  return flags as ConnectionFlags;
}
