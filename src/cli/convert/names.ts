import { InvalidArgumentError } from 'commander';

const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** A text as part of an object's name (RFC 1123 label): small letters, digits and dashes, at most 63 characters. */
export function slug(text: string): string {
  const label = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return label === '' ? 'certificate' : label;
}

/** Parser of options that name an object of Kubernetes. */
export function parseObjectName(text: string): string {
  if (text.length > 253 || !SUBDOMAIN.test(text)) {
    throw new InvalidArgumentError('a name has small letters, digits, dashes and dots, at most 253 of them.');
  }
  return text;
}

/** Parser of a repeatable NAME=VALUE option. */
export function collectAssignment(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('give NAME=VALUE.');
  return new Map([...before, [text.slice(0, equals), text.slice(equals + 1)]]);
}

/** How messages call a file that an option names. */
export const sourceName = (path: string): string => (path === '-' ? 'standard input' : path);
