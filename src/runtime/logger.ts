/** Structured fields of a log line. Never put secrets, keys or whole requests in here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The logging seam: the shape of pino that we use, so that nothing below `ops/` depends on a log library. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
