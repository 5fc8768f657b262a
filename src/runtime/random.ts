import { randomBytes, randomFillSync } from 'node:crypto';

/** A source of unpredictable octets, as a seam. */
export type Random = (octets: number) => Uint8Array;

/** Nonces and salts are small; drawing them one by one would take longer than drawing a hundred at once. */
const LARGEST_FROM_STOCK = 64;
const stock = new Uint8Array(2_048);
let used = stock.length;

/** The operating system's CSPRNG. */
export const systemRandom: Random = (octets) => {
  if (octets > LARGEST_FROM_STOCK) return randomBytes(octets);
  if (used + octets > stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  const drawn = stock.slice(used, used + octets);
  // Whoever looks into the memory later finds nothing that was given away.
  stock.fill(0, used, used + octets);
  used += octets;
  return drawn;
};
