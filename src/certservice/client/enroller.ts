import { CmpError } from '../../cmp/error.js';
import { printable } from '../../cmp/text.js';
import { readWish } from '../../cmp/wish.js';
import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import { checkEndpoint } from '../../enrollment/direct-setup.js';
import type { Enroller, EnrollmentOutcome, EnrollmentRequest } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { decodeCertificates, normalizeChain } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import { type Logger, silentLogger } from '../../runtime/logger.js';
import { certServiceAddress } from './address.js';
import { connectCertService } from './connection.js';
import { Exchange, type Issued } from './exchange.js';
import { DECODE_FAILED, failed, SIGN_FAILED, withLead } from './failure.js';

export interface CertServiceEnrollerSeams {
  readonly clock: Clock;
  readonly logger?: Logger;
}

/**
 * The backend that asks ONAP's CertService over its REST API. The API demands the request's private key in a header;
 * it leaves over mutual TLS only, and no log and no error ever holds it.
 * Checks the whole configuration at once. Throws EnrollmentError `ConfigurationInvalid`, naming the field.
 */
export function createCertServiceEnroller(config: CertServiceConfig, seams: CertServiceEnrollerSeams): Enroller {
  const { clock, logger = silentLogger } = seams;
  const { clientCertPem, clientKeyPem, serverCaPem, url } = config;
  const address = certServiceAddress(config);
  checkEndpoint({ url, tlsCaPem: serverCaPem, clientCertPem, clientKeyPem }, 'service');
  const connection = connectCertService(address.origin, config, clock);
  const exchange = new Exchange({ address, config, connection, clock, logger });

  async function enroll(request: EnrollmentRequest, signal: AbortSignal): Promise<EnrollmentOutcome> {
    const wish = await translate(DECODE_FAILED, signal, async () => readWish(request));
    return translate(SIGN_FAILED, signal, async () => outcome(await exchange.run(request, wish, signal)));
  }

  return {
    enroll,
    // CertService never puts anything off; a state is one that another backend left behind.
    resume: (request, _state, signal) => enroll(request, signal),
    probe: (signal) =>
      translate('', signal, async () => {
        assertClientCertificateCurrent(config, clock.now());
        const { statusCode } = await connection.get(address.health, undefined, signal);
        if (statusCode === 200) return;
        throw failed({
          code: 'HttpFailed',
          retry: statusCode >= 500 ? 'transient' : 'issuer',
          message:
            `health check returned status code [${statusCode}]: ${printable(`${address.origin}${address.health}`)} must ` +
            'answer 200; look into the log of CertService, or correct spec.url and spec.healthEndpoint',
        });
      }),
    close: () => connection.close(),
  };
}

/** Turns what goes wrong into EnrollmentErrors with this lead; an abort stays what it is. */
async function translate<T>(lead: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    // The key is told of with a lead of its own.
    if (error instanceof EnrollmentError && isAboutKey(error)) throw error;
    if (error instanceof EnrollmentError || error instanceof CmpError) throw withLead(lead, error);
    throw new EnrollmentError({
      code: 'Internal',
      retry: 'transient',
      message: `${lead}the client failed in a way it should not; please report this with the log`,
      cause: error,
    });
  }
}

const isAboutKey = ({ code }: EnrollmentError) => code === 'PrivateKeyUnavailable' || code === 'PrivateKeyMismatch';

function outcome({ reply, body, notes }: Issued): EnrollmentOutcome {
  const { certificate, path, ca } = reply;
  return {
    kind: 'issued',
    chain: normalizeChain(path).chain.map(({ der }) => der),
    ca: ca.map(({ der }) => der),
    notes: [...notes, ...reply.notes],
    details: {
      serial: certificate.serialHex,
      subject: certificate.subjectText,
      issuer: certificate.issuerText,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      body,
      protection: 'mutual TLS',
      confirmation: 'implicit',
    },
  };
}

function assertClientCertificateCurrent({ clientCertPem }: CertServiceConfig, now: Date): void {
  const [leaf] = decodeCertificates(clientCertPem);
  if (leaf === undefined || leaf.notAfter.getTime() >= now.getTime()) return;
  throw failed({
    code: 'ConfigurationInvalid',
    retry: 'issuer',
    message: `service.clientCertPem: "${printable(leaf.subjectText)}" expired at ${leaf.notAfter.toISOString()}; have it renewed`,
  });
}
