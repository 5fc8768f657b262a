/** Every so many turns, whoever has waited longest goes, whatever the rank: low ranks get on, however busy high ones are. */
export const TURNS_PER_FAIR_ONE = 4;

/**
 * Keys that wait, each at most once. The lowest rank goes first, and within a rank whoever came first; but every fourth
 * turn goes to the one that has waited longest of all. Meant for a handful of ranks.
 */
export class WaitingLine {
  /** By rank, in the order of arrival; the number tells that order over all ranks. */
  readonly #lanes = new Map<number, Map<string, number>>();
  readonly #rankOf = new Map<string, number>();
  #arrivals = 0;
  #turns = 0;

  get size(): number {
    return this.#rankOf.size;
  }

  has(key: string): boolean {
    return this.#rankOf.has(key);
  }

  keys(): Iterable<string> {
    return this.#rankOf.keys();
  }

  /** A key that waits already keeps its place. */
  add(key: string, rank: number): void {
    if (this.#rankOf.has(key)) return;
    this.#rankOf.set(key, rank);
    let lane = this.#lanes.get(rank);
    if (lane === undefined) {
      lane = new Map();
      this.#lanes.set(rank, lane);
    }
    lane.set(key, this.#arrivals++);
  }

  /** True when it had waited. */
  remove(key: string): boolean {
    const rank = this.#rankOf.get(key);
    if (rank === undefined) return false;
    this.#rankOf.delete(key);
    const lane = this.#lanes.get(rank);
    lane?.delete(key);
    if (lane?.size === 0) this.#lanes.delete(rank);
    return true;
  }

  /** The one whose turn it is, which waits no more; undefined when nobody waits. */
  next(): string | undefined {
    if (this.size === 0) return undefined;
    this.#turns = (this.#turns + 1) % TURNS_PER_FAIR_ONE;
    const key = this.#first(this.#turns === 0 ? (_rank, arrival) => arrival : (rank) => rank);
    if (key !== undefined) this.remove(key);
    return key;
  }

  clear(): void {
    this.#lanes.clear();
    this.#rankOf.clear();
  }

  /** Of the first ones of all lanes the one with the least `measure`. */
  #first(measure: (rank: number, arrival: number) => number): string | undefined {
    let best: { readonly key: string; readonly value: number } | undefined;
    for (const [rank, lane] of this.#lanes) {
      for (const [key, arrival] of lane) {
        const value = measure(rank, arrival);
        if (best === undefined || value < best.value) best = { key, value };
        break;
      }
    }
    return best?.key;
  }
}
