import type { IssuerReason } from './issuer-view.js';

/** Why an issuer cannot sign. The message says what to change; it never holds what a Secret holds. */
export class IssuerProblem extends Error {
  override readonly name = 'IssuerProblem';
  readonly reason: Exclude<IssuerReason, 'Verified'>;

  constructor(reason: Exclude<IssuerReason, 'Verified'>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
