import { Command, Option } from 'commander';
import { REVOCATION_REASONS } from '../../cmp/revocation-reason.js';
import { addConnectionOptions } from '../direct/flags.js';
import type { RevokeFlags } from '../revoke/flags.js';
import type { Terminal } from '../terminal.js';

export function revokeCommand(terminal: Terminal): Command {
  return addConnectionOptions(new Command('revoke'))
    .description('Have one certificate revoked by a CMP server. One that is revoked already counts as done.')
    .option('--certificate <file>', 'PEM of the certificate to revoke; of several the first one')
    .option('--issuer <dn>', 'instead of --certificate: name of its issuer, e.g. "CN=Issuing CA,O=Example"')
    .option('--serial <hex>', 'instead of --certificate: its serial number in hexadecimal, colons or not')
    .addOption(
      new Option('--reason <name>', 'why (RFC 5280 section 5.3.1); removeFromCRL lifts certificateHold')
        .choices(Object.keys(REVOCATION_REASONS))
        .default('unspecified'),
    )
    .action(async (flags: RevokeFlags) => {
      const { runRevoke } = await import('../revoke/run.js');
      await runRevoke(flags, terminal);
    });
}
