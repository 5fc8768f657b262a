import { Command, Option } from 'commander';
import { PROFILE_NAMES } from '../../cmp/profile.js';
import { parseCount } from '../arguments.js';
import type { EnrollFlags } from '../enroll/flags.js';
import type { Terminal } from '../terminal.js';

export function enrollCommand(terminal: Terminal): Command {
  return new Command('enroll')
    .description('Get one certificate from a CMP server. The certificate chain goes to --out, without Kubernetes.')
    .requiredOption('--server <url>', 'URL of the CMP server, used verbatim')
    .addOption(
      new Option('--cmd <body>', 'message that asks for the certificate')
        .choices(['ir', 'cr', 'p10cr'])
        .makeOptionMandatory(),
    )
    .requiredOption('--csr <file>', 'PKCS#10 request in PEM; its public key and names are asked for')
    .requiredOption('--recipient <dn>', 'name of the CA, e.g. "CN=Issuing CA,O=Example" or "/O=Example/CN=Issuing CA"')
    .requiredOption('--trusted <file>', 'PEM of the trust anchors for answers and certificates')
    .addOption(
      new Option('--profile <name>', 'kind of CMP server, whose ways are then allowed for')
        .choices(PROFILE_NAMES)
        .default('default'),
    )
    .addOption(
      new Option('--popo <kind>', 'proof of possession for ir and cr')
        .choices(['raverified', 'signature'])
        .default('raverified'),
    )
    .option('--key <file>', "PEM private key of the CSR's own key, for --popo signature")
    .option('--ref <text>', 'reference value of the shared secret')
    .option('--secret-file <file>', 'file with the shared secret; one line end at its end does not count')
    .option('--cert <file>', 'PEM certificate that protects our messages (instead of --ref)')
    .option('--cert-key <file>', 'PEM private key of --cert')
    .option('--cert-chain <file>', 'PEM of the issuers of --cert, sent along')
    .option('--implicit-confirm', 'ask the CA to do without the confirmation message', false)
    .option('--accept-modifications', 'accept names and usages other than requested', false)
    .option('--tls-ca <file>', 'PEM of the CAs for the TLS server certificate; default: those of Node.js')
    .option('--timeout <seconds>', 'longest wait for one answer', parseCount(1, 3600), 60)
    .option('--poll-timeout <seconds>', 'longest time to go on polling', parseCount(1), 3600)
    .option('--record <folder>', 'write every message sent and received there, in DER')
    .requiredOption('--out <file>', 'where to write the chain in PEM, leaf first; - is standard output')
    .option('--ca-out <file>', 'where to write the trusted CA certificates in PEM')
    .addOption(new Option('--output <format>', 'how to report').choices(['text', 'json']).default('text'))
    .action(async (flags: EnrollFlags) => {
      const { runEnroll } = await import('../enroll/run.js');
      await runEnroll(flags, terminal);
    });
}
