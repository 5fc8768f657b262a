const DAY = 86_400_000;

/** Less than this, and less than a fifth of the whole, is soon. */
const SOON_DAYS = 30;

type LifetimeState = 'current' | 'ending' | 'expired' | 'notYetValid';

export interface Lifetime {
  readonly state: LifetimeState;
  /** Reads on after the name of a certificate. */
  readonly text: string;
}

/** Where `now` lies in the life of a certificate. Short-lived ones are renewed late: they end soon in their last fifth. */
export function lifetime(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  now: Date,
): Lifetime {
  const left = notAfter.getTime() - now.getTime();
  if (left < 0) return { state: 'expired', text: `expired at ${notAfter.toISOString()}` };
  if (notBefore > now) return { state: 'notYetValid', text: `is not valid before ${notBefore.toISOString()}` };
  const whole = notAfter.getTime() - notBefore.getTime();
  if (left < SOON_DAYS * DAY && left < whole / 5) {
    return { state: 'ending', text: `ends at ${notAfter.toISOString()}, in ${Math.floor(left / DAY)} days` };
  }
  return { state: 'current', text: `is valid until ${notAfter.toISOString()}` };
}
