import { parseAllDocuments, stringify } from 'yaml';
import { CliError, EXIT } from '../exit.js';
import type { ConvertedObject } from './objects.js';

/** A value of YAML or JSON that is not known yet. */
export type Tree = Readonly<Record<string, unknown>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The field of that name, if `value` is an object at all. */
export const field = (value: unknown, name: string): unknown =>
  isTree(value) && Object.hasOwn(value, name) ? value[name] : undefined;

export const fieldText = (value: unknown, name: string): string | undefined => {
  const found = field(value, name);
  return typeof found === 'string' && found !== '' ? found : undefined;
};

/** The items, if that field is a list. */
export const fieldItems = (value: unknown, name: string): readonly unknown[] => {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
};

/** Every document of a YAML (or JSON) text. Throws CliError that names `source`. */
export function parseYaml(source: string, text: string): unknown[] {
  const notYaml = (error: Error): CliError =>
    new CliError(`${source} is not YAML: ${error.message.split('\n', 1)[0]}`, EXIT.refused, error);
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw notYaml(error);
    try {
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      // Throws for a value that holds itself, which nobody could walk through.
      JSON.stringify(value);
      return value;
    } catch (cause) {
      // An alias to nothing, one that multiplies without end, or one to what it stands in.
      if (cause instanceof ReferenceError || cause instanceof TypeError) throw notYaml(cause);
      throw cause;
    }
  });
}

/** Objects as YAML documents. */
export const toYaml = (objects: readonly ConvertedObject[]): string =>
  objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
