import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** Where a subcommand writes: results to `out`, diagnostics and progress to `err`. */
export interface Terminal {
  readonly out: Writable;
  readonly err: Writable;
  /** Whether `err` may carry colours and rewritten lines: a TTY, and NO_COLOR is not set. */
  readonly fancy: boolean;
}

export const systemTerminal = (): Terminal => ({
  out: process.stdout,
  err: process.stderr,
  fancy: process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
});

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** The text in that style, or as it is where styles are not wanted. */
export const styled = (terminal: Terminal, style: Style, text: string): string =>
  terminal.fancy ? styleText(style, text, { validateStream: false }) : text;

export const writeLine = (stream: Writable, line = ''): void => {
  stream.write(`${line}\n`);
};

/** Columns as wide as their widest cell, two blanks apart; the first row is the head. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
