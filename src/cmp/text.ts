const LONGEST = 300;

/** Everything that could disturb a terminal, a log line or the reading order: controls, format and separator characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Most texts: words of ASCII with single blanks between them. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** Text from outside as it may appear in a message: bounded, one line, no control or direction characters. */
export function printable(text: string, longest = LONGEST): string {
  if (text.length <= longest && PLAIN.test(text)) return text;
  const clean = text
    .slice(0, longest * 4)
    .replace(/\s+/g, ' ')
    .replace(UNPRINTABLE, '\u{fffd}')
    .trim();
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}\u{2026}`;
}

/** A PKIFreeText in one line: parts joined by "; ". */
export function freeText(parts: readonly string[] | undefined, longest = LONGEST): string {
  return printable((parts ?? []).slice(0, 16).join('; '), longest);
}
