const UNIT_SECONDS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)/y;

/** Go counts nanoseconds in 63 bits: 292 years. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/**
 * Whole seconds of a Go duration such as `2160h0m0s` (time.ParseDuration, no sign); undefined if it is none, or more
 * than Go can count.
 */
export function goDurationSeconds(text: string): number | undefined {
  let seconds = 0;
  let at = 0;
  while (at < text.length) {
    PART.lastIndex = at;
    const [part, amount, unit] = PART.exec(text) ?? [];
    if (part === undefined || unit === undefined) return undefined;
    seconds += Number(amount) * (UNIT_SECONDS[unit] ?? 0);
    at += part.length;
  }
  return at === 0 || seconds > MAX_SECONDS ? undefined : Math.floor(seconds);
}
