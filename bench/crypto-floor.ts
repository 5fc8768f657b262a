import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { median } from './table.js';

const ROUNDS = 5;
const REPETITIONS = 100;

/** What node:crypto alone takes for P-256 on this machine at this moment, in milliseconds of CPU for one operation. */
export interface CryptoCosts {
  readonly verify: number;
  readonly sign: number;
  /** Reading a key that was never seen before out of its SubjectPublicKeyInfo, and the first verification with it. */
  readonly verifyWithNewKey: number;
}

/**
 * A transaction verifies the certificate, the CSR as well where it vouches for it, and signs every message and verifies its
 * answer unless they are protected by MACs: two with explicit confirmation.
 */
export const floorOf = (costs: CryptoCosts, { signed, vouches }: { signed: number; vouches: boolean }): number =>
  costs.verify + (vouches ? costs.verifyWithNewKey : 0) + signed * (costs.verify + costs.sign);

function cpuOf(run: () => void): number {
  const measured: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < REPETITIONS; i++) run();
    const { user, system } = process.cpuUsage(before);
    measured.push((user + system) / 1000 / REPETITIONS);
  }
  return median(measured);
}

export function cryptoCosts(): CryptoCosts {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const data = Buffer.alloc(1000, 7);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const signature = sign('sha256', data, privateKey);
  return {
    verify: cpuOf(() => verify('sha256', data, publicKey, signature)),
    sign: cpuOf(() => sign('sha256', data, privateKey)),
    verifyWithNewKey: cpuOf(() =>
      verify('sha256', data, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature),
    ),
  };
}
