import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { printable } from '../../cmp/text.js';

/** Who the TLS client is, for the log: the common name of its certificate. */
export function clientNameOf(socket: Socket): string {
  if (!(socket instanceof TLSSocket)) return '';
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? printable(name, 128) : '';
}
