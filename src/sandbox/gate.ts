/** Something that was stopped on its way and waits to be let go. */
export interface Held<Subject, Spoil> {
  readonly subject: Subject;
  /** Lets it go on as if nothing had been. */
  proceed(): void;
  /** Lets it go on to a bad end. */
  spoil(how: Spoil): void;
}

/** A place where some are stopped, until it is lifted. */
export interface Hold<Subject, Spoil> {
  /** The first one that came by. Never settles if none does. */
  readonly first: Promise<Held<Subject, Spoil>>;
  /** Those that wait at present, in the order they came. */
  readonly held: readonly Held<Subject, Spoil>[];
  /** Stops nobody any more, and lets go who waits. */
  lift(): void;
}

interface Place<Subject, Spoil> {
  readonly matches: (subject: Subject) => boolean;
  readonly held: Set<Held<Subject, Spoil>>;
  readonly arrived: (held: Held<Subject, Spoil>) => void;
}

/**
 * Stops what passes at chosen points and tells that it is there, so that a test can do something at exactly that moment.
 * Costs nothing while nobody holds anything.
 */
export class Gate<Subject, Spoil> {
  readonly #places = new Set<Place<Subject, Spoil>>();

  /** Stops everything that matches from now on. */
  hold(matches: (subject: Subject) => boolean): Hold<Subject, Spoil> {
    const held = new Set<Held<Subject, Spoil>>();
    let arrived: Place<Subject, Spoil>['arrived'] = () => {};
    const first = new Promise<Held<Subject, Spoil>>((resolve) => {
      arrived = resolve;
    });
    const place = { matches, held, arrived };
    this.#places.add(place);
    return {
      first,
      get held() {
        return [...held];
      },
      lift: () => this.#lift(place),
    };
  }

  /** Comes back when the subject may go on; with a value if it is to be spoilt. */
  pass(subject: Subject): Promise<Spoil | undefined> | undefined {
    const place = [...this.#places].find(({ matches }) => matches(subject));
    if (place === undefined) return undefined;
    return new Promise((resolve) => {
      const leave = (how: Spoil | undefined) => {
        place.held.delete(held);
        resolve(how);
      };
      const held: Held<Subject, Spoil> = { subject, proceed: () => leave(undefined), spoil: leave };
      place.held.add(held);
      place.arrived(held);
    });
  }

  /** Lifts every hold. */
  open(): void {
    for (const place of [...this.#places]) this.#lift(place);
  }

  #lift(place: Place<Subject, Spoil>): void {
    this.#places.delete(place);
    for (const held of [...place.held]) held.proceed();
  }
}
