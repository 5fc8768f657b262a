/** The headers of one request, all that the API takes. Holds private keys: never to be logged. */
export type CertServiceHeaders = Readonly<
  Record<'CSR' | 'PK', string> & Partial<Record<'OLD_CERT' | 'OLD_PK', string>>
>;

export interface HeaderMaterial {
  readonly csrPem: string;
  readonly privateKeyPem: string;
  readonly previous?: { readonly certificatesPem: string; readonly privateKeyPem: string };
}

/** Standard base64 of the whole PEM text, padded, in one line: the server's decoder takes nothing else. */
const headerValue = (pem: string): string => Buffer.from(pem, 'utf8').toString('base64');

export function certServiceHeaders({ csrPem, privateKeyPem, previous }: HeaderMaterial): CertServiceHeaders {
  return {
    CSR: headerValue(csrPem),
    PK: headerValue(privateKeyPem),
    ...(previous !== undefined && {
      OLD_CERT: headerValue(previous.certificatesPem),
      OLD_PK: headerValue(previous.privateKeyPem),
    }),
  };
}

/** Octets of the request line and of all headers, those that the HTTP library adds included. */
export function headerOctets(origin: string, path: string, headers: CertServiceHeaders): number {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `host: ${new URL(origin).host}`,
    'connection: keep-alive',
    'accept: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
  ];
  return lines.reduce((sum, line) => sum + line.length + 2, 0);
}
