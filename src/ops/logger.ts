import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogFields, Logger } from '../runtime/logger.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Field names whose values never reach a log, at the top level and one level down: a last net, not a licence. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'secret',
  'password',
  'token',
  'authorization',
  'privateKey',
  'privateKeyPem',
  'clientKeyPem',
  'csr',
  'csrPem',
  'request',
  'data',
]);

/**
 * A logger that writes one JSON object per line: `level` as a word, `time` in RFC 3339, `msg`, and the fields given.
 * Errors under `error` become name, message, code and the names and messages of their causes; no stacks below debug.
 */
export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  return wrap(
    pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: (error: unknown) => describeError(error, level === 'debug') },
      },
      destination,
    ),
  );
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(censored(fields), message),
    info: (fields, message) => logger.info(censored(fields), message),
    warn: (fields, message) => logger.warn(censored(fields), message),
    error: (fields, message) => logger.error(censored(fields), message),
    child: (fields) => wrap(logger.child(censored(fields))),
  };
}

/** The same fields without secrets. Not pino's `redact`, which copies every line to its depth to find that there are none. */
function censored(fields: LogFields): LogFields {
  let changed: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown = SECRET_FIELDS.has(name) && value !== undefined ? '[redacted]' : censoredWithin(value);
    if (shown === value) continue;
    changed ??= { ...fields };
    changed[name] = shown;
  }
  return changed ?? fields;
}

function censoredWithin(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (!Object.keys(value).some((name) => SECRET_FIELDS.has(name))) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, SECRET_FIELDS.has(name) ? '[redacted]' : inner]),
  );
}

const MAX_CAUSES = 4;

/** What a log may tell of an error: nothing but its words. Other properties may hold whole requests. */
function describeError(error: unknown, withStack: boolean): LogFields {
  if (!(error instanceof Error)) return { message: String(error) };
  const causes: string[] = [];
  for (let next = error.cause; next instanceof Error && causes.length < MAX_CAUSES; next = next.cause)
    causes.push(`${next.name}: ${next.message}`);
  return {
    name: error.name,
    message: error.message,
    ...('code' in error && { code: String(error.code) }),
    ...(causes.length > 0 && { causes }),
    ...(withStack && { stack: error.stack }),
  };
}
