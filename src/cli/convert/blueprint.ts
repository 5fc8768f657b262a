import { CliError, EXIT } from '../exit.js';
import { field, fieldText, isTree, type Tree } from './yaml.js';

/** What a blueprint's inputs are set to. */
export type BlueprintInputs = ReadonlyMap<string, unknown>;

const refused = (message: string): CliError => new CliError(message, EXIT.refused);

/** One node of a Cloudify blueprint, with the functions in its properties resolved on demand. */
export class BlueprintNode {
  readonly name: string;
  readonly #properties: Tree;
  readonly #inputs: BlueprintInputs;

  constructor(name: string, properties: Tree, inputs: BlueprintInputs) {
    this.name = name;
    this.#properties = properties;
    this.#inputs = inputs;
  }

  /** The property at this path, undefined where there is none. Throws CliError when it needs an input without a value. */
  get(...path: readonly string[]): unknown {
    let found: unknown = this.#properties;
    for (const name of path) found = field(this.#resolve(found, path), name);
    return this.#resolve(found, path);
  }

  /** The same as text; empty text counts as absent. */
  text(...path: readonly string[]): string | undefined {
    const found = this.get(...path);
    return found === undefined || found === null || found === '' ? undefined : this.#asText(found, path);
  }

  /** The same as a boolean; Cloudify passes strings such as "true" through. */
  flag(...path: readonly string[]): boolean {
    const text = this.text(...path)?.toLowerCase();
    if (text === undefined || text === 'false') return false;
    if (text === 'true') return true;
    throw refused(`${this.#where(path)} is "${text}": expected true or false`);
  }

  #where(path: readonly string[]): string {
    return `node ${this.name}: property ${path.join('.')}`;
  }

  #asText(value: unknown, path: readonly string[]): string {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw refused(`${this.#where(path)} is not a text`);
  }

  #resolve(value: unknown, path: readonly string[]): unknown {
    if (!isTree(value)) return value;
    const input = field(value, 'get_input');
    if (input !== undefined) return this.#input(input, path);
    const parts = field(value, 'concat');
    if (Array.isArray(parts)) return parts.map((part) => this.#asText(this.#resolve(part, path), path)).join('');
    const [unknown] = Object.keys(value).filter((name) => name.startsWith('get_'));
    if (unknown !== undefined)
      throw refused(
        `${this.#where(path)} calls ${unknown}, which only Cloudify can answer: write the value in its place`,
      );
    return value;
  }

  #input(name: unknown, path: readonly string[]): unknown {
    if (typeof name !== 'string') throw refused(`${this.#where(path)}: get_input without the name of an input`);
    if (this.#inputs.has(name)) return this.#inputs.get(name);
    throw refused(`${this.#where(path)} needs input ${name}, which has no default: give --input ${name}=VALUE`);
  }
}

/**
 * The nodes of a blueprint (`node_templates`) that have a property `external_cert`. Inputs are those given, then the
 * defaults in the blueprint.
 */
export function externalCertNodes(blueprint: unknown, source: string, given: BlueprintInputs): BlueprintNode[] {
  const templates = field(blueprint, 'node_templates');
  if (!isTree(templates)) throw refused(`${source} is no blueprint: it has no node_templates`);
  const inputs = new Map<string, unknown>();
  const declared = field(blueprint, 'inputs');
  for (const [name, input] of Object.entries(isTree(declared) ? declared : {})) {
    const value = field(input, 'default');
    if (value !== undefined) inputs.set(name, value);
  }
  for (const [name, value] of given) inputs.set(name, value);
  return Object.entries(templates).flatMap(([name, template]) => {
    const properties = field(template, 'properties');
    return isTree(properties) && isTree(properties['external_cert'])
      ? [new BlueprintNode(name, properties, inputs)]
      : [];
  });
}

/** A file of inputs, as given to `cfy install -i`. */
export function parseInputs(source: string, document: unknown): BlueprintInputs {
  if (document === null || document === undefined) return new Map();
  if (!isTree(document) || fieldText(document, 'tosca_definitions_version') !== undefined)
    throw refused(`${source} is no file of inputs: expected NAME: VALUE lines`);
  return new Map(Object.entries(document));
}
