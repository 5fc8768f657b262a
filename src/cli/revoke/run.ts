import { formatName } from '../../pki/index.js';
import { withClient } from '../direct/exchange.js';
import { type Terminal, writeLine } from '../terminal.js';
import { certificateToRevoke, type RevokeFlags } from './flags.js';

/** Revokes one certificate and reports. Throws CliError. */
export async function runRevoke(flags: RevokeFlags, terminal: Terminal): Promise<void> {
  const { reason, output } = flags;
  const certificate = certificateToRevoke(flags);
  const { already, notes, facts } = await withClient(flags, terminal, (client, signal) =>
    client.revoke(certificate, reason, signal),
  );
  const digits = certificate.serialNumber.toString(16);
  const serial = digits.length % 2 === 0 ? digits : `0${digits}`;
  const issuer = formatName(certificate.issuer);
  if (output === 'json') {
    writeLine(terminal.out, JSON.stringify({ serial, issuer, reason, already, notes, ...facts }, null, 2));
    return;
  }
  const done = already ? 'already revoked' : reason === 'removeFromCRL' ? 'no longer on hold' : 'revoked';
  writeLine(terminal.err, `${done}: serial ${serial}, issued by "${issuer}"; reason ${reason}, ${facts.protection}`);
  for (const note of notes) writeLine(terminal.err, `note: ${note}`);
}
