import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { type CelRules, compileRules } from './cel.js';
import { equal, isJsonObject } from './object.js';
import { metadataSchema, objectSchema, prune, type Schema, toJsonSchema } from './schema.js';
import { type Cause, cause } from './status.js';

/** Everything a schema says about whole objects of one type. */
export interface SchemaChecks {
  readonly schema: Schema;
  /** Removes unknown fields in place and returns their paths. */
  prune(object: unknown): string[];
  /** What is wrong with `object`. With `old`, what was already wrong and did not change is let through (ratcheting). */
  validate(object: unknown, old?: unknown): Cause[];
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DATE_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/;

/** metav1.MicroTime: exactly six fractional digits. */
const isMicroTime = (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/.test(text);
const isBase64 = (text: string) => BASE64.test(text);
const isDateTime = (text: string) => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text));

/** The formats the API server looks at; ajv ignores all others, as it does. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  byte: isBase64,
  'date-time': isDateTime,
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  duration: (text) => GO_DURATION.test(text),
  uri: (text) => URL.canParse(text),
  uuid: (text) => /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text),
  ipv4: (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text),
  hostname: (text) =>
    /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(text),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  'micro-time': isMicroTime,
};

// Not unicode mode: RE2 accepts escapes such as [\w-.] that JavaScript refuses with the u flag.
const newAjv = () =>
  new Ajv({ allErrors: true, verbose: true, strict: false, logger: false, formats: FORMATS, unicodeRegExp: false });

const checkMetadata = newAjv().compile(
  toJsonSchema({ type: 'object', required: ['metadata'], properties: { metadata: metadataSchema } }),
);

/** What makes metadata undecodable; undefined when it is of the right shape. */
export function malformedMetadata(object: unknown): string | undefined {
  if (checkMetadata(object)) return undefined;
  const first = (checkMetadata.errors ?? []).flatMap(toCause)[0];
  return `${first?.field ?? 'metadata'}: ${first?.message ?? 'malformed'}`;
}

/** Checks for one type. Throws when a validation rule of the schema cannot be understood. */
export function schemaChecks(own: Schema): SchemaChecks {
  const schema = objectSchema(own);
  const rules: CelRules = compileRules(own);
  let compiled: ValidateFunction | undefined;
  return {
    schema,
    prune: (object) => prune(object, schema),
    validate(object, old) {
      compiled ??= newAjv().compile(toJsonSchema(own));
      const found = compiled(object) ? [] : (compiled.errors ?? []);
      const relevant = found.filter((error) => old === undefined || !unchanged(error, object, old));
      const causes = relevant.flatMap(toCause);
      causes.push(...duplicates(object, schema, ''));
      return causes.length > 0 ? causes : rules.validate(object, old);
    },
  };
}

const steps = (pointer: string) =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

function lookUp(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path) {
    if (Array.isArray(at)) at = at[Number(step)];
    else if (isJsonObject(at)) at = at[step];
    else return undefined;
  }
  return at;
}

/** Ratcheting: the value the error speaks of is the one that is stored already. */
function unchanged(error: ErrorObject, object: unknown, old: unknown): boolean {
  const path = steps(error.instancePath);
  const before = lookUp(old, path);
  return path.length > 0 && before !== undefined && equal(before, lookUp(object, path));
}

function fieldPath(pointer: string): string {
  let path = '';
  for (const step of steps(pointer)) path += /^\d+$/.test(step) ? `[${step}]` : path === '' ? step : `.${step}`;
  return path;
}

/** An ajv error in the words of the API server. Errors that only sum up others give none. */
function toCause(error: ErrorObject): Cause[] {
  const field = fieldPath(error.instancePath);
  const { data, params } = error;
  const body = (text: string) => [cause.invalid(field, data, `${field} in body ${text}`)];
  switch (error.keyword) {
    case 'required':
      return [cause.required(field === '' ? params['missingProperty'] : `${field}.${params['missingProperty']}`)];
    case 'type': {
      const type = [params['type']]
        .flat()
        .filter((name) => name !== 'null')
        .join(',');
      const got = Array.isArray(data) ? 'array' : data === null ? 'null' : typeof data;
      return [cause.typeInvalid(field, got, `${field} in body must be of type ${type}: ${JSON.stringify(got)}`)];
    }
    case 'enum':
      return [cause.notSupported(field, data, params['allowedValues'])];
    case 'pattern':
      return body(`should match '${params['pattern']}'`);
    case 'format':
      return body(`must be of type ${params['format']}: ${JSON.stringify(data)}`);
    case 'minLength':
      return body(`should be at least ${params['limit']} chars long`);
    case 'maxLength':
      return [cause.tooLong(field, params['limit'])];
    case 'maxItems':
      return [cause.tooMany(field, Array.isArray(data) ? data.length : 0, params['limit'])];
    case 'minItems':
      return body(`should have at least ${params['limit']} items`);
    case 'minimum':
    case 'exclusiveMinimum':
      return body(`should be greater than ${error.keyword === 'minimum' ? 'or equal to ' : ''}${params['limit']}`);
    case 'maximum':
    case 'exclusiveMaximum':
      return body(`should be less than ${error.keyword === 'maximum' ? 'or equal to ' : ''}${params['limit']}`);
    case 'minProperties':
      return body(`should have at least ${params['limit']} properties`);
    case 'maxProperties':
      return body(`should have at most ${params['limit']} properties`);
    case 'oneOf':
      return body('must validate one and only one schema (oneOf)');
    case 'anyOf':
      return body('must validate at least one schema (anyOf)');
    case 'not':
      return body('must not validate the schema (not)');
    default:
      return body(error.message ?? 'is not valid');
  }
}

/** Items of a map or set list that occur twice. */
function duplicates(value: unknown, schema: Schema, path: string): Cause[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    const found = items === undefined ? [] : value.flatMap((item, i) => duplicates(item, items, `${path}[${i}]`));
    const type = schema['x-kubernetes-list-type'] ?? 'atomic';
    if (type === 'atomic') return found;
    const seen = new Set<string>();
    for (const [i, item] of value.entries()) {
      const key = type === 'set' ? item : listMapKey(item, schema);
      const text = JSON.stringify(key);
      if (seen.has(text)) found.push(cause.duplicate(`${path}[${i}]`, key));
      seen.add(text);
    }
    return found;
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([field, known]) =>
    value[field] === undefined ? [] : duplicates(value[field], known, path === '' ? field : `${path}.${field}`),
  );
}

/** The key fields of a list-map item, sorted by name as managedFields writes them; defaults of the keys count. */
export function listMapKey(item: unknown, schema: Schema): Record<string, unknown> {
  const key: Record<string, unknown> = {};
  for (const name of [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort()) {
    const value = isJsonObject(item) ? item[name] : undefined;
    const fallback = schema.items?.properties?.[name]?.default;
    if (value !== undefined) key[name] = value;
    else if (fallback !== undefined) key[name] = fallback;
  }
  return key;
}
