import { setFlagsFromString } from 'node:v8';

/**
 * Saves a quarter of the controller's peak memory. The HTTP parser of undici is WebAssembly, and V8 takes 30 MiB for a
 * moment to optimise it; the baseline compiler's code is fast enough for headers. Must run before the first request:
 * V8 takes the flag as long as there is no WebAssembly yet.
 */
export function keepRuntimeLean(): void {
  setFlagsFromString('--liftoff-only');
}
