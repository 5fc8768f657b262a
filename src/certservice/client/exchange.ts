import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CmpError } from '../../cmp/error.js';
import { csrError, type Wish } from '../../cmp/wish.js';
import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import type { EnrollmentRequest } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { describeKey, encodePem } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { CertServiceAddress } from './address.js';
import type { CertServiceConnection } from './connection.js';
import { type CsrForm, csrToSend, isUnreadableForOnap } from './csr-form.js';
import { failed } from './failure.js';
import { type CertServiceHeaders, certServiceHeaders, type HeaderMaterial, headerOctets } from './headers.js';
import { usablePrevious } from './previous.js';
import { logProperties, propertiesOf, propertyNotes } from './properties.js';
import { readRefusal } from './refusal.js';
import { type ValidReply, validateReply } from './reply.js';

export interface ExchangeDeps {
  readonly address: CertServiceAddress;
  readonly config: CertServiceConfig;
  readonly connection: CertServiceConnection;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Issued {
  readonly reply: ValidReply;
  /** Which endpoint gave it. */
  readonly body: 'certificate' | 'certificate-update';
  readonly notes: readonly string[];
}

/** What was tried for one request so far, as far as the next try must know. */
interface Past {
  /** Updates that failed although nobody refused them. */
  readonly failedUpdates: number;
  /** Why the certificate is asked for as a first one; undefined: it may still be updated. */
  readonly noUpdate?: string;
}

/** Tries of an update that are answered with neither a certificate nor a refusal, before a first one is asked for. */
const MAX_UPDATE_TRIES = 3;
const REMEMBERED = 2_048;

/** ONAP's text, for its users to find. */
const WITHOUT_ENDPOINT =
  "Missing 'update endpoint' configuration. Certificates will received by certificate request instead of certificate update request";

/** How one certificate is asked for: CSR, headers, update or first one. Safe for concurrent use. */
export class Exchange {
  readonly #deps: ExchangeDeps;
  readonly #past = new LRUCache<string, Past>({ max: REMEMBERED });

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
  }

  /** Throws EnrollmentError or CmpError; the signal's reason if that aborts. */
  async run(request: EnrollmentRequest, wish: Wish, signal: AbortSignal): Promise<Issued> {
    const { config, clock } = this.#deps;
    this.#assertKeyKind(wish);
    const key = await wish.privateKey();
    const csr = await this.#csr(wish, key);
    const notes = this.#announce(request, wish, csr);
    const material: HeaderMaterial = {
      csrPem: encodePem('CERTIFICATE REQUEST', csr.der),
      privateKeyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
    const hint =
      config.csr === 'AsIs' && isUnreadableForOnap(wish.csr)
        ? '. The CSR has attributes that ONAP CertService fails over: set spec.certService.csr to Auto'
        : '';
    const updated = await this.#update(request, wish, material, signal);
    if (updated !== undefined) return { ...updated, notes };
    const reason = this.#past.get(request.id)?.noUpdate;
    const path = this.#deps.address.certificate;
    const headers = this.#fitting(path, material);
    const answer = await this.#deps.connection.get(path, headers, signal);
    if (answer.statusCode !== 200) throw readRefusal(answer, config.caName, clock, hint).error;
    return {
      reply: this.#reply(request, wish, answer.body),
      body: 'certificate',
      notes: reason === undefined ? notes : [...notes, `asked for as a first certificate: ${reason}`],
    };
  }

  #assertKeyKind({ csr }: Wish): void {
    const { keys } = this.#deps.config;
    if (keys === 'Any' || csr.publicKey.asymmetricKeyType === 'rsa') return;
    throw failed({
      code: 'KeyUnsupported',
      retry: 'request',
      message:
        `the key of the CSR is ${describeKey(csr.publicKey)}, but CertService takes RSA keys only: set ` +
        'spec.privateKey.algorithm: RSA in the Certificate, or use an issuer with spec.cmp (a CertService that takes other ' +
        'keys is allowed to by spec.certService.keys: Any)',
    });
  }

  async #csr({ csr }: Wish, key: KeyObject): Promise<CsrForm> {
    try {
      return await csrToSend(csr, key, this.#deps.config.csr);
    } catch (error) {
      throw csrError(error);
    }
  }

