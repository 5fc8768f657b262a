import type { Random } from '../../runtime/random.js';
import { CliError, EXIT } from '../exit.js';
import type { BlueprintNode } from './blueprint.js';
import type { CertificateOptions } from './certservice-client.js';
import { isCountry } from './countries.js';
import { slug } from './names.js';
import {
  type Conversion,
  certificateObjects,
  OUTPUT_TYPES,
  type OutputType,
  type SubjectValues,
  volumeItems,
} from './objects.js';
import { parseSans } from './sans.js';

export interface BlueprintOptions extends CertificateOptions {
  /** Name of the component, in place of what the blueprint says. */
  readonly component?: string;
  /** The plugin's configuration, the same for every component. */
  readonly subject: SubjectValues;
}

const refused = (message: string): CliError => new CliError(message, EXIT.refused);

interface Component {
  readonly name: string;
  readonly warnings: readonly string[];
}

/** What the plugin calls a component: the override, the name of a platform component, or a random one by its type. */
function componentOf(node: BlueprintNode, options: BlueprintOptions): Component {
  const known = options.component ?? node.text('service_component_name_override') ?? node.text('name');
  if (known !== undefined) return { name: known, warnings: [] };
  const name = node.text('service_component_type') ?? node.name;
  return {
    name,
    warnings: [
      `the plugin would have put a random prefix in front of the component's name: called "${name}" here (--component changes it)`,
    ],
  };
}

function certType(node: BlueprintNode): OutputType {
  const text = node.text('external_cert', 'cert_type') ?? 'P12';
  const type = OUTPUT_TYPES.find((known) => known === text);
  if (type === undefined) throw refused(`node ${node.name}: external_cert.cert_type is "${text}", not P12, JKS or PEM`);
  return type;
}

function required(node: BlueprintNode, ...path: readonly string[]): string {
  const found = node.text('external_cert', ...path);
  if (found === undefined) {
    throw refused(
      `node ${node.name}: external_cert.${path.join('.')} is missing or empty; needed are external_cert_directory, ca_name and external_certificate_parameters.common_name`,
    );
  }
  return found;
}

function convertNode(node: BlueprintNode, options: BlueprintOptions, random: Random): Conversion {
  const directory = required(node, 'external_cert_directory');
  const caName = required(node, 'ca_name');
  const commonName = required(node, 'external_certificate_parameters', 'common_name');
  const sans = parseSans(node.text('external_cert', 'external_certificate_parameters', 'sans') ?? '');
  const outputType = certType(node);
  const component = componentOf(node, options);
  const base = slug(component.name);
  const name = options.name ?? `${base}-cert`;
  const secretName = options.secretName ?? `${base}-secret`;
  const newPasswordSecret = `${name}-password`;

  const mount = volumeItems(outputType, secretName, options.passwordSecret ?? newPasswordSecret);
  const delimiter = sans.oldDelimiter;
  return {
    objects: certificateObjects(
      {
        name,
        namespace: options.namespace,
        secretName,
        commonName,
        subject: options.subject,
        sans,
        outputType,
        issuerRef: { group: options.issuerGroup, kind: options.issuerKind, name: options.issuerName },
        passwordSecret: options.passwordSecret,
        newPasswordSecret,
        certserviceUsages: options.certserviceUsages,
      },
      random,
    ),
    warnings: [
      ...component.warnings,
      ...(delimiter === undefined
        ? []
        : [`sans is separated by "${delimiter}", as in old documentation: read as a list`]),
      ...sans.unmatched.map(
        (entry) => `sans: "${entry}" is no email address, IP address, domain name or URI; left out, as the plugin did`,
      ),
      `ca_name ${caName} is the issuer's business: make sure that ${options.issuerKind} ${options.issuerName} uses that CA`,
      `external_cert_directory: mount ${mount} at ${directory.replace(/\/*$/, '/')}external/`,
    ],
  };
}

/**
 * The Certificates (and password Secrets) that the DCAE plugin for Kubernetes makes of these nodes when its
 * `cmpv2_issuer.enabled` is set. Throws CliError `refused` where the plugin would have refused, and when nothing is left.
 */
export function convertBlueprint(
  nodes: readonly BlueprintNode[],
  options: BlueprintOptions,
  random: Random,
): Conversion {
  const { country } = options.subject;
  if (country !== undefined && !isCountry(country))
    throw new CliError(`--country: "${country}" is not a country code of ISO 3166, for example US`, EXIT.usage);
  if (nodes.length === 0) throw refused('no node of the blueprint has a property external_cert');
  const used = nodes.filter((node) => node.flag('external_cert', 'use_external_tls'));
  const unused = nodes.filter((node) => !used.includes(node));
  if (used.length === 0) {
    throw refused(
      `use_external_tls is false for ${unused.map(({ name }) => name).join(', ')}: the plugin would have made no certificate; ` +
        'set the input behind it with --input NAME=true',
    );
  }
  if (used.length > 1 && [options.name, options.secretName, options.component].some((given) => given !== undefined))
    throw new CliError('--name, --secret-name and --component are for blueprints with one external_cert', EXIT.usage);
  const conversions = used.map((node) => ({ node, ...convertNode(node, options, random) }));
  return {
    objects: conversions.flatMap(({ objects }) => objects),
    warnings: [
      ...unused.map(({ name }) => `node ${name}: use_external_tls is false: no certificate`),
      ...conversions.flatMap(({ node, warnings }) => warnings.map((warning) => `node ${node.name}: ${warning}`)),
    ],
  };
}
