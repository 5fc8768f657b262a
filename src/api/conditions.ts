export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A condition in `status.conditions`, a list keyed by `type`. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339 in whole seconds. */
  readonly lastTransitionTime?: string;
  /** CertificateRequests have none. */
  readonly observedGeneration?: number;
}

export type ConditionFacts = Omit<Condition, 'lastTransitionTime'>;

/** RFC 3339 in UTC and whole seconds: what Go writes, and what comparisons of the API server are made on. */
export const wholeSeconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

export const findCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';

/** The condition to write in place of `existing`: its lastTransitionTime moves only when the status does. */
export function nextCondition(existing: Condition | undefined, facts: ConditionFacts, now: Date): Condition {
  const unchanged = existing?.status === facts.status ? existing.lastTransitionTime : undefined;
  return { ...facts, lastTransitionTime: unchanged ?? wholeSeconds(now) };
}

/** True when writing `wanted` would tell nobody anything new. */
export const saysTheSame = (existing: Condition | undefined, wanted: ConditionFacts): boolean =>
  existing !== undefined &&
  existing.status === wanted.status &&
  (existing.reason ?? '') === (wanted.reason ?? '') &&
  (existing.message ?? '') === (wanted.message ?? '') &&
  existing.observedGeneration === wanted.observedGeneration;
