/** java.util.Base64's basic decoder: no line breaks; padding may be left out, but if it is there it must be right. */
const JAVA_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** The text in a header's value, or undefined if it is not base64. */
export function decodeHeader(value: string): string | undefined {
  return JAVA_BASE64.test(value) ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

const BODY = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The contents of the first PEM object, whatever its label, as BouncyCastle's PemReader finds it: text before is skipped,
 * text after the END line is not looked at. Undefined if there is none or it cannot be read.
 */
export function firstPemObject(text: string): Uint8Array | undefined {
  const lines = text.split(/\r\n|\n|\r/);
  const begin = lines.findIndex((line) => /^-----BEGIN [^-]+-----/.test(line));
  const label = /^-----BEGIN ([^-]+)-----/.exec(lines[begin] ?? '')?.[1];
  if (label === undefined) return undefined;
  const end = lines.findIndex((line, at) => at > begin && line.startsWith(`-----END ${label}-----`));
  if (end < 0) return undefined;
  const base64 = lines
    .slice(begin + 1, end)
    .filter((line) => !line.includes(':'))
    .join('')
    .replace(/\s+/g, '');
  return BODY.test(base64) ? new Uint8Array(Buffer.from(base64, 'base64')) : undefined;
}

/** Whether both lines around a certificate end in LF, without which CertService does not see a certificate. */
export const hasCertificateLines = (text: string): boolean =>
  text.includes('-----BEGIN CERTIFICATE-----\n') && text.includes('-----END CERTIFICATE-----\n');
