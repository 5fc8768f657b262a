import type { Gauge } from 'prom-client';

/** The end of each configured certificate, per owner. What is no longer configured goes away. */
export class CredentialGauge<L extends Readonly<Record<string, string>>> {
  readonly #gauge: Gauge;
  /** By owner: its labels and the credentials it has now. */
  readonly #shown = new Map<string, ReadonlySet<string>>();

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  /** Replaces what was known of this owner. */
  set(owner: L, ends: ReadonlyMap<string, Date>): void {
    const key = JSON.stringify(Object.values(owner));
    for (const credential of this.#shown.get(key) ?? [])
      if (!ends.has(credential)) this.#gauge.remove({ ...owner, credential });
    for (const [credential, end] of ends) this.#gauge.set({ ...owner, credential }, end.getTime() / 1000);
    if (ends.size === 0) this.#shown.delete(key);
    else this.#shown.set(key, new Set(ends.keys()));
  }
}
