/** The text of a scalar; empty for anything that has none. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
