import { Command, CommanderError } from 'commander';
import { systemRandom } from '../runtime/random.js';
import { cacertsCommand } from './commands/cacerts.js';
import { certserviceCommand } from './commands/certservice.js';
import { controllerCommand } from './commands/controller.js';
import { convertCommand } from './commands/convert.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { enrollCommand } from './commands/enroll.js';
import { inspectCommand } from './commands/inspect.js';
import { renewCommand } from './commands/renew.js';
import { revokeCommand } from './commands/revoke.js';
import { sandboxCommand } from './commands/sandbox.js';
import { templateCommand } from './commands/template.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { systemTerminal, writeLine } from './terminal.js';
import { version } from './version.js';

const terminal = systemTerminal();

const program = new Command('cmpv2-issuer')
  .description('External issuer that connects cert-manager to CMP (RFC 9810) certificate authorities.')
  .version(version(), '-V, --version', 'print the version')
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 the CA or a policy said no, 2 usage, 3 environment (network, files, credentials), 4 internal.`,
  )
  .addCommand(controllerCommand())
  .addCommand(certserviceCommand())
  .addCommand(sandboxCommand(terminal))
  .addCommand(demoCommand(terminal))
  .addCommand(enrollCommand(terminal))
  .addCommand(renewCommand(terminal))
  .addCommand(revokeCommand(terminal))
  .addCommand(cacertsCommand(terminal))
  .addCommand(templateCommand(terminal))
  .addCommand(doctorCommand(terminal))
  .addCommand(inspectCommand(terminal))
  .addCommand(convertCommand(terminal, systemRandom));

const subcommands = program.commands.flatMap((command) => [command, ...command.commands]);
for (const command of [program, ...subcommands])
  command.exitOverride().showHelpAfterError('(--help shows the options)');

async function run(): Promise<ExitCode> {
  try {
    await program.parseAsync();
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof CliError) {
      writeLine(terminal.err, `error: ${error.message}`);
      return error.exitCode;
    }
    writeLine(
      terminal.err,
      `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return EXIT.internal;
  }
}

process.exitCode = await run();
