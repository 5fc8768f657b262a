import { writeOutput } from '../files.js';
import { styled, type Terminal, writeLine } from '../terminal.js';
import type { Conversion } from './objects.js';
import { toYaml } from './yaml.js';

/** Objects as YAML to `out` (a file, or undefined and `-` for standard output), each warning as a line on stderr. */
export function writeConversion({ objects, warnings }: Conversion, out: string | undefined, terminal: Terminal): void {
  for (const warning of warnings) writeLine(terminal.err, `${styled(terminal, 'yellow', 'warning:')} ${warning}`);
  const yaml = toYaml(objects);
  if (out === undefined || out === '-') terminal.out.write(yaml);
  // Secrets may be among the objects.
  else writeOutput('--out', out, yaml, 0o600);
}
