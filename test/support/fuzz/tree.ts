import { checkDer, DerError, type Element, readElement, TAG, tlv } from '../../../src/asn1/index.js';

/** One TLV of a message and where it stands. */
export interface Node {
  readonly source: Uint8Array;
  readonly element: Element;
  readonly parent: Node | undefined;
  readonly children: readonly Node[];
}

/** All TLVs of `source`, outermost first; those inside OCTET STRING and BIT STRING too, where they hold DER. */
export function nodesOf(source: Uint8Array): readonly Node[] {
  const all: Node[] = [];
  const visit = (element: Element, parent: Node | undefined): Node => {
    const children: Node[] = [];
    const node: Node = { source, element, parent, children };
    all.push(node);
    for (const inner of innerElements(element)) children.push(visit(inner, node));
    return node;
  };
  visit(readElement(source, 0, source.length), undefined);
  return all;
}

function innerElements(element: Element): readonly Element[] {
  if (element.constructed) return [...element.children()];
  const skip = element.tag === TAG.octetString ? 0 : element.tag === TAG.bitString ? 1 : undefined;
  if (skip === undefined || element.contentStart + skip >= element.end) return [];
  try {
    checkDer(element.content.subarray(skip));
    const inner = readElement(element.source, element.contentStart + skip, element.end);
    return inner.constructed ? [inner] : [];
  } catch (error) {
    if (error instanceof DerError) return [];
    throw error;
  }
}

/** The whole message with these octets instead of the node's own; the lengths around it fit again. */
export function replaced(node: Node, octets: Uint8Array): Uint8Array {
  let now = octets;
  for (let child = node; child.parent !== undefined; child = child.parent) {
    const { source, element } = child.parent;
    now = tlv(
      element.tag,
      source.subarray(element.contentStart, child.element.start),
      now,
      source.subarray(child.element.end, element.end),
    );
  }
  return now;
}
