import { expect, it } from '@jest/globals';
import { createLogger, type LogLevel } from '../../../src/ops/logger.js';

function capture(level: LogLevel = 'info') {
  const lines: string[] = [];
  return { logger: createLogger(level, { write: (line) => void lines.push(line) }), lines };
}

it('writes one JSON object per line with level, time, message and fields', () => {
  const { logger, lines } = capture();
  logger.child({ request: undefined, issuer: 'a/b' }).info({ serial: '0a' }, 'certificate issued');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    issuer: 'a/b',
    serial: '0a',
    msg: 'certificate issued',
  });
});

it('keeps secrets out, also one level down and in what all lines of a child tell', () => {
  const { logger, lines } = capture();
  const fields = { secret: 's3cret', config: { privateKeyPem: 's3cret', url: 'u' } };
  logger.info(fields, 'x');
  logger.child({ password: 's3cret', user: { token: 's3cret', name: 'u' } }).warn({ kept: { url: 'u' } }, 'x');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ secret: '[redacted]', config: { privateKeyPem: '[redacted]', url: 'u' } }),
    expect.objectContaining({
      password: '[redacted]',
      user: { token: '[redacted]', name: 'u' },
      kept: { url: 'u' },
    }),
  ]);
  // The objects belong to the caller.
  expect(fields).toEqual({ secret: 's3cret', config: { privateKeyPem: 's3cret', url: 'u' } });
});

it('tells words of errors and their causes, not their other properties', () => {
  const { logger, lines } = capture();
  const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), {
    code: 'Rejected',
    body: 'hush',
  });
  logger.error({ error }, 'x');
  expect(JSON.parse(lines[0] ?? '')['error']).toEqual({
    name: 'Error',
    message: 'outer',
    code: 'Rejected',
    causes: ['TypeError: inner'],
  });
});

it('leaves out lines below its level', () => {
  const { logger, lines } = capture('warn');
  logger.info({}, 'x');
  expect(lines).toEqual([]);
});
