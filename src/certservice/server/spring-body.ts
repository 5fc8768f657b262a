import { STATUS_CODES } from 'node:http';

/** The body that Spring Boot gives to errors that no handler describes. `path` without query. */
export function springBody(status: number, path: string, now: Date): Readonly<Record<string, unknown>> {
  return {
    timestamp: now.toISOString().replace('Z', '+00:00'),
    status,
    error: STATUS_CODES[status] ?? 'Error',
    path,
  };
}
