/**
 * A date as `metav1.MicroTime` wants it on the wire: RFC 3339 in UTC with exactly six fractional digits.
 * The API server answers 400 to any other number of digits, `toISOString()` has three.
 */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
