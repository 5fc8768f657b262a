import type { DirectBackendConfig, MacProtection } from '../../enrollment/direct-config.js';
import { unreachable } from '../../runtime/unreachable.js';
import { pairFinding } from './certificates.js';
import { type Finding, fail, ok, warn } from './finding.js';

const WHITE = new Map([
  [0x0a, 'a line feed'],
  [0x0d, 'a carriage return'],
  [0x20, 'a blank'],
  [0x09, 'a tab'],
]);

/** Nothing here may tell more of the secret than whether it is there and how it ends. */
function macFinding({ reference, secret }: MacProtection): Finding {
  if (reference === '') return fail('the reference value is empty', 'Give the reference value that the CA handed out.');
  if (secret.length === 0) return fail('the shared secret is empty', 'Give the secret that the CA handed out.');
  const end = WHITE.get(secret.at(-1) ?? 0);
  if (end !== undefined) {
    return warn(
      `shared secret for reference "${reference}": it ends with ${end}, which counts`,
      'Unless the secret at the CA ends so, too, store it without: printf %s SECRET instead of echo SECRET.',
    );
  }
  return ok(`shared secret for reference "${reference}" is there`);
}

/** What protects our messages: present, current, the key the certificate's own. */
export function credentialFinding({ protection }: Pick<DirectBackendConfig, 'protection'>, now: Date): Finding {
  switch (protection.type) {
    case 'mac':
      return macFinding(protection);
    case 'signature':
      return pairFinding('protection certificate', protection, now);
    default:
      return unreachable(protection);
  }
}
