import { readFileSync } from 'node:fs';
import type { DemoCase } from './cases.js';
import { keyPem } from './objects.js';
import type { OwnProcess } from './own-process.js';

/** Octets that no two keys have in common by chance, and that a log line would have to hold of a key. */
const PART = 32;

/** What is wrong with the logs of these processes: the private keys of the cases must be in none, not even in base64. */
export function keysInLogs(cases: readonly DemoCase[], processes: readonly OwnProcess[]): string[] {
  const keys = [...new Set(cases.map(keyPem))];
  return processes.flatMap(({ commandLine, logPath }) => {
    const log = readFileSync(logPath, 'utf8');
    const leaks = keys.some((pem) => parts(pem).some((part) => log.includes(part)));
    return leaks ? [`a private key is in the log of: ${commandLine}`] : [];
  });
}

/** Lines of the PEM text, and the text as it stands in a header of CertService. */
function parts(pem: string): string[] {
  const lines = pem.split('\n').filter((line) => !line.startsWith('-----'));
  const header = Buffer.from(pem, 'utf8').toString('base64');
  return [...lines, ...(header.match(new RegExp(`.{${PART}}`, 'g')) ?? [])].filter((part) => part.length >= PART);
}
