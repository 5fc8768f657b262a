import { isIP } from 'node:net';

/** Subject alternative names by the field of a cert-manager Certificate that takes them. */
export interface SanLists {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly emailAddresses: readonly string[];
}

export type SanField = keyof SanLists;

export interface ParsedSans extends SanLists {
  /** Entries that are none of the four types. */
  readonly unmatched: readonly string[];
  /** The delimiter of older documentation, where the text uses one. */
  readonly oldDelimiter?: ';' | ':';
}

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const DOMAIN = new RegExp(`^(?=.{1,253}\\.?$)${LABEL}(?:\\.${LABEL})*\\.?$`);
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(.+)$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$/;
/** Schemes whose URIs look like a list separated by colons. */
const SCHEME_WITHOUT_SLASHES = /^(?:urn|tag|sips?|tel|mailto|did):/i;

/** The type of one name, in the order in which the CertService client tried: email, IP address, domain, URI. */
function fieldOf(entry: string): SanField | undefined {
  const host = EMAIL.exec(entry)?.[1];
  if (host !== undefined && DOMAIN.test(host)) return 'emailAddresses';
  if (isIP(entry) !== 0) return 'ipAddresses';
  if (DOMAIN.test(entry)) return 'dnsNames';
  return URI.test(entry) ? 'uris' : undefined;
}

const trimmed = (parts: readonly string[]): string[] => parts.map((part) => part.trim()).filter((part) => part !== '');

/** `a:b:c` of names, and neither an IPv6 address nor a URI. */
function isColonList(text: string): boolean {
  if (isIP(text) !== 0 || text.includes('//') || SCHEME_WITHOUT_SLASHES.test(text)) return false;
  const parts = text.split(':');
  return parts.length > 1 && parts.every((part) => fieldOf(part.trim()) !== undefined);
}

function split(text: string): { readonly parts: readonly string[]; readonly oldDelimiter?: ';' | ':' } {
  if (text.includes(',')) return { parts: text.split(',') };
  if (text.includes(';')) return { parts: text.split(';'), oldDelimiter: ';' };
  if (isColonList(text)) return { parts: text.split(':'), oldDelimiter: ':' };
  return { parts: [text] };
}

/** Reads a list of subject alternative names: separated by commas, or as older ONAP documentation has it by `;` or `:`. */
export function parseSans(text: string): ParsedSans {
  const { parts, oldDelimiter } = split(text);
  const found: Record<SanField | 'unmatched', string[]> = {
    dnsNames: [],
    ipAddresses: [],
    uris: [],
    emailAddresses: [],
    unmatched: [],
  };
  for (const entry of trimmed(parts)) {
    const list = found[fieldOf(entry) ?? 'unmatched'];
    if (!list.includes(entry)) list.push(entry);
  }
  return { ...found, ...(oldDelimiter !== undefined && { oldDelimiter }) };
}
