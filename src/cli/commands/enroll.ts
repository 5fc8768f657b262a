import { Command, Option } from 'commander';
import { addConnectionOptions } from '../direct/flags.js';
import { addCertificateOptions, type EnrollFlags } from '../enroll/flags.js';
import type { Terminal } from '../terminal.js';

export function enrollCommand(terminal: Terminal): Command {
  return addCertificateOptions(addConnectionOptions(new Command('enroll')))
    .description('Get one certificate from a CMP server. The certificate chain goes to --out, without Kubernetes.')
    .addOption(
      new Option('--cmd <body>', 'message that asks for the certificate')
        .choices(['ir', 'cr', 'p10cr'])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--popo <kind>', 'proof of possession for ir and cr')
        .choices(['raverified', 'signature'])
        .default('raverified'),
    )
    .option('--key <file>', "PEM private key of the CSR's own key, for --popo signature")
    .option(
      '--original <file>',
      'as an RA: PKIMessage in DER with which the end entity asked for this; sent along (origPKIMessage)',
    )
    .action(async (flags: EnrollFlags) => {
      const { runEnroll } = await import('../enroll/run.js');
      await runEnroll(flags, terminal);
    });
}
