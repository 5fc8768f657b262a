/** What the CA knows about the fate of a certificate. */
export type CertificateState = 'issued' | 'confirmed' | 'rejected' | 'implicitlyConfirmed' | 'revoked';

export interface LedgerEntry {
  /** Lower-case hex, at most 40 digits, no separators. */
  readonly serial: string;
  /** RFC 4514 text. */
  readonly subject: string;
  /** SHA-256 of the requested SubjectPublicKeyInfo, lower-case hex. */
  readonly publicKeySha256: string;
  /** Lower-case hex. */
  readonly transactionID: string;
  /** Body that asked for it. */
  readonly body: string;
  /** How that body was protected, e.g. `PasswordBasedMac` or `ECDSA with SHA-256`. */
  readonly protection: string;
  /** `issued`: nobody has said anything yet. For ever so where the client is never heard of again. */
  readonly state: CertificateState;
  /** Granted without the need for a certConf. */
  readonly implicit: boolean;
  /** What the client said when it rejected or revoked the certificate; empty otherwise. */
  readonly reason: string;
  readonly der: Uint8Array;
}

/** Everything the CA has done, for tests and the demo to ask. Grows with every certificate: the sandbox is not for ever. */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #messages = new Map<string, number>();
  #connections = 0;

  record(entry: LedgerEntry): void {
    this.#entries.set(entry.serial, entry);
  }

  conclude(serial: string, state: Exclude<CertificateState, 'issued'>, reason = ''): void {
    const entry = this.#entries.get(serial);
    if (entry === undefined) throw new RangeError(`no certificate with serial ${serial} was issued here`);
    this.#entries.set(serial, { ...entry, state, reason });
  }

  countMessage(body: string): void {
    this.#messages.set(body, (this.#messages.get(body) ?? 0) + 1);
  }

  countConnection(): void {
    this.#connections += 1;
  }

  /** In order of issuance. */
  get certificates(): readonly LedgerEntry[] {
    return [...this.#entries.values()];
  }

  find(serial: string): LedgerEntry | undefined {
    return this.#entries.get(serial.toLowerCase());
  }

  inTransaction(transactionID: string): readonly LedgerEntry[] {
    return this.certificates.filter((entry) => entry.transactionID === transactionID.toLowerCase());
  }

  withPublicKey(sha256: string): readonly LedgerEntry[] {
    return this.certificates.filter((entry) => entry.publicKeySha256 === sha256.toLowerCase());
  }

  withCommonName(commonName: string): readonly LedgerEntry[] {
    const attribute = `CN=${commonName}`;
    return this.certificates.filter((entry) => entry.subject.split(',').includes(attribute));
  }

  /** Messages received, by body type; `malformed` for what could not be decoded. */
  get messages(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#messages);
  }

  /** TCP (or TLS) connections accepted since start. */
  get connections(): number {
    return this.#connections;
  }
}
