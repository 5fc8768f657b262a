/** The PKIBody that CertService would send to the CA. */
export type ChosenBody = 'ir' | 'kur' | 'cr';

/** One request as the stand-in saw it. Holds no key and no header value. */
export interface JournalEntry {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly status: number;
  /** commonName of the TLS client certificate. */
  readonly client: string;
  /** Names, in lower case, of the headers of the API that were there: `csr`, `pk`, `old_cert`, `old_pk`. */
  readonly headers: readonly string[];
  /** Octets of request line and headers, as the limit counts them. */
  readonly headerOctets: number;
  /** Absent unless the request could be read as far as that. */
  readonly enrolment?: EnrolmentFacts;
}

export interface EnrolmentFacts {
  readonly caName: string;
  readonly body: ChosenBody;
  readonly commonName: string;
  /** SHA-256 of the DER of the CSR, hexadecimal. */
  readonly csrSha256: string;
  /** Whether PK is the key in the CSR. CertService does not look. */
  readonly pkMatchesCsr: boolean;
  /** Whether OLD_PK is the key in OLD_CERT; absent without them. */
  readonly oldPkMatchesOldCert?: boolean;
  /** Certificates in OLD_CERT, of which CertService uses the first. */
  readonly oldCertificates?: number;
  /** Serial of the issued certificate, lower-case hexadecimal; absent if none was issued. */
  readonly serial?: string;
}

/** What was asked of the stand-in, in order. */
export class Journal {
  readonly #entries: JournalEntry[] = [];
  #connections = 0;

  record(entry: JournalEntry): void {
    this.#entries.push(entry);
  }

  countConnection(): void {
    this.#connections += 1;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  get last(): JournalEntry | undefined {
    return this.#entries.at(-1);
  }

  /** Requests by path. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { path } of this.#entries) counts[path] = (counts[path] ?? 0) + 1;
    return counts;
  }

  /** Entries that asked for this commonName. */
  withCommonName(commonName: string): readonly JournalEntry[] {
    return this.#entries.filter(({ enrolment }) => enrolment?.commonName === commonName);
  }

  /** TLS connections accepted since start; one with a client certificate that is refused does not count. */
  get connections(): number {
    return this.#connections;
  }
}
