import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { equal, isJsonObject } from './object.js';
import type { Schema, ValidationRule } from './schema.js';
import type { Cause } from './status.js';
import { messageOf } from './text.js';

/** The x-kubernetes-validations of a whole schema, ready to run. */
export interface CelRules {
  validate(object: unknown, old: unknown): Cause[];
}

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: ParseResult;
  readonly message: ParseResult | undefined;
  /** Mentions oldSelf: runs only when there is an old value. */
  readonly transition: boolean;
}

const REASONS = ['FieldValueInvalid', 'FieldValueForbidden', 'FieldValueRequired', 'FieldValueDuplicate'];

const environment = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: false })
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn')
  .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text));

/** Compiles every rule below `schema`. Throws for one that does not parse or uses what we do not know: never guess. */
export function compileRules(schema: Schema): CelRules {
  const compiled = new Map<Schema, readonly CompiledRule[]>();
  collect(schema, 'object', compiled);
  const relevant = new Set<Schema>();
  markRelevant(schema, compiled, relevant);
  return {
    validate: (object, old) => (compiled.size === 0 ? [] : run(object, old, schema, '', compiled, relevant)),
  };
}

function collect(schema: Schema, path: string, into: Map<Schema, readonly CompiledRule[]>): void {
  const rules = schema['x-kubernetes-validations'];
  if (rules !== undefined && rules.length > 0)
    into.set(
      schema,
      rules.map((rule) => compile(rule, path)),
    );
  for (const [field, known] of Object.entries(schema.properties ?? {})) collect(known, `${path}.${field}`, into);
  if (schema.items !== undefined) collect(schema.items, `${path}[]`, into);
  if (typeof schema.additionalProperties === 'object') collect(schema.additionalProperties, `${path}.*`, into);
}

function compile(rule: ValidationRule, path: string): CompiledRule {
  const parse = (expression: string) => {
    try {
      const program = environment.parse(expression);
      const checked = program.check();
      if (!checked.valid) throw checked.error ?? new Error('does not type-check');
      return program;
    } catch (error) {
      throw new Error(`validation rule at ${path} is not understood: ${expression}: ${messageOf(error)}`);
    }
  };
  return {
    rule,
    program: parse(rule.rule),
    message: rule.messageExpression === undefined ? undefined : parse(rule.messageExpression),
    transition: /\boldSelf\b/.test(rule.rule),
  };
}

function markRelevant(schema: Schema, compiled: Map<Schema, unknown>, into: Set<Schema>): boolean {
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ].map((child) => markRelevant(child, compiled, into));
  const relevant = compiled.has(schema) || below.some(Boolean);
  if (relevant) into.add(schema);
  return relevant;
}

function run(
  value: unknown,
  old: unknown,
  schema: Schema,
  path: string,
  compiled: ReadonlyMap<Schema, readonly CompiledRule[]>,
  relevant: ReadonlySet<Schema>,
): Cause[] {
  if (value === undefined || value === null || !relevant.has(schema)) return [];
  const causes = (compiled.get(schema) ?? []).flatMap((rule) => evaluate(rule, value, old, schema, path));
  const descend = (child: Schema, key: string | number) => {
    const at = typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const item = (value as Record<string | number, unknown>)[key];
    causes.push(...run(item, oldItem(old, key, item, schema), child, at, compiled, relevant));
  };
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const i of value.keys()) descend(schema.items, i);
  } else if (isJsonObject(value)) {
    for (const field of Object.keys(value)) {
      const known = schema.properties?.[field] ?? schema.additionalProperties;
      if (typeof known === 'object') descend(known, field);
    }
  }
  return causes;
}

/** The old value that corresponds to a child: by field name, by list-map key; items of other lists have none. */
function oldItem(old: unknown, key: string | number, item: unknown, schema: Schema): unknown {
  if (typeof key === 'string') return isJsonObject(old) ? old[key] : undefined;
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!Array.isArray(old) || keys === undefined || !isJsonObject(item)) return undefined;
  return old.find((candidate) => isJsonObject(candidate) && keys.every((name) => candidate[name] === item[name]));
}

function evaluate(compiled: CompiledRule, value: unknown, old: unknown, schema: Schema, path: string): Cause[] {
  const { rule } = compiled;
  if (compiled.transition && old === undefined) return [];
  // Ratcheting: a rule about nothing but an unchanged value is not asked again.
  if (!compiled.transition && old !== undefined && equal(value, old)) return [];
  const context = { self: toCel(value, schema), oldSelf: toCel(old, schema) };
  let message = rule.message ?? `failed rule: ${rule.rule}`;
  try {
    if (compiled.program(context) === true) return [];
    if (compiled.message !== undefined) message = String(compiled.message(context));
  } catch (error) {
    message = `rule evaluation error: ${messageOf(error).split('\n')[0]}: rule: ${rule.rule}`;
  }
  const shown = isJsonObject(value) ? '"object"' : Array.isArray(value) ? '"array"' : JSON.stringify(value);
  const reason = REASONS.find((known) => known === rule.reason) ?? 'FieldValueInvalid';
  const text = {
    FieldValueInvalid: `Invalid value: ${shown}: ${message}`,
    FieldValueForbidden: `Forbidden: ${message}`,
    FieldValueRequired: `Required value: ${message}`,
    FieldValueDuplicate: `Duplicate value: ${shown}`,
  }[reason];
  const field = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '');
  return [{ reason, message: text ?? message, field: field === '' ? '<nil>' : field }];
}

/** JSON as CEL sees it through the schema: integers are int, date-times are timestamps. */
function toCel(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items));
  if (isJsonObject(value)) {
    const out: Record<string, unknown> = {};
    for (const [field, item] of Object.entries(value)) {
      const known = schema?.properties?.[field] ?? schema?.additionalProperties;
      out[field] = toCel(item, typeof known === 'object' ? known : undefined);
    }
    return out;
  }
  if (typeof value === 'number' && schema?.type === 'integer') return BigInt(value);
  if (typeof value === 'string' && schema?.format === 'date-time') return new Date(value);
  return value;
}
