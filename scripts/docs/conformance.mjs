import { RULES } from '../../test/unit/conformance/rules.js';
import { code, GENERATED, table } from './markdown.mjs';

const BREAK = '<br>';

function reference({ file, suite, title, rows }) {
  const name = [suite, title].filter((part) => part !== '').join(' › ');
  const named = rows.length === 0 ? '' : `: ${rows.map(code).join(', ')}`;
  return `${code(`test/${file}`)}: ${name}${named}`;
}

const list = (items, show) => items.map(show).join(BREAK);

export function conformancePage() {
  return `${GENERATED}

# Conformance

Every rule that an answer must pass before anything in it counts, where the code enforces it, and the tests that prove it:
one at least with an answer that keeps the rule, and one at least with an answer that breaks it. \`%s\` in a test's name
stands for a row of its table; where rows matter in particular, they follow.

The list is \`test/unit/conformance/rules.ts\`. A test fails when a rule has no test that breaks it, or names a function or a
test that does not exist. Besides, \`test/fault/attacks.test.ts\` leads the real client through whatever the sandbox CA can
do wrong, and \`test/fault/fuzz*.test.ts\` through mutated messages of every kind.

${table(
  ['', 'rule', 'source', 'enforced in `src/`', 'kept in', 'broken in'],
  RULES.map(({ id, rule, source, enforcedBy, kept, broken }) => [
    id,
    rule,
    source,
    list(enforcedBy, code),
    list(kept, reference),
    list(broken, reference),
  ]),
)}
`;
}
