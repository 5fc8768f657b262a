/** One place where a CMP server listens. */
export interface TransferEndpoint {
  /** Absolute http or https URL, used verbatim (RFC 9811 section 3.3; most products have paths of their own). */
  readonly url: string;
  /** PEM of the CAs for the server's TLS certificate; absent: those that the runtime trusts. Never the CMP anchors. */
  readonly tlsCaPem?: string;
  /** PEM of the TLS client certificate and its key; both or neither. */
  readonly clientCertPem?: string;
  readonly clientKeyPem?: string;
  /** Name to ask for (SNI) and to verify instead of the URL's host. */
  readonly serverName?: string;
  /** URL of an HTTP proxy. */
  readonly proxy?: string;
}

export interface TransferSettings {
  /** At least one; tried in this order. */
  readonly endpoints: readonly TransferEndpoint[];
  /** Milliseconds to connect, TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from sending one message to the last octet of its answer. */
  readonly requestTimeoutMs: number;
  /** Octets of one answer. */
  readonly maxResponseBytes: number;
}

export interface ExchangeOptions {
  /**
   * The transaction goes on, but not soon, so the server should not keep the connection open. Some servers, OpenSSL's
   * among them, serve nobody else meanwhile, and give up the transaction when an idle connection ends.
   */
  readonly pauses?: boolean;
}

/** The way of one transaction's messages to the server and back. Use it for one transaction, one message at a time. */
export interface TransferChannel {
  /** URL of the endpoint that this transaction is bound to; undefined before the first message went out. */
  readonly endpoint: string | undefined;
  /**
   * Sends one PKIMessage and returns the octets of its answer, unparsed.
   * Throws CmpError `ConnectionFailed`, `TlsFailed`, `Timeout`, `HttpFailed` or `ResponseTooLarge`; the signal's reason if that aborts.
   */
  exchange(message: Uint8Array, signal: AbortSignal, options?: ExchangeOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The transfer seam (RFC 9811). Safe for concurrent use. */
export interface HttpTransport {
  /** A channel for a new transaction, or for going on with one that is bound to `endpoint` already. */
  open(endpoint?: string): TransferChannel;
  /** Connects (TLS included) to the first endpoint that answers and hangs up; sends nothing. Throws CmpError. */
  probe(signal: AbortSignal): Promise<void>;
  /** Drops idle connections. */
  close(): Promise<void>;
}
