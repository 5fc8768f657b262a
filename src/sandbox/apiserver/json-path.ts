import { isJsonObject } from './object.js';

type Step = (values: readonly unknown[]) => readonly unknown[];

const TOKEN =
  /\.(?<field>[A-Za-z_][-\w]*)|\['(?<quoted>[^']+)'\]|\[(?<index>\d+|\*)\]|\[\?\(\s*@\.(?<key>[\w.]+)\s*==\s*["'](?<value>[^"']*)["']\s*\)\]/y;

/**
 * The JSONPath subset of additionalPrinterColumns: fields, indices, `[*]` and equality filters.
 * Gives the first match, as a printer column shows it. Throws for a path it does not know.
 */
export function jsonPath(path: string): (object: unknown) => unknown {
  const steps: Step[] = [];
  const text = path.startsWith('.') || path.startsWith('[') ? path : `.${path}`;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new Error(`JSONPath ${path} is not understood at character ${at}`);
    steps.push(step(groups));
  }
  return (object) => steps.reduce<readonly unknown[]>((values, next) => next(values), [object])[0];
}

function step(groups: Readonly<Record<string, string | undefined>>): Step {
  const { index, key, value } = groups;
  const field = groups['field'] ?? groups['quoted'];
  if (field !== undefined) {
    return (values) => values.flatMap((v) => (isJsonObject(v) && v[field] !== undefined ? [v[field]] : []));
  }
  const items = (values: readonly unknown[]) => values.filter(Array.isArray);
  if (index === '*') return (values) => items(values).flat();
  if (index !== undefined)
    return (values) => items(values).flatMap((v) => (v.length > Number(index) ? [v[Number(index)]] : []));
  return (values) =>
    items(values)
      .flat()
      .filter((v) => isJsonObject(v) && v[key ?? ''] === value);
}
