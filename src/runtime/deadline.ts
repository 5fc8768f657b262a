import type { Clock } from './clock.js';

/** A signal that follows a caller's signal and a time limit, and lets go of both when told to. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Milliseconds left. */
  remaining(): number;
  /** Drops the time limit only; the caller's signal still counts. */
  lift(): void;
  /** Must be called in the end, or the caller's signal keeps a listener. */
  release(): void;
}

/** `AbortSignal.any` would do, but keeps memory for as long as the longest-lived of its sources on Node 20. */
export function startDeadline(
  clock: Clock,
  limitMs: number,
  onExpiry: () => Error,
  caller: AbortSignal | undefined,
): Deadline {
  const controller = new AbortController();
  const dueAt = clock.monotonic() + limitMs;
  const follow = () => controller.abort(caller?.reason);
  if (caller?.aborted) follow();
  else caller?.addEventListener('abort', follow, { once: true });
  const lift = clock.after(limitMs, () => controller.abort(onExpiry()));
  return {
    signal: controller.signal,
    remaining: () => dueAt - clock.monotonic(),
    lift,
    release: () => {
      lift();
      caller?.removeEventListener('abort', follow);
    },
  };
}
