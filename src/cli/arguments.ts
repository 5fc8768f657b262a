import { InvalidArgumentError } from 'commander';

// Parsers for option values. Commander turns their InvalidArgumentError into a usage error that names the option.

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535; 0 takes a free one.');
  return port;
}

/** A whole number of at least `min`. */
export const parseCount =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < min || count > max) {
      throw new InvalidArgumentError(
        `a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}.`,
      );
    }
    return count;
  };

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port`, the last for every address. */
export function parseAddress(text: string): HostAndPort {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('give HOST:PORT, or :PORT for every address.');
  const [, v6, host, port = ''] = match;
  return { host: (v6 ?? host) || '::', port: parsePort(port) };
}
