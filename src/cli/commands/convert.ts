import { Command, InvalidArgumentError, Option } from 'commander';
import { ISSUER_GROUP, type IssuerKind } from '../../api/issuer.js';
import type { Random } from '../../runtime/random.js';
import type { Environment } from '../convert/client-environment.js';
import { collectAssignment, parseObjectName } from '../convert/names.js';
import type { BlueprintFlags, ClientFlags, CmpServerFlags } from '../convert/run.js';
import type { Terminal } from '../terminal.js';

const NOTHING: Environment = new Map();

/** `random` makes the passwords of key stores. */
export function convertCommand(terminal: Terminal, random: Random): Command {
  return new Command('convert')
    .description("Turn what ONAP's certificate parts are configured with into Kubernetes objects (YAML).")
    .addCommand(clientCommand(terminal, random))
    .addCommand(blueprintCommand(terminal, random))
    .addCommand(cmpServerCommand(terminal));
}

function clientCommand(terminal: Terminal, random: Random): Command {
  const command = new Command('certservice-client')
    .description("A cert-manager Certificate in place of a run of ONAP's CertService client (oom-certservice-client).")
    .option('--env-file <file>', "the client's variables, NAME=VALUE a line; - or nothing: standard input")
    .option(
      '--manifest <file>',
      'a Deployment, StatefulSet, Job, Pod ... whose init containers run it, in YAML or JSON',
    )
    .option('--container <name>', 'of several such init containers, only this one')
    .addOption(assignments('--env <name=value>', 'set a variable'))
    .option('--with-issuer', "also write the CMPv2Issuer that calls the client's CertService", false);
  return certificateOptions(command).action(async (flags: ClientFlags) => {
    const { runClient } = await import('../convert/run.js');
    runClient(flags, random, terminal);
  });
}

function blueprintCommand(terminal: Terminal, random: Random): Command {
  const command = new Command('dcae-blueprint')
    .description("The Certificate that DCAE's Kubernetes plugin makes of external_cert in a Cloudify blueprint.")
    .argument('<file>', 'the blueprint; - reads standard input')
    .addOption(assignments('--input <name=value>', 'set an input'))
    .option('--inputs <file>', 'a YAML file of inputs')
    .option('--component <name>', 'name of the component, in place of what the blueprint says')
    // Defaults of the plugin's configuration, group external_cert of k8splugin.json.
    .option('--organization <text>', "the plugin's organization", 'Linux-Foundation')
    .option('--organizational-unit <text>', "the plugin's organizational_unit", 'ONAP')
    .option('--country <code>', "the plugin's country", 'US')
    .option('--state <text>', "the plugin's state", 'California')
    .option('--location <text>', "the plugin's location", 'San-Francisco');
  return certificateOptions(command).action(async (file: string, flags: BlueprintFlags) => {
    const { runBlueprint } = await import('../convert/run.js');
    runBlueprint(file, flags, random, terminal);
  });
}

function cmpServerCommand(terminal: Terminal): Command {
  return new Command('cmpserver')
    .description("A direct CMPv2Issuer and its Secret in place of an entry of CertService's cmpServers.json.")
    .argument('<file>', 'cmpServers.json; - reads standard input')
    .option('--ca-name <name>', 'the entry; needed when there are several')
    .option('--trust <file>', "PEM of the CA's root certificates; default: a Secret that you create")
    .option('--tls-ca <file>', 'PEM of the CAs of an https CMP server')
    .option('--legacy-mac', 'protect messages with SHA-1, as ONAP did', false)
    .option('--name <name>', 'name of the issuer; default: cmpv2-issuer- and the name of the entry', parseObjectName)
    .addOption(issuerKind())
    .option('--namespace <name>', 'namespace of the objects; default: none, kubectl chooses', parseObjectName)
    .addOption(outOption())
    .action(async (file: string, flags: CmpServerFlags) => {
      const { runCmpServer } = await import('../convert/run.js');
      runCmpServer(file, flags, terminal);
    });
}

const assignments = (flags: string, description: string): Option =>
  new Option(flags, `${description}; may be given several times`).argParser(collectAssignment).default(NOTHING, 'none');

const issuerKind = (): Option =>
  new Option('--issuer-kind <kind>', 'kind of the issuer')
    .choices(['CMPv2Issuer', 'CMPv2ClusterIssuer'] satisfies IssuerKind[])
    .default('CMPv2Issuer' satisfies IssuerKind);

const outOption = (): Option =>
  new Option('--out <file>', 'where to write the YAML, readable by you alone; default: standard output');

/** Options of all commands that make Certificates; the issuer defaults to the one of OOM's charts. */
function certificateOptions(command: Command): Command {
  return command
    .option('--name <name>', "name of the Certificate; default: as ONAP's own parts call it", parseObjectName)
    .option('--secret-name <name>', "name of the Certificate's Secret", parseObjectName)
    .option('--namespace <name>', 'namespace of the objects; default: what the input says', parseObjectName)
    .option('--issuer-name <name>', 'name of the issuer', parseObjectName, 'cmpv2-issuer-onap')
    .addOption(issuerKind())
    .option('--issuer-group <group>', 'API group of the issuer', nonEmpty, ISSUER_GROUP)
    .option(
      '--password-secret <name>',
      'a Secret that exists, with the password of key stores in its key "password"; default: a new one, random',
      parseObjectName,
    )
    .option(
      '--certservice-usages',
      'write the key usages that CertService asked for, for issuers that ask for none',
      false,
    )
    .addOption(outOption());
}

function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('it is empty.');
  return text;
}
