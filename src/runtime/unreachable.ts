/** Makes a switch exhaustive at compile time, and loud at run time if the types lied. */
export function unreachable(value: never): never {
  throw new TypeError(`unexpected value: ${String(value)}`);
}
