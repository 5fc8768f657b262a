import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageObserver } from '../../cmp/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import { writeOutput } from '../files.js';

/** Writes messages as NN-request-TYPE.der and NN-response-TYPE.der. */
export function recorder(folder: string): MessageObserver {
  mkdirSync(folder, { recursive: true });
  let count = 0;
  return (direction, der) => {
    if (direction === 'request') count += 1;
    writeOutput('--record', join(folder, `${String(count).padStart(2, '0')}-${direction}-${typeOf(der)}.der`), der);
  };
}

function typeOf(der: Uint8Array): ReceivedMessage['body']['type'] | 'unreadable' {
  try {
    return decodeMessage(der).body.type;
  } catch {
    return 'unreadable';
  }
}
