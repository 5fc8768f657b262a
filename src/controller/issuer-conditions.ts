import { type Condition, type ConditionFacts, findCondition, nextCondition, saysTheSame } from '../api/conditions.js';
import type { Issuer } from '../api/issuer.js';
import type { ObjectEvent } from '../kube/event-object.js';
import type { RevocationTrouble } from './revocation/sources.js';
import { TRUST_CONDITION } from './trust-condition.js';

/** Every type that may be ours. All of them go into one server-side apply, which removes what it does not hold. */
const OURS: readonly string[] = ['Ready', TRUST_CONDITION, 'CredentialsExpiring', 'RevocationBlocked'];

/** The conditions to write, and those of them that tell something new; undefined when there is nothing to write. */
export function issuerConditions(
  existing: readonly Condition[] | undefined,
  wanted: readonly ConditionFacts[],
  now: Date,
): { readonly conditions: readonly Condition[]; readonly news: readonly Condition[] } | undefined {
  const gone = (existing ?? []).some(
    ({ type }) => OURS.includes(type) && !wanted.some((condition) => condition.type === type),
  );
  const conditions = wanted.map((facts) => nextCondition(findCondition(existing, facts.type), facts, now));
  const news = conditions.filter((condition) => !saysTheSame(findCondition(existing, condition.type), condition));
  return gone || news.length > 0 ? { conditions, news } : undefined;
}

/** The condition that says why nothing is revoked; undefined when all is well. */
export const revocationCondition = (
  trouble: RevocationTrouble | undefined,
  generation: number,
): ConditionFacts | undefined =>
  trouble && { type: 'RevocationBlocked', status: 'True', ...trouble, observedGeneration: generation };

/** What the event about a new condition says; undefined where it calls nobody to action. */
export function issuerEvent(issuer: Issuer, condition: Condition): ObjectEvent | undefined {
  const { type, status, reason = '', message = '' } = condition;
  const event = (kind: ObjectEvent['type'], action: string): ObjectEvent => ({
    regarding: issuer,
    type: kind,
    reason,
    action,
    note: message,
  });
  switch (type) {
    case 'Ready':
      return event(status === 'True' ? 'Normal' : 'Warning', 'Verify');
    case TRUST_CONDITION:
      return status === 'True' || reason === 'NotBelieved' ? event('Warning', 'RefreshTrust') : undefined;
    case 'RevocationBlocked':
      return event('Warning', 'Revoke');
    default:
      return event('Warning', 'Verify');
  }
}
