/** A key store, trust store or PEM file for TLS cannot be used. Says which file and why; never quotes it. */
export class StoreError extends Error {
  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path}: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
  }
}
