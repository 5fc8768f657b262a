import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { printable } from '../../cmp/text.js';
import { ConnectFailure, connectError } from '../../cmp/transfer/failure.js';
import type { CmpEndpoint } from '../../enrollment/direct-config.js';
import { lifetime } from '../../pki/lifetime.js';
import { type Finding, failed, ok, warn } from './finding.js';
import { hangUp, hostPort, keep, type Route, socketOf } from './route.js';
import type { Step } from './step.js';
import { within } from './within.js';

/**
 * Shakes hands with whoever is there, trusted or not, so that what is wrong can be told in full. Nothing is sent over
 * such a connection: it ends with this step.
 */
const shakeHands = (socket: Socket, endpoint: CmpEndpoint): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const { host } = hostPort(new URL(endpoint.url));
    const { tlsCaPem, clientCertPem, clientKeyPem, serverName = isIP(host) === 0 ? host : undefined } = endpoint;
    const secure = connect(
      {
        socket,
        host,
        minVersion: 'TLSv1.2',
        rejectUnauthorized: false,
        ...(tlsCaPem !== undefined && { ca: tlsCaPem }),
        ...(clientCertPem !== undefined && { cert: clientCertPem }),
        ...(clientKeyPem !== undefined && { key: clientKeyPem }),
        ...(serverName !== undefined && { servername: serverName }),
      },
      () => {
        secure.off('error', reject);
        resolve(secure);
      },
    );
    secure.once('error', reject);
  });

const LONGEST_CHAIN = 10;

/** Leaf first, as far as the server sent them or the CA bundle completes them. */
function chainOf(secure: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = secure.getPeerX509Certificate();
  while (next !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(next);
    const issuer: X509Certificate | undefined = next.issuerCertificate;
    next = issuer === undefined || issuer.fingerprint256 === next.fingerprint256 ? undefined : issuer;
  }
  return chain;
}

const oneLine = (name: string): string => printable(name.split('\n').reverse().join(','), 200);

const lifetimeOf = ({ validFrom, validTo }: X509Certificate, now: Date) =>
  lifetime({ notBefore: new Date(validFrom), notAfter: new Date(validTo) }, now);

/** Node gives the code of what is wrong here, although the type says Error. */
const objectionOf = ({ authorized, authorizationError }: TLSSocket): string | undefined =>
  authorized ? undefined : String(authorizationError);

function remedyFor(objection: string): string {
  switch (objection) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'Use a name in the URL that the certificate is for, or have one made for this name.';
    case 'CERT_HAS_EXPIRED':
      return 'Have the certificate renewed at the server.';
    case 'CERT_NOT_YET_VALID':
      return 'Set the clocks of both machines right.';
    default:
      return 'TLS has a trust of its own, apart from that for CMP: put the CA of this certificate there (tls.caBundle or tls.caSecretRef of the endpoint, cacertRef, --tls-ca).';
  }
}

async function tls(route: Route, signal: AbortSignal): Promise<Finding> {
  const { endpoint, connectTimeoutMs, clock } = route;
  const socket = socketOf(route);
  const refused = (cause: unknown) => connectError(new ConnectFailure(cause), endpoint);
  let secure: TLSSocket;
  try {
    secure = keep(route, await within(clock, connectTimeoutMs, signal, () => shakeHands(socket, endpoint)));
  } catch (error) {
    signal.throwIfAborted();
    hangUp(route);
    return failed(refused(error));
  }
  const now = clock.now();
  const chain = chainOf(secure);
  const [leaf] = chain;
  const shown =
    leaf === undefined
      ? 'It shows no certificate'
      : `It shows "${oneLine(leaf.subject)}", issued by "${oneLine(leaf.issuer)}", which ${lifetimeOf(leaf, now).text}`;
  const objection = objectionOf(secure);
  if (objection !== undefined) {
    hangUp(route);
    const error = refused({ code: objection, message: leaf?.subjectAltName ?? '' });
    return failed({ code: 'TlsFailed', message: `${error.message}. ${shown}` }, remedyFor(objection));
  }
  const ending = chain
    .map((certificate) => ({ name: oneLine(certificate.subject), ...lifetimeOf(certificate, now) }))
    .filter(({ state }) => state === 'ending');
  if (ending.length > 0) {
    const texts = ending.map(({ name, text }) => `"${name}" ${text}`);
    return warn(`TLS certificates of the server: ${texts.join('; ')}`, 'Have them renewed there in time.');
  }
  return ok(`${secure.getProtocol() ?? 'TLS'}, trusted and for the right name. ${shown}`);
}

export const TLS_STEP: Step<Route> = {
  name: 'tls',
  needs: ['tcp', 'proxy'],
  applies: ({ endpoint }) => endpoint.url.startsWith('https:'),
  look: tls,
};
