/** Whether a server could not be opened at its address: port in use, address not ours, not allowed. */
export const isListenError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'listen';
