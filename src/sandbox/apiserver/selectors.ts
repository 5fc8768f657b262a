import type { KubeObject } from './object.js';
import type { Resource } from './resource.js';
import { badRequest } from './status.js';

export type Selector = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;

/** Splits at commas that are not inside parentheses. */
const requirements = (text: string) => text.split(/,(?![^(]*\))/).map((part) => part.trim());

const KEY = String.raw`(?:[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?`;
const EQUALITY = new RegExp(String.raw`^(?<key>${KEY})\s*(?<op>==|=|!=)\s*(?<value>[-A-Za-z0-9_.]*)$`);
const SET = new RegExp(String.raw`^(?<key>${KEY})\s+(?<op>in|notin)\s*\((?<values>[^()]*)\)$`);
const EXISTS = new RegExp(String.raw`^(?<not>!?)\s*(?<key>${KEY})$`);

function labelRequirement(text: string): (labels: Labels) => boolean {
  const equality = EQUALITY.exec(text)?.groups;
  if (equality !== undefined) {
    const { key = '', op, value = '' } = equality;
    return op === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const set = SET.exec(text)?.groups;
  if (set !== undefined) {
    const { key = '', op, values = '' } = set;
    const wanted = new Set(values.split(',').map((value) => value.trim()));
    const has = (labels: Labels) => labels[key] !== undefined && wanted.has(labels[key]);
    return op === 'in' ? has : (labels) => !has(labels);
  }
  const exists = EXISTS.exec(text)?.groups;
  if (exists !== undefined) {
    const { key = '', not } = exists;
    return (labels) => (labels[key] === undefined) === (not === '!');
  }
  throw badRequest(`unable to parse requirement: found '${text}', expected: identifier, operator and values`);
}

export function labelSelector(text: string | undefined): Selector | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const checks = requirements(text).map(labelRequirement);
  return ({ metadata }) => checks.every((check) => check(metadata.labels ?? {}));
}

/** Only metadata.name, metadata.namespace and what the type declares; anything else is 400 as on a real server. */
export function fieldSelector(text: string | undefined, resource: Resource): Selector | undefined {
  if (text === undefined || text === '') return undefined;
  const checks = text.split(/(?<!\\),/).map((term): Selector => {
    const match = /^(?<field>[^=!]+)(?<op>==|=|!=)(?<value>.*)$/.exec(term)?.groups;
    if (match === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const { field = '', op, value: escaped = '' } = match;
    const value = escaped.replace(/\\([\\,=])/g, '$1');
    const read = fieldReader(field, resource);
    return op === '!=' ? (object) => read(object) !== value : (object) => read(object) === value;
  });
  return (object) => checks.every((check) => check(object));
}

function fieldReader(field: string, resource: Resource): (object: KubeObject) => string {
  if (field === 'metadata.name') return ({ metadata }) => metadata.name;
  if (field === 'metadata.namespace') return ({ metadata }) => metadata.namespace ?? '';
  const declared = resource.selectableFields[field];
  if (declared !== undefined) return declared;
  throw badRequest(`field label not supported: ${field}`);
}

export function both(a: Selector | undefined, b: Selector | undefined): Selector | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (object) => a(object) && b(object);
}
