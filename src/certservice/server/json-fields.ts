import { printable } from '../../cmp/text.js';

/** Something in a configuration file is not as it must be; the message names the field. */
export class ConfigurationError extends Error {
  constructor(field: string, reason: string, cause?: unknown) {
    super(`${field}: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'ConfigurationError';
  }
}

/** Reads the fields of one JSON object. A field that is null counts as absent, as it does for Jackson. */
export class JsonFields {
  readonly path: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** Throws ConfigurationError unless `value` is an object; `path` names it in messages. */
  constructor(path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ConfigurationError(path, 'it must be an object');
    }
    this.path = path;
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  at(name: string): string {
    return `${this.path}.${name}`;
  }

  /** The value of a field; undefined when absent or null. */
  value(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  /** Throws ConfigurationError for a field of any other name. */
  only(...names: readonly string[]): this {
    for (const name of Object.keys(this.#fields)) {
      if (!names.includes(name)) {
        throw new ConfigurationError(
          this.at(printable(name, 60)),
          `there is no such field; known are ${names.join(', ')}`,
        );
      }
    }
    return this;
  }

  /** A text of so many characters at most and one at least. Numbers and booleans count as their text, as for Jackson. */
  text(name: string, longest: number): string {
    const value = this.value(name);
    if (value === undefined) throw new ConfigurationError(this.at(name), 'it is missing');
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new ConfigurationError(this.at(name), 'it must be a text');
    }
    const text = String(value);
    if (text.length < 1 || text.length > longest) {
      throw new ConfigurationError(this.at(name), `it must have 1 to ${longest} characters, it has ${text.length}`);
    }
    return text;
  }

  textIfAny(name: string, longest: number): string | undefined {
    return this.value(name) === undefined ? undefined : this.text(name, longest);
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.value(name);
    if (value === undefined) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new ConfigurationError(this.at(name), `it must be one of ${choices.join(', ')}`);
    return found;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name) ?? fallback;
    if (typeof value !== 'boolean') throw new ConfigurationError(this.at(name), 'it must be true or false');
    return value;
  }

  integer(name: string, least: number, most: number, fallback: number): number {
    const value = this.value(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw new ConfigurationError(this.at(name), `it must be a whole number from ${least} to ${most}`);
    }
    return value;
  }

  object(name: string): JsonFields | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new JsonFields(this.at(name), value);
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name);
    if (!Array.isArray(value)) throw new ConfigurationError(this.at(name), 'it must be a list');
    return value;
  }
}
