/** Input that is not the strict DER of the expected type. The only error this room throws for bad input. */
export class DerError extends Error {
  /** Octets from the start of the decoded input to where the problem begins. */
  readonly offset: number;
  /** What is wrong there. */
  readonly reason: string;
  /** Field names from the outermost type inward, e.g. `PKIMessage.header.pvno`; empty before a schema is involved. */
  readonly path: string;

  constructor(reason: string, offset: number, path = '') {
    super(`invalid DER at offset ${offset}${path === '' ? '' : ` in ${path}`}: ${reason}`);
    this.name = 'DerError';
    this.reason = reason;
    this.offset = offset;
    this.path = path;
  }

  /** The same error, seen from one level further out. */
  within(name: string): DerError {
    const inner = this.path.startsWith('[') ? this.path : this.path === '' ? '' : `.${this.path}`;
    return new DerError(this.reason, this.offset, `${name}${inner}`);
  }
}
