import { randomBytes } from 'node:crypto';

/** A source of unpredictable octets, as a seam. */
export type Random = (octets: number) => Uint8Array;

/** The operating system's CSPRNG. */
export const systemRandom: Random = (octets) => randomBytes(octets);
