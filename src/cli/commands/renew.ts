import { Command } from 'commander';
import { addConnectionOptions } from '../direct/flags.js';
import { addCertificateOptions, type CertificateFlags } from '../enroll/flags.js';
import type { Terminal } from '../terminal.js';

export function renewCommand(terminal: Terminal): Command {
  return addCertificateOptions(addConnectionOptions(new Command('renew')))
    .description(
      'Have the certificate --cert replaced by a key update request (kur), which its key --cert-key signs. The names in ' +
        '--csr must be its own. The new chain goes to --out; the old files stay as they are.',
    )
    .option('--key <file>', "PEM private key of the CSR's own key, which proves itself; default: that of --cert-key")
    .action(async (flags: CertificateFlags) => {
      const { runRenew } = await import('../renew/run.js');
      await runRenew(flags, terminal);
    });
}
