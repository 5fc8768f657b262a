import type { JournalEntry, JournalFilter, RequestJournal } from './types.js';

interface Counter {
  readonly sample: JournalEntry;
  count: number;
}

/** Remembers requests: counters for all of them, the latest in full. */
export class Journal implements RequestJournal {
  readonly #limit: number;
  readonly #counters = new Map<string, Counter>();
  #recent: JournalEntry[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  record(entry: JournalEntry): void {
    const { verb, group, resource, subresource, user, code } = entry;
    const key = JSON.stringify([verb, group, resource, subresource, user, code]);
    const counter = this.#counters.get(key);
    if (counter === undefined) this.#counters.set(key, { sample: entry, count: 1 });
    else counter.count += 1;
    this.#recent.push(entry);
    // Twice the limit before cutting: one copy per `limit` requests, not one per request.
    if (this.#recent.length >= 2 * this.#limit) this.#recent = this.#recent.slice(this.#recent.length - this.#limit);
  }

  count(filter: JournalFilter = {}): number {
    let sum = 0;
    for (const { sample, count } of this.#counters.values()) if (matches(sample, filter)) sum += count;
    return sum;
  }

  entries(filter: JournalFilter = {}): readonly JournalEntry[] {
    return this.#recent.slice(-this.#limit).filter((entry) => matches(entry, filter));
  }

  reset(): void {
    this.#counters.clear();
    this.#recent = [];
  }
}

function matches(entry: JournalEntry, filter: JournalFilter): boolean {
  const { verb, resource, subresource, user, code } = filter;
  return (
    (verb === undefined || [verb].flat().includes(entry.verb)) &&
    (resource === undefined || entry.resource === resource) &&
    (subresource === undefined || (entry.subresource ?? '') === subresource) &&
    (user === undefined || entry.user === user) &&
    (code === undefined || entry.code === code)
  );
}
