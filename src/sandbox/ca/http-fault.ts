/** A way in which the HTTP answer goes wrong (RFC 9811 says how it should be). */
export type HttpFault =
  /** Another status code. The body is the CMP answer, an HTML page, or nothing. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body: 'cmp' | 'html' | 'none';
      readonly retryAfterSeconds?: number;
    }
  /** 200 and the right body under this media type; `undefined`: no Content-Type at all. */
  | { readonly type: 'contentType'; readonly contentType: string | undefined }
  /** 200 with an HTML page, as a login page or a proxy sends it. */
  | { readonly type: 'html' }
  | { readonly type: 'redirect'; readonly status: 301 | 302 | 307 | 308; readonly location: string }
  /** Declares the whole length, sends half, closes. */
  | { readonly type: 'truncatedTransfer' }
  /** Sends half of the message as if that were all. */
  | { readonly type: 'truncatedMessage' }
  | { readonly type: 'trailingGarbage' }
  | { readonly type: 'empty' }
  /** 200 and this many octets of nothing, streamed as fast as the client reads. */
  | { readonly type: 'huge'; readonly octets: number }
  /** Reads the request and never answers. The connection stays open until one side gives up. */
  | { readonly type: 'silence' }
  /** Resets the TCP connection instead of answering. */
  | { readonly type: 'reset' }
  /** Sends the right answer slowly. */
  | { readonly type: 'drip'; readonly octetsPerChunk: number; readonly intervalMilliseconds: number };