  /** Logs once per request what will not be as asked; tells it each time. */
  #announce({ id }: EnrollmentRequest, wish: Wish, { form }: CsrForm): readonly string[] {
    const properties = propertiesOf(wish, form);
    if (!this.#past.has(id)) {
      this.#past.set(id, { failedUpdates: 0 });
      logProperties(this.#deps.logger, { uid: id }, properties);
      if (form === 'rebuilt')
        this.#deps.logger.info(
          { uid: id },
          'the CSR is sent without its attributes but the alternative names: CertService would fail over them',
        );
    }
    return propertyNotes(properties);
  }

  /** Undefined: ask for a first certificate. */
  async #update(
    request: EnrollmentRequest,
    wish: Wish,
    material: HeaderMaterial,
    signal: AbortSignal,
  ): Promise<Omit<Issued, 'notes'> | undefined> {
    const { address, config, connection, clock, logger } = this.#deps;
    const { id } = request;
    const past = this.#past.get(id) ?? { failedUpdates: 0 };
    if (request.previous === undefined || past.noUpdate !== undefined) return undefined;
    if (address.update === undefined) {
      logger.info({ uid: id }, WITHOUT_ENDPOINT);
      return undefined;
    }
    const kept = await request.previous();
    const previous = kept && usablePrevious(kept, config.keys, clock.now());
    if (previous?.ok !== true) {
      if (previous !== undefined) this.#giveUp(id, `the certificate to be replaced cannot be used: ${previous.reason}`);
      return undefined;
    }
    const { chainPem, leafPem, privateKeyPem } = previous;
    const withOld = (certificatesPem: string) =>
      certServiceHeaders({ ...material, previous: { certificatesPem, privateKeyPem } });
    // ONAP's service looks at the first certificate only.
    const headers = [withOld(chainPem), withOld(leafPem)].find((candidate) =>
      this.#fits(address.update ?? '', candidate),
    );
    if (headers === undefined) {
      this.#giveUp(id, `with the certificate to be replaced the headers exceed ${config.limits.maxHeaderBytes} octets`);
      return undefined;
    }
    const answer = await connection.get(address.update, headers, signal);
    if (answer.statusCode === 200) return this.#updateReply(request, wish, answer.body, past);
    const { error, endsUpdate } = readRefusal(answer, config.caName, clock);
    if (endsUpdate) {
      this.#giveUp(id, `the update was refused: ${error.message}`);
      return undefined;
    }
    this.#countFailure(id, past, error.message);
    throw error;
  }

  /** A certificate that must not be used, say because the CA kept the old names, is no reason to fail the request yet. */
  #updateReply(
    request: EnrollmentRequest,
    wish: Wish,
    body: Uint8Array,
    past: Past,
  ): Omit<Issued, 'notes'> | undefined {
    try {
      return { reply: this.#reply(request, wish, body), body: 'certificate-update' };
    } catch (error) {
      if (!(error instanceof CmpError || error instanceof EnrollmentError)) throw error;
      if (error.code === 'CertificateRefused') {
        this.#giveUp(request.id, `the answer to the update is of no use: ${error.message}`);
        return undefined;
      }
      this.#countFailure(request.id, past, error.message);
      throw error;
    }
  }

  #countFailure(id: string, past: Past, problem: string): void {
    const failedUpdates = past.failedUpdates + 1;
    this.#past.set(id, { ...past, failedUpdates });
    if (failedUpdates >= MAX_UPDATE_TRIES)
      this.#giveUp(id, `${failedUpdates} tries to update it failed, the last one with: ${problem}`);
  }

  #giveUp(id: string, reason: string): void {
    this.#past.set(id, { failedUpdates: 0, noUpdate: reason });
    this.#deps.logger.warn({ uid: id, reason }, 'no update is possible, a first certificate is asked for instead');
  }

  #reply({ id }: EnrollmentRequest, wish: Wish, body: Uint8Array): ValidReply {
    const reply = validateReply(body, wish, this.#deps.config, this.#deps.clock.now());
    this.#past.delete(id);
    return reply;
  }

  #fits(path: string, headers: CertServiceHeaders): boolean {
    const { address, config } = this.#deps;
    return headerOctets(address.origin, path, headers) <= config.limits.maxHeaderBytes;
  }

  #fitting(path: string, material: HeaderMaterial): CertServiceHeaders {
    const headers = certServiceHeaders(material);
    if (this.#fits(path, headers)) return headers;
    const octets = headerOctets(this.#deps.address.origin, path, headers);
    throw failed({
      code: 'KeyUnsupported',
      retry: 'request',
      message:
        `CSR and key make ${octets} octets of headers, CertService takes ${this.#deps.config.limits.maxHeaderBytes}: use a ` +
        'shorter key or fewer names, or an issuer with spec.cmp; where CertService takes more, say so in ' +
        'spec.certService.maxHeaderBytes',
    });
  }
}
