import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DEMO_CASES, type DemoCase } from '../../../../src/cli/demo/cases.js';
import { keysInLogs } from '../../../../src/cli/demo/log-check.js';
import { csrPem, keyPem } from '../../../../src/cli/demo/objects.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-check-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const demoCase = DEMO_CASES[0] as DemoCase;

it.each<[string, (key: string) => string, boolean]>([
  ['nothing of the kind', () => base64(csrPem(demoCase)), false],
  ['a key as it is', (key) => key, true],
  ['a key in one line of JSON', (key) => JSON.stringify({ key }), true],
  ['a header of CertService', (key) => `{"msg":"PK: ${base64(key)}"}`, true],
  ['the end of a header', (key) => base64(key).slice(-200), true],
])('finds a private key in a log: %s', (_name, log, found) => {
  const logPath = join(folder, 'log');
  writeFileSync(logPath, log(keyPem(demoCase)));
  const process = { commandLine: 'cmpv2-issuer x', logPath, assertRunning: () => {}, stop: async () => {} };
  expect(keysInLogs(DEMO_CASES, [process])).toHaveLength(found ? 1 : 0);
});
