import { afterEach, describe, expect, it } from '@jest/globals';
import { createHttpTransport, startEnrollment } from '../../src/cmp/index.js';
import type { Certificate } from '../../src/pki/index.js';
import { systemClock } from '../../src/runtime/clock.js';
import { text } from '../unit/cmp/support/fixture.js';
import { certificate, certificates, request, session } from '../unit/cmp/support/session.js';
import { BY_SIGNATURE, type OpensslServer, startOpensslServer } from './support/openssl-server.js';

let server: OpensslServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Asks the server to update a certificate; its key is that of the fixture `new`. */
async function update(replaces: Certificate) {
  server = await startOpensslServer(...BY_SIGNATURE);
  const { privateKey } = request();
  const client = session({
    transport: createHttpTransport(
      {
        endpoints: [{ url: server.url }],
        connectTimeoutMs: 5_000,
        requestTimeoutMs: 10_000,
        maxResponseBytes: 1_000_000,
      },
      systemClock,
    ),
    clock: systemClock,
    enrollment: 'kur',
    proofOfPossession: 'signature',
    credential: {
      kind: 'signature',
      certificate: certificate('new.crt'),
      issuers: certificates('issuing.crt'),
      privateKey: await privateKey(),
    },
  });
  return startEnrollment(request({ csrPem: text('new.csr'), replaces }), client, new AbortController().signal);
}

describe('a key update at the server of openssl cmp', () => {
  // That server has one certificate, which it demands in oldCertID and gives back: all of the request passed its checks.
  it('is understood: signature, oldCertID and proof of possession; the old certificate in its answer is refused', () =>
    expect(update(certificate('new.crt'))).rejects.toMatchObject({
      code: 'CertificateRefused',
      message: expect.stringContaining('the very one that is to be replaced'),
    }));

  it('is refused for another old certificate', () =>
    expect(update(certificate('ra-p256.crt'))).rejects.toMatchObject({ code: 'Rejected' }));
});
