import { ERROR_CODES } from '../../cmp/error-codes.js';
import type { EnrollmentError } from '../../enrollment/error.js';
import { exitCodeOf } from '../direct/exit-code.js';
import { EXIT } from '../exit.js';

/** Who has to act: the CA or a policy said no, or something around it (network, files, credentials) is wrong. */
export type Blame = 'refused' | 'environment';

/** What one step found. Texts are for people: bounded, printable, no secrets. */
export type Finding =
  | { readonly status: 'ok'; readonly detail: string; readonly issued?: IssuedSerial }
  | { readonly status: 'warn'; readonly detail: string; readonly remedy: string }
  | { readonly status: 'fail'; readonly detail: string; readonly remedy: string; readonly blame: Blame }
  /** Not looked at, and why. */
  | { readonly status: 'skip'; readonly detail: string };

export type Status = Finding['status'];

/** A certificate that came into the world by looking. */
interface IssuedSerial {
  /** Lower-case hex. */
  readonly serial: string;
  /** RFC 4514 text. */
  readonly issuer: string;
}

export const ok = (detail: string): Finding => ({ status: 'ok', detail });
export const warn = (detail: string, remedy: string): Finding => ({ status: 'warn', detail, remedy });
export const skip = (detail: string): Finding => ({ status: 'skip', detail });
export const fail = (detail: string, remedy: string, blame: Blame = 'environment'): Finding => ({
  status: 'fail',
  detail,
  remedy,
  blame,
});

/** The finding for an error of the CMP client or of a backend: its words, and the remedy that belongs to its code. */
export function failed(
  error: Pick<EnrollmentError, 'code' | 'message'>,
  remedy: string = ERROR_CODES[error.code].remedy,
): Finding {
  return fail(error.message, remedy, exitCodeOf(error) === EXIT.refused ? 'refused' : 'environment');
}
