import { Command } from 'commander';
import { addDoctorOptions, type DoctorFlags } from '../doctor/flags.js';
import type { Terminal } from '../terminal.js';

export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor').description(
    'Find out why an issuer or a CMP server does not work: looks at names, connections, certificates, credentials and clocks, and says what to do. Issues nothing unless --enroll is given.',
  );
  return addDoctorOptions(command).action(async (flags: DoctorFlags) => {
    const { runDoctor } = await import('../doctor/run.js');
    await runDoctor(flags, terminal);
  });
}
