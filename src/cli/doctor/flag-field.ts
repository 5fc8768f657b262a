/** Which option a field of the backend's configuration comes from. */
const FIELDS: readonly (readonly [RegExp, string])[] = [
  [/^endpoints\[\d+\]\.tlsCaPem\b/, '--tls-ca'],
  [/^endpoints\[\d+\]\.clientCertPem\b/, '--tls-cert'],
  [/^endpoints\[\d+\]\.clientKeyPem\b/, '--tls-key'],
  [/^endpoints\[\d+\]\.proxy\b/, '--proxy'],
  [/^endpoints\[\d+\](\.url)?/, '--server'],
  [/^protection\.certificatesPem\b/, '--cert'],
  [/^protection\.privateKeyPem\b/, '--cert-key'],
  [/^protection\.iterations\b/, '--iterations'],
  [/^nested\.certificatesPem\b/, '--nested-cert'],
  [/^nested\.privateKeyPem\b/, '--nested-key'],
  [/^answerLimits\b/, '--limit'],
  [/^protection\.reference\b/, '--ref'],
  [/^protection\.secret\b/, '--secret-file'],
  [/^trustPem\b/, '--trusted'],
  [/^recipient\b/, '--recipient'],
  [/^expectedSigner\b/, '--expected-signer'],
];

/** The message with the field it begins with named as the user gave it. */
export function nameFlag(message: string): string {
  const found = FIELDS.find(([pattern]) => pattern.test(message));
  return found === undefined ? message : message.replace(found[0], found[1]);
}
