/** Where in the issuer's spec, or in which key of a Secret that it names, a field of the backend's configuration comes from. */
const FIELDS: readonly (readonly [RegExp, string])[] = [
  [/^(endpoints\[\d+\])\.tlsCaPem\b/, 'spec.cmp.$1.tls'],
  [/^(endpoints\[\d+\])\.clientCertPem\b/, 'spec.cmp.$1.tls.clientCertSecretRef (tls.crt)'],
  [/^(endpoints\[\d+\])\.clientKeyPem\b/, 'spec.cmp.$1.tls.clientCertSecretRef (tls.key)'],
  [/^(endpoints\[\d+\])\.proxy\b/, 'spec.cmp.$1.proxy'],
  [/^nested\.certificatesPem\b/, 'spec.cmp.nested.secretRef (tls.crt)'],
  [/^nested\.privateKeyPem\b/, 'spec.cmp.nested.secretRef (tls.key)'],
  [/^protection\.certificatesPem\b/, 'spec.cmp.protection.signature.secretRef (tls.crt)'],
  [/^protection\.privateKeyPem\b/, 'spec.cmp.protection.signature.secretRef (tls.key)'],
  [/^protection\.reference\b/, 'spec.cmp.protection.mac.secretRef (reference)'],
  [/^protection\.secret\b/, 'spec.cmp.protection.mac.secretRef (secret)'],
  [/^protection\.iterations\b/, 'spec.cmp.protection.mac.iterations'],
  [/^trustPem\b/, 'spec.cmp.trust'],
  [/^(endpoints|recipient|expectedSigner|answerLimits)/, 'spec.cmp.$1'],
  [/^(url|healthEndpoint|certEndpoint|updateEndpoint|caName)\b/, 'spec.$1'],
  [/^service\.clientCertPem\b/, 'spec.certSecretRef (certRef)'],
  [/^service\.clientKeyPem\b/, 'spec.certSecretRef (keyRef)'],
  [/^service\.tlsCaPem\b/, 'spec.certSecretRef (cacertRef)'],
  [/^service\.url\b/, 'spec.url'],
];

/** The message with the field it begins with named as its author knows it. */
export function nameSpecField(message: string): string {
  const found = FIELDS.find(([pattern]) => pattern.test(message));
  return found === undefined ? message : message.replace(found[0], found[1]);
}
