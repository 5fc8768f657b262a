import { Command, Option } from 'commander';
import { addConnectionOptions } from '../direct/flags.js';
import type { EnrollFlags } from '../enroll/flags.js';
import type { Terminal } from '../terminal.js';

export function enrollCommand(terminal: Terminal): Command {
  return addConnectionOptions(new Command('enroll'))
    .description('Get one certificate from a CMP server. The certificate chain goes to --out, without Kubernetes.')
    .addOption(
      new Option('--cmd <body>', 'message that asks for the certificate')
        .choices(['ir', 'cr', 'p10cr'])
        .makeOptionMandatory(),
    )
    .requiredOption('--csr <file>', 'PKCS#10 request in PEM; its public key and names are asked for')
    .addOption(
      new Option('--popo <kind>', 'proof of possession for ir and cr')
        .choices(['raverified', 'signature'])
        .default('raverified'),
    )
    .option('--key <file>', "PEM private key of the CSR's own key, for --popo signature")
    .option('--implicit-confirm', 'ask the CA to do without the confirmation message', false)
    .option('--accept-modifications', 'accept names and usages other than requested', false)
    .requiredOption('--out <file>', 'where to write the chain in PEM, leaf first; - is standard output')
    .option('--ca-out <file>', 'where to write the trusted CA certificates in PEM')
    .action(async (flags: EnrollFlags) => {
      const { runEnroll } = await import('../enroll/run.js');
      await runEnroll(flags, terminal);
    });
}
