import { PkiError } from './error.js';

/** One block between `-----BEGIN label-----` and `-----END label-----` (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  /** RFC 1421 headers such as `Proc-Type: 4,ENCRYPTED`, as written; empty in modern files. */
  readonly headers: readonly string[];
  readonly der: Uint8Array;
}

const BOUNDARY = /^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]*)-----\s*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEADER = /^[A-Za-z][A-Za-z0-9-]*:/;

function block(label: string, lines: readonly string[], where: string): PemBlock {
  const isHeader = (line: string) => HEADER.test(line);
  const headers = lines.some(isHeader) ? lines.slice(0, lines.indexOf('')) : [];
  const base64 = lines.slice(headers.length).join('').replace(/\s+/g, '');
  if (base64 === '') throw new PkiError('PemInvalid', `${where} is empty`);
  const der = Buffer.from(base64, 'base64');
  // Writing it again costs less than looking at each character, and settles it for all that is written as usual.
  if (der.toString('base64') !== base64 && !BASE64.test(base64)) {
    const at = base64.search(/[^A-Za-z0-9+/=]/);
    const reason = at < 0 ? 'the length or the padding is wrong' : `character ${at + 1} is not in the alphabet`;
    throw new PkiError('PemInvalid', `${where} is not valid base64: ${reason}`);
  }
  return { label, headers, der: new Uint8Array(der) };
}

/**
 * Every PEM block of `text`, in order. Text between blocks is ignored, as RFC 7468 section 5.2 asks of parsers.
 * Throws PkiError `PemInvalid`, naming the block by number and label.
 */
export function pemBlocks(text: string): PemBlock[] {
  const found: PemBlock[] = [];
  let open: { label: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (!line.startsWith('-----')) {
      open?.lines.push(line.trim());
      continue;
    }
    const boundary = BOUNDARY.exec(line);
    if (boundary === null) {
      throw new PkiError('PemInvalid', `line ${index + 1} looks like a PEM boundary, but is none`);
    }
    const [, kind, label = ''] = boundary;
    if (kind === 'BEGIN') {
      if (open !== undefined) {
        throw new PkiError(
          'PemInvalid',
          `PEM block ${found.length + 1} (${open.label}, line ${open.line}) is not closed before line ${index + 1}`,
        );
      }
      open = { label, line: index + 1, lines: [] };
    } else {
      if (open === undefined) {
        throw new PkiError('PemInvalid', `line ${index + 1} ends a PEM block (${label}) that was never begun`);
      }
      const where = `PEM block ${found.length + 1} (${open.label}, line ${open.line})`;
      if (open.label !== label) {
        throw new PkiError('PemInvalid', `${where} is closed as "${label}" in line ${index + 1}`);
      }
      found.push(block(label, open.lines, where));
      open = undefined;
    }
  }
  if (open !== undefined) {
    throw new PkiError(
      'PemInvalid',
      `PEM block ${found.length + 1} (${open.label}, line ${open.line}) has no END line: the text is cut off`,
    );
  }
  return found;
}

/**
 * The DER contents of the PEM blocks of `text`, at least one. With `label`, blocks of any other type and
 * blocks with headers are refused, so that a private key that strayed into a bundle is noticed.
 */
export function decodePem(text: string, label?: string): Uint8Array[] {
  const blocks = pemBlocks(text);
  if (blocks.length === 0) {
    const wanted = label === undefined ? 'a PEM block' : `"-----BEGIN ${label}-----"`;
    throw new PkiError('PemInvalid', `not PEM: no block found, expected ${wanted}`);
  }
  if (label !== undefined) {
    for (const [index, found] of blocks.entries()) {
      if (found.label !== label) {
        throw new PkiError('PemInvalid', `PEM block ${index + 1} is a ${found.label}, expected ${label}`);
      }
      if (found.headers.length > 0) {
        throw new PkiError(
          'PemInvalid',
          `PEM block ${index + 1} (${label}) has headers, which this type must not have`,
        );
      }
    }
  }
  return blocks.map(({ der }) => der);
}

/** One PEM block with 64 characters a line and a final newline (RFC 7468). */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  return `-----BEGIN ${label}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}
