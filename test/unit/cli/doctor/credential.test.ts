import { beforeAll, describe, expect, it } from '@jest/globals';
import { anchorsFinding, pairFinding } from '../../../../src/cli/doctor/certificates.js';
import { credentialFinding } from '../../../../src/cli/doctor/credential.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import type { TlsClient } from '../../../../src/sandbox/certservice/index.js';
import { certificatePem, TlsIdentities } from '../../../../src/sandbox/certservice/tls.js';

const NOW = new Date();
const DAY = 86_400_000;
const later = (days: number) => new Date(NOW.getTime() + days * DAY);

let good: TlsClient;
let expired: TlsClient;
let rootPem: string;
beforeAll(async () => {
  const identities = new TlsIdentities(systemRandom);
  const root = await identities.root('Root');
  rootPem = certificatePem(root);
  good = await identities.client('good', root, 'good');
  expired = await identities.client('old', root, 'expired');
});

interface Pair {
  readonly certificatesPem: string;
  readonly privateKeyPem: string;
}

const pair = ({ certificatePem: certificatesPem, keyPem: privateKeyPem }: TlsClient): Pair => ({
  certificatesPem,
  privateKeyPem,
});

describe('a shared secret', () => {
  const mac = (reference: string, secret: string) =>
    credentialFinding({ protection: { type: 'mac', reference, secret: Buffer.from(secret) } }, NOW);

  it.each([
    ['ref', 'swordfish', 'ok', 'shared secret for reference "ref" is there'],
    ['ref', 'swordfish\n', 'warn', 'shared secret for reference "ref": it ends with a line feed, which counts'],
    ['ref', 'swordfish\r', 'warn', 'shared secret for reference "ref": it ends with a carriage return, which counts'],
    ['ref', 'swordfish ', 'warn', 'shared secret for reference "ref": it ends with a blank, which counts'],
    ['ref', '', 'fail', 'the shared secret is empty'],
    ['', 'swordfish', 'fail', 'the reference value is empty'],
  ])('%j %j: %s', (reference, secret, status, detail) => {
    const found = mac(reference, secret);
    expect(found).toMatchObject({ status, detail });
    expect(JSON.stringify(found)).not.toContain('swordfish');
  });
});

describe('a certificate of ours with its key', () => {
  it('is well', () => {
    expect(credentialFinding({ protection: { type: 'signature', ...pair(good) } }, NOW)).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^protection certificate "CN=good" is valid until .* its own$/),
    });
  });

  it.each<readonly [name: string, given: () => Pair, now: Date, status: string, words: RegExp]>([
    ['expired', () => pair(expired), NOW, 'fail', /"CN=old" expired at/],
    ['about to end', () => pair(good), later(3640), 'warn', /"CN=good" ends at .* in (9|10) days/],
    ['to come', () => pair(good), later(-2), 'fail', /is not valid before/],
    [
      'with the key of another',
      () => ({ ...pair(good), privateKeyPem: expired.keyPem }),
      NOW,
      'fail',
      /key is not that/,
    ],
    ['not PEM', () => ({ ...pair(good), certificatesPem: 'x' }), NOW, 'fail', /^role: /],
    ['with a key that is none', () => ({ ...pair(good), privateKeyPem: 'x' }), NOW, 'fail', /^role: private key: /],
  ])('%s', (_name, given, now, status, words) => {
    const found = pairFinding('role', given(), now);
    expect(found).toMatchObject({ status, detail: expect.stringMatching(words), remedy: expect.stringMatching(/\.$/) });
  });
});

describe('trust anchors', () => {
  it.each<readonly [name: string, pem: () => string, now: Date, status: string, words: RegExp]>([
    ['one that is current', () => rootPem, NOW, 'ok', /^anchors: "CN=Root" is valid until/],
    ['one of two expired', () => rootPem + expired.certificatePem, NOW, 'warn', /^anchors: "CN=old" expired at [^;]*$/],
    ['all expired', () => expired.certificatePem, NOW, 'fail', /^anchors: "CN=old" expired at/],
    ['one about to end', () => rootPem, later(3640), 'warn', /ends at/],
    ['no PEM', () => 'nothing', NOW, 'fail', /^anchors: /],
  ])('%s', (_name, pem, now, status, words) => {
    expect(anchorsFinding('anchors', pem(), now)).toMatchObject({ status, detail: expect.stringMatching(words) });
  });
});
