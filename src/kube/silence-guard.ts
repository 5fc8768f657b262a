import type { Clock } from '../runtime/clock.js';

/** A signal that aborts with its outer signal, or when `alive` has not been called for too long. */
export interface SilenceGuard {
  readonly signal: AbortSignal;
  alive(): void;
  /** Must be called in the end, or the outer signal keeps a listener. */
  release(): void;
}

/** A dead TCP connection looks just like a quiet one; only time tells them apart. */
export function guardSilence(clock: Clock, limitMs: number, outer: AbortSignal): SilenceGuard {
  const inner = new AbortController();
  const timer = new AbortController();
  const follow = () => inner.abort(outer.reason);
  if (outer.aborted) follow();
  else outer.addEventListener('abort', follow, { once: true });
  let heardAt = clock.monotonic();
  // One timer that looks again, instead of a new one per event.
  const guard = async () => {
    for (let left = limitMs; left > 0; left = heardAt + limitMs - clock.monotonic()) {
      await clock.sleep(left, timer.signal);
    }
    inner.abort(new Error(`nothing came for ${limitMs} ms`));
  };
  guard().catch(() => {});
  return {
    signal: inner.signal,
    alive: () => {
      heardAt = clock.monotonic();
    },
    release: () => {
      timer.abort();
      outer.removeEventListener('abort', follow);
    },
  };
}
