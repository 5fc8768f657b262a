import { describe, expect, it } from '@jest/globals';
import {
  basicConstraintsExtension,
  CERT_MANAGER_USAGES,
  extendedKeyUsageExtension,
  extendedKeyUsageName,
  keyUsageExtension,
  parseUsages,
} from '../../../src/pki/index.js';
import { certificate, request } from './support.js';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const encodedIn = (name: string, oid: string) => hex(certificate(name).extensions.find(oid)?.der ?? new Uint8Array());

describe('usages', () => {
  it('are the 23 of cert-manager, each a bit or an OID', () => {
    expect(CERT_MANAGER_USAGES).toHaveLength(23);
    for (const usage of CERT_MANAGER_USAGES) {
      const { keyUsage, extendedKeyUsage } = parseUsages([usage]);
      expect(keyUsage.size + extendedKeyUsage.length).toBe(1);
    }
  });

  it('with two names for one thing are one', () => {
    expect(parseUsages(['signing', 'digital signature', 's/mime', 'email protection', 'server auth'])).toEqual({
      keyUsage: new Set(['digitalSignature']),
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.1'],
    });
  });

  it.each(['digitalSignature', '', 'toString', 'Server Auth'])('refuse %p', (name) => {
    expect(() => parseUsages([name])).toThrow(`key usage "${name}" is unknown`);
  });

  it('have names for OIDs', () => {
    expect(extendedKeyUsageName('1.3.6.1.5.5.7.3.4')).toBe('email protection');
    expect(extendedKeyUsageName('1.3.6.1.5.5.7.3.17')).toBe('1.3.6.1.5.5.7.3.17');
  });

  it('are encoded as openssl encodes them', () => {
    expect(hex(keyUsageExtension(['cRLSign', 'keyCertSign']))).toBe(encodedIn('root', '2.5.29.15'));
    expect(hex(keyUsageExtension(parseUsages(['digital signature']).keyUsage))).toBe(encodedIn('leaf', '2.5.29.15'));
    expect(hex(extendedKeyUsageExtension(parseUsages(['server auth', 'client auth']).extendedKeyUsage))).toBe(
      encodedIn('leaf', '2.5.29.37'),
    );
    expect(hex(basicConstraintsExtension(true))).toBe(encodedIn('root', '2.5.29.19'));
    expect(hex(basicConstraintsExtension(false))).toBe(encodedIn('leaf', '2.5.29.19'));
    expect(hex(basicConstraintsExtension(true, 0))).toBe(encodedIn('issuing', '2.5.29.19'));
    const requested = request('p384').extensions.find('2.5.29.15');
    expect(hex(keyUsageExtension(['keyAgreement', 'digitalSignature']))).toBe(hex(requested?.der ?? new Uint8Array()));
    expect(hex(keyUsageExtension(['decipherOnly']))).toBe('300f0603551d0f0101ff0405030307' + '0080');
  });

  it('do not make empty extensions', () => {
    expect(() => keyUsageExtension([])).toThrow('at least one bit');
    expect(() => extendedKeyUsageExtension([])).toThrow('at least 1');
  });
});
