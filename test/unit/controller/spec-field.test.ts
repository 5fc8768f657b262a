import { expect, it } from '@jest/globals';
import { nameSpecField } from '../../../src/controller/spec-field.js';

it.each([
  ['trustPem: it is empty', 'spec.cmp.trust: it is empty'],
  ['protection.privateKeyPem: no', 'spec.cmp.protection.signature.secretRef (tls.key): no'],
  ['endpoints[1].clientCertPem: no', 'spec.cmp.endpoints[1].tls.clientCertSecretRef (tls.crt): no'],
  ['endpoints[0].url: no', 'spec.cmp.endpoints[0].url: no'],
  ['endpoints[2].proxy: no', 'spec.cmp.endpoints[2].proxy: no'],
  ['nested.privateKeyPem: no', 'spec.cmp.nested.secretRef (tls.key): no'],
  ['expectedSigner: no', 'spec.cmp.expectedSigner: no'],
  ['answerLimits.maxDepth: no', 'spec.cmp.answerLimits.maxDepth: no'],
  ['recipient: no', 'spec.cmp.recipient: no'],
  ['the CA is away', 'the CA is away'],
  ['url: no', 'spec.url: no'],
  ['caName: no', 'spec.caName: no'],
  ['service.clientKeyPem: no', 'spec.certSecretRef (keyRef): no'],
  ['service.tlsCaPem: no', 'spec.certSecretRef (cacertRef): no'],
])('%s', (message, expected) => expect(nameSpecField(message)).toBe(expected));
