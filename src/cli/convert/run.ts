import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { IssuerKind } from '../../api/issuer.js';
import type { Random } from '../../runtime/random.js';
import { readText } from '../files.js';
import type { Terminal } from '../terminal.js';
import { type BlueprintInputs, externalCertNodes, parseInputs } from './blueprint.js';
import { type CertificateOptions, type ClientOptions, convertCertServiceClients } from './certservice-client.js';
import type { Environment } from './client-environment.js';
import { type ClientSourceFlags, readClientSources } from './client-sources.js';
import { convertCmpServer } from './cmpserver.js';
import { convertBlueprint } from './dcae-blueprint.js';
import { sourceName } from './names.js';
import { writeConversion } from './output.js';
import { assertCertificates } from './trust.js';
import { parseYaml } from './yaml.js';

interface OutFlag {
  readonly out?: string;
}

export interface ClientFlags extends ClientOptions, ClientSourceFlags, OutFlag {}

export interface BlueprintFlags extends CertificateOptions, OutFlag {
  readonly component?: string;
  readonly input: Environment;
  readonly inputs?: string;
  readonly organization: string;
  readonly organizationalUnit: string;
  readonly country: string;
  readonly state: string;
  readonly location: string;
}

export interface CmpServerFlags extends OutFlag {
  readonly caName?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly issuerKind: IssuerKind;
  readonly trust?: string;
  readonly tlsCa?: string;
  readonly legacyMac: boolean;
}

export function runClient(flags: ClientFlags, random: Random, terminal: Terminal): void {
  writeConversion(convertCertServiceClients(readClientSources(flags), flags, random), flags.out, terminal);
}

export function runBlueprint(file: string, flags: BlueprintFlags, random: Random, terminal: Terminal): void {
  const [blueprint] = parseYaml(sourceName(file), readText('FILE', file));
  const inputs: BlueprintInputs = new Map([...inputsFile(flags.inputs), ...flags.input]);
  const { organization, organizationalUnit, country, state: province, location: locality } = flags;
  const subject = { organization, organizationalUnit, country, province, locality };
  const nodes = externalCertNodes(blueprint, sourceName(file), inputs);
  writeConversion(convertBlueprint(nodes, { ...flags, subject }, random), flags.out, terminal);
}

const inputsFile = (path: string | undefined): BlueprintInputs =>
  path === undefined ? new Map() : parseInputs(path, parseYaml(path, readText('--inputs', path))[0]);

export function runCmpServer(file: string, flags: CmpServerFlags, terminal: Terminal): void {
  const certificates = (option: string, path: string): string => assertCertificates(option, readText(option, path));
  // Entries may name files, relative to their own.
  const folder = file === '-' ? '.' : dirname(file);
  const conversion = convertCmpServer(
    {
      source: sourceName(file),
      text: readText('FILE', file),
      readText: (path) => readFileSync(resolve(folder, path), 'utf8'),
    },
    {
      ...flags,
      ...(flags.trust !== undefined && { trustPem: certificates('--trust', flags.trust) }),
      ...(flags.tlsCa !== undefined && { tlsCaPem: certificates('--tls-ca', flags.tlsCa) }),
    },
  );
  writeConversion(conversion, flags.out, terminal);
}
