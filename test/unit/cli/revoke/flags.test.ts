import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EXIT } from '../../../../src/cli/exit.js';
import { certificateToRevoke, type RevokeFlags } from '../../../../src/cli/revoke/flags.js';
import { decodeCertificates, namesEqual, parseName } from '../../../../src/pki/index.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { text } from '../../cmp/support/fixture.js';

const file = (name: string) => join(packageRoot(), 'fixtures', 'cmp', 'pki', name);
const flags = (change: Partial<RevokeFlags>): RevokeFlags => ({
  server: ['http://ca.test/'],
  profile: 'default',
  recipient: 'CN=CA',
  trusted: file('root.crt'),
  mac: 'pbm',
  connectTimeout: 10,
  timeout: 60,
  maxResponse: 1_048_576,
  pollTimeout: 60,
  output: 'text',
  reason: 'superseded',
  ...change,
});

describe('the certificate to revoke', () => {
  it('is the first one of a file', () => {
    const [leaf] = decodeCertificates(text('new.crt'));
    expect(certificateToRevoke(flags({ certificate: file('new.crt') }))).toMatchObject({
      serialNumber: leaf?.serialNumber,
      issuer: leaf?.issuer,
    });
  });

  it.each(['0a0B', '0A:0b', '0x0a0b', 'a0b'])('has issuer and serial number %s', (serial) => {
    const named = certificateToRevoke(flags({ issuer: '/O=X/CN=CA', serial }));
    expect(named.serialNumber).toBe(0xa0bn);
    expect(namesEqual(named.issuer, parseName('CN=CA,O=X'))).toBe(true);
  });

  it.each<[Partial<RevokeFlags>, string, number]>([
    [{}, 'name the certificate to revoke', EXIT.usage],
    [{ issuer: 'CN=x' }, 'name the certificate to revoke', EXIT.usage],
    [{ serial: '01' }, 'name the certificate to revoke', EXIT.usage],
    [{ issuer: 'CN=x', serial: 'xyz' }, '--serial', EXIT.usage],
    [{ issuer: 'CN=x', serial: '' }, '--serial', EXIT.usage],
    [{ issuer: 'no name', serial: '1' }, '--issuer', EXIT.usage],
    [{ certificate: 'x', serial: '1' }, 'not both', EXIT.usage],
    [{ certificate: file('new.csr') }, '--certificate', EXIT.refused],
    [{ certificate: file('no-such-file') }, 'there is no such file', EXIT.environment],
  ])('cannot be %j', (change, message, exitCode) => {
    expect(() => certificateToRevoke(flags(change))).toThrow(
      expect.objectContaining({ exitCode, message: expect.stringContaining(message) }),
    );
  });
});
