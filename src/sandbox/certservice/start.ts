import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { systemClock } from '../../runtime/clock.js';
import { silentLogger } from '../../runtime/logger.js';
import { systemRandom } from '../../runtime/random.js';
import { Journal } from './journal.js';
import type { CertServiceStandIn, CertServiceStandInOptions } from './options.js';
import { Service } from './service.js';
import { certificatePem, keyPem, TlsIdentities } from './tls.js';

/** More than CertService takes, so that it is the stand-in that refuses and not the HTTP library. */
const LIBRARY_LIMIT_OCTETS = 1_048_576;

/**
 * A stand-in for ONAP's CertService: the same REST API over mutual TLS, with the same manners, good and bad. What it
 * would ask a CMP CA for it asks the sandbox CA directly. Made from the documented behaviour of the original alone.
 */
export async function startCertServiceStandIn(options: CertServiceStandInOptions): Promise<CertServiceStandIn> {
  const { clock = systemClock, random = systemRandom, logger = silentLogger, host = '127.0.0.1' } = options;
  const identities = new TlsIdentities(random);
  const clientCa = await identities.root('CertService Root');
  let serverCa = clientCa;
  const tls = async () => {
    const server = await identities.server(serverCa);
    return { key: keyPem(server), cert: certificatePem(server), ca: certificatePem(clientCa) };
  };

  const closing = new AbortController();
  const journal = new Journal();
  const service = new Service({ ca: options.ca, caNames: options.caNames ?? { RA: {} }, clock, random, journal });

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client hung up')));
    const signal = AbortSignal.any([closing.signal, gone.signal]);
    service.serve(request, response, signal).catch((error: unknown) => {
      // The client hung up or the stand-in is closing: nothing to answer, and no reason to fall.
      if (!signal.aborted) logger.error({ err: error, path: request.url }, 'the CertService stand-in failed');
      response.destroy();
    });
  };
  const server = createServer(
    {
      ...(await tls()),
      requestCert: true,
      rejectUnauthorized: true,
      maxHeaderSize: LIBRARY_LIMIT_OCTETS,
      keepAliveTimeout: 60_000,
    },
    listener,
  );
  server.on('secureConnection', () => journal.countConnection());
  server.on('clientError', (_error, socket) => {
    socket.end('HTTP/1.1 400 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in must listen on a TCP port');

  return {
    url: `https://${host}:${address.port}`,
    port: address.port,
    get serverCaPem() {
      return certificatePem(serverCa);
    },
    issueTlsClient: (commonName, kind = 'good') => identities.client(commonName, clientCa, kind),
    rotateTls: async ({ newCa = false } = {}) => {
      if (newCa) serverCa = await identities.root('CertService New Root');
      server.setSecureContext(await tls());
      server.closeAllConnections();
    },
    setBehaviour: (caName, behaviour) => service.caNames.set(caName, behaviour),
    state: service.state,
    journal,
    close: () =>
      new Promise((resolve, reject) => {
        closing.abort(new Error('the stand-in is closing'));
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}
