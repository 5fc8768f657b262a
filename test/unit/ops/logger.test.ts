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

it('keeps secrets out, also one level down', () => {
  const { logger, lines } = capture();
  logger.info({ secret: 's3cret', config: { privateKeyPem: 's3cret', url: 'u' } }, 'x');
  expect(lines[0]).not.toContain('s3cret');
  expect(lines[0]).toContain('[redacted]');
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
