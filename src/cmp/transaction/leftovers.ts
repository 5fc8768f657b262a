import type { Certificate } from '../../pki/index.js';
import { certificateLabel } from '../certificate-label.js';
import type { CmpError, Leftover } from '../error.js';
import { PROFILES } from '../profile.js';
import { printable } from '../text.js';
import { refuse } from './confirmation.js';
import type { Dialogue } from './dialogue.js';
import type { CmpSession } from './session.js';
import type { KeptAnswer } from './state.js';

/** What one transaction leaves behind at the CA when it yields no certificate that is used. */
export class Leftovers {
  readonly #dialogue: Dialogue;
  readonly #session: CmpSession;
  readonly #signal: AbortSignal;

  constructor(dialogue: Dialogue, session: CmpSession, signal: AbortSignal) {
    this.#dialogue = dialogue;
    this.#session = session;
    this.#signal = signal;
  }

  /** The error with the word that nobody knows what became of the certificate, or whether there is one. */
  unknown(error: CmpError, kept?: KeptAnswer): CmpError {
    return error.with({ leftover: error.leftover ?? this.#leftover('unknown', kept) });
  }

  /** The same, where the CA leaves a certificate valid that we refuse: somebody has to revoke it. `why` follows its name. */
  valid(error: CmpError, kept: KeptAnswer, why: string): CmpError {
    const certificate = this.#readable(kept);
    const which = certificate === undefined ? 'It' : `The certificate (${certificateLabel(certificate)})`;
    const message = printable(`${error.message}. ${which} ${why}: have it revoked there`, 1_200);
    return this.unknown(error.with({ message }), kept);
  }

  /** Tells the CA that the certificate is not wanted. Gives the error, with what is left of it at the CA. */
  async refuse(error: CmpError, kept: KeptAnswer): Promise<CmpError> {
    const noted = await refuse(this.#dialogue, kept, error.message, this.#session, this.#signal);
    const { refusedCertificates } = this.#session.profile ?? PROFILES.default;
    if (refusedCertificates === 'left')
      return this.valid(error, kept, 'stays valid, because this kind of CA does not revoke what is refused');
    if (!noted) return this.valid(error, kept, 'may stay valid, because the CA did not take note of our refusal');
    return error.with({ leftover: this.#leftover('rejected', kept) });
  }

  #leftover(state: Leftover['state'], kept: KeptAnswer | undefined): Leftover {
    const certificate = kept && this.#readable(kept);
    return { transactionID: this.#dialogue.transactionID, state, ...(certificate && { certificate }) };
  }

  #readable(kept: KeptAnswer): Certificate | undefined {
    return this.#session.certificates.usable([kept.certificate])[0];
  }
}
