import { TAG, tlv } from '../../../src/asn1/index.js';
import type { Dice } from './dice.js';
import { type Node, replaced } from './tree.js';

/** What can be done to one TLV. `donors` are TLVs of other messages. */
type Operator = (node: Node, dice: Dice, donors: readonly Node[]) => Uint8Array;

const NONE = new Uint8Array();
const own = ({ element }: Node): Uint8Array => element.der;

const TAGS = [
  ...Object.values(TAG),
  ...Array.from({ length: 31 }, (_, number) => 0xa0 | number),
  ...Array.from({ length: 10 }, (_, number) => 0x80 | number),
  0x00,
  0x1f,
  0x3f,
  0xbf,
  0x24,
];

/** Lengths that lie, in octets as they stand behind the tag. */
const LENGTHS: readonly (readonly number[])[] = [
  [0x00],
  [0x01],
  [0x7f],
  [0x80],
  [0x81, 0x01],
  [0x82, 0x00, 0x05],
  [0x82, 0xff, 0xff],
  [0x84, 0x7f, 0xff, 0xff, 0xff],
  [0x84, 0xff, 0xff, 0xff, 0xff],
  [0x85, 0x01, 0x00, 0x00, 0x00, 0x00],
  [0xff],
];

const CONTENTS: readonly Uint8Array[] = [
  NONE,
  Uint8Array.of(0),
  Uint8Array.of(0xff),
  Uint8Array.of(0x7f),
  Uint8Array.of(0x80),
  Uint8Array.of(0, 0x80),
  Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
  Uint8Array.of(0x80, 0, 0, 0),
  Uint8Array.of(0x00, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  new Uint8Array(40).fill(0x11),
  Buffer.from('\u0000\u001b[31m\u202e\u{1f600}\r\n%s{{}}"\\', 'utf8'),
  Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80]),
  Buffer.from('99991231235959Z'),
  Buffer.from('000000000000Z'),
];

function wrapped(octets: Uint8Array, tag: number, times: number): Uint8Array {
  let now = octets;
  for (let level = 0; level < times; level++) now = tlv(tag, now);
  return now;
}

function copies(octets: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => octets));
}

/** Exchanges the node with a sibling, the next or any other one. */
function swapped(node: Node, dice: Dice): Uint8Array {
  const { parent } = node;
  if (parent === undefined || parent.children.length < 2) return replaced(node, copies(own(node), 2));
  const parts = parent.children.map(own);
  const here = parent.children.indexOf(node);
  const there = dice.below(2) === 0 ? (here + 1) % parts.length : dice.below(parts.length);
  [parts[here], parts[there]] = [parts[there] ?? NONE, parts[here] ?? NONE];
  return replaced(parent, tlv(parent.element.tag, ...parts));
}

function withFlippedBit({ element }: Node, dice: Dice): Uint8Array {
  const octets = Uint8Array.from(element.der);
  const at = dice.below(octets.length);
  octets[at] = (octets[at] ?? 0) ^ (1 << dice.below(8));
  return octets;
}

const OPERATORS = {
  delete: (node) => replaced(node, NONE),
  duplicate: (node) => replaced(node, copies(own(node), 2)),
  multiply: (node, dice) =>
    replaced(node, copies(own(node), dice.pick([3, 33, 400, own(node).length < 64 ? 11_000 : 9]))),
  swap: swapped,
  tag: (node, dice) => {
    const octets = Uint8Array.from(own(node));
    octets[0] = dice.pick(TAGS);
    return replaced(node, octets);
  },
  length: (node, dice) =>
    replaced(
      node,
      Buffer.concat([Uint8Array.of(node.element.tag), Uint8Array.from(dice.pick(LENGTHS)), node.element.content]),
    ),
  nest: (node, dice) =>
    replaced(
      node,
      wrapped(own(node), dice.pick([TAG.sequence, TAG.set, 0xa0, 0xa1, 0x04]), dice.pick([1, 1, 2, 40, 2000])),
    ),
  truncate: (node, dice) => {
    const { tag, content } = node.element;
    return replaced(node, tlv(tag, content.subarray(0, dice.below(content.length + 1))));
  },
  cut: (node, dice) => node.source.subarray(0, node.element.start + dice.below(own(node).length + 1)),
  content: (node, dice) => replaced(node, tlv(node.element.tag, dice.pick(CONTENTS))),
  grow: (node, dice) =>
    replaced(node, tlv(node.element.tag, node.element.content, dice.octets(dice.pick([1, 2, 16, 3000])))),
  append: (node, dice, donors) => replaced(node, tlv(node.element.tag, node.element.content, own(dice.pick(donors)))),
  splice: (node, dice, donors) => replaced(node, own(dice.pick(donors))),
  unwrap: (node) => replaced(node, node.element.content),
  flip: (node, dice) => replaced(node, withFlippedBit(node, dice)),
} as const satisfies Readonly<Record<string, Operator>>;

export type OperatorName = keyof typeof OPERATORS;
export const OPERATOR_NAMES = Object.keys(OPERATORS) as OperatorName[];

/** The message with one TLV changed. Octets of their own: nothing of the original is touched. */
export function mutate(name: OperatorName, node: Node, dice: Dice, donors: readonly Node[]): Uint8Array {
  const operator: Operator = OPERATORS[name];
  return Uint8Array.from(operator(node, dice, donors));
}
