/**
 * A date as `metav1.MicroTime` wants it on the wire: RFC 3339 in UTC with exactly six fractional digits.
 * The API server answers 400 to any other number of digits, `toISOString()` has three. `micros` (0 to 999) are the
 * digits that a Date does not have.
 */
export function microTime(date: Date, micros = 0): string {
  return date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
