import { readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';

/** One `it` or `it.each` of a test file. */
interface WrittenTest {
  /** Title of the innermost `describe` around it; empty if there is none. */
  readonly suite: string;
  readonly title: string;
}

export interface TestFile {
  readonly tests: readonly WrittenTest[];
  /** Every text in the file, names of rows among them. */
  readonly texts: ReadonlySet<string>;
}

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** `it` of `it(...)`, `it.each(...)(...)` and `it.each<...>(...)(...)`; undefined for other calls. */
function callee(node: Tree): string | undefined {
  const called = node['callee'];
  if (!isTree(called)) return undefined;
  if (called['type'] === 'Identifier') return String(called['value']);
  if (called['type'] !== 'CallExpression') return undefined;
  const member = called['callee'];
  if (!isTree(member) || member['type'] !== 'MemberExpression' || !isTree(member['object'])) return undefined;
  return String(member['object']['value']);
}

function textOf(node: unknown): string | undefined {
  if (!isTree(node)) return undefined;
  if (node['type'] === 'StringLiteral') return String(node['value']);
  const [only, ...more] = node['type'] === 'TemplateLiteral' ? (node['quasis'] as readonly Tree[]) : [];
  return only !== undefined && more.length === 0 ? String(only['raw']) : undefined;
}

function firstText(node: Tree): string | undefined {
  const [first] = Array.isArray(node['arguments']) ? node['arguments'] : [];
  return isTree(first) ? textOf(first['expression']) : undefined;
}

/** Reads what a test file is made of, from its syntax: nothing runs. */
export function readTestFile(path: string): TestFile {
  const tests: WrittenTest[] = [];
  const texts = new Set<string>();
  const visit = (node: unknown, suite: string): void => {
    if (Array.isArray(node)) for (const item of node) visit(item, suite);
    if (!isTree(node) || Array.isArray(node)) return;
    const text = textOf(node) ?? (node['type'] === 'KeyValueProperty' ? keyOf(node) : undefined);
    if (text !== undefined) texts.add(text);
    const name = node['type'] === 'CallExpression' ? callee(node) : undefined;
    const title = name === 'it' || name === 'describe' ? firstText(node) : undefined;
    if (name === 'it' && title !== undefined) tests.push({ suite, title });
    const inner = name === 'describe' && title !== undefined ? title : suite;
    for (const value of Object.values(node)) visit(value, inner);
  };
  visit(parseSync(readFileSync(path, 'utf8'), { syntax: 'typescript' }), '');
  return { tests, texts };
}

function keyOf({ key }: Tree): string | undefined {
  if (!isTree(key)) return undefined;
  return key['type'] === 'Identifier' || key['type'] === 'StringLiteral' ? String(key['value']) : undefined;
}
