import { macProtector, type PbmCredential, type Protector, pbmac1Algorithm } from '../../cmp/protection/index.js';
import type { Random } from '../../runtime/random.js';
import type { Pbmac1Fault } from './service-faults.js';

const RIGHT = { iterationCount: 1_000, keyLength: 32, prf: 'sha256', mac: 'sha256' } as const;

const WRONG = {
  hugeIterations: { ...RIGHT, iterationCount: 2_000_000_000 },
  hugeKeyLength: { ...RIGHT, keyLength: 1_000_000_000 },
  hugeProduct: { ...RIGHT, iterationCount: 900_000, keyLength: 4_096 },
  fewIterations: { ...RIGHT, iterationCount: 1 },
  shortKey: { ...RIGHT, keyLength: 1 },
} as const satisfies Record<Pbmac1Fault, object>;

/** Announces parameters that would cost a client dear, and saves itself the trouble of computing anything with them. */
export function spoiltPbmac1({ keys, reference }: PbmCredential, fault: Pbmac1Fault, random: Random): Protector {
  const salt = random(16);
  return macProtector(reference, {
    title: 'PBMAC1',
    algorithm: pbmac1Algorithm({ ...WRONG[fault], salt }),
    mac: 'sha256',
    key: () => keys.pbkdf2Key({ ...RIGHT, salt }),
  });
}
