import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogFields, Logger } from '../runtime/logger.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Field names whose values never reach a log, at the top level and one level down: a last net, not a licence. */
const SECRET_FIELDS = [
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
];

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
        redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      },
      destination,
    ),
  );
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
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
