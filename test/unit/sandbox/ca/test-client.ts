import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assembleMessage,
  decodeMessage,
  encodeBody,
  encodeHeader,
  type ReceivedMessage,
} from '../../../../src/cmp/message.js';
import {
  type HeaderToProtect,
  PbmKeys,
  type Protector,
  pbmProtector,
  signatureProtector,
} from '../../../../src/cmp/protection/index.js';
import type { CertReqMsg, CertTemplate, PKIBody, ProofOfPossession } from '../../../../src/cmp/schema/index.js';
import { Certificate, decodePem, NULL_DN, parseCsr } from '../../../../src/pki/index.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import type { ClientCertificate, SandboxCa } from '../../../../src/sandbox/ca/index.js';

export const fixtureCsr = (name: string) =>
  parseCsr(readFileSync(join(packageRoot(), 'fixtures', 'csr', name), 'utf8'));

export const CSR = fixtureCsr('p256.csr');

/** Protects as somebody who knows the shared secret. */
export const byMac = (reference: string, secret: string): Protector =>
  pbmProtector(
    { reference, keys: new PbmKeys(Buffer.from(secret)) },
    { salt: systemRandom(16), owf: 'sha256', mac: 'sha256', iterationCount: 100 },
  );

/** Protects with a client certificate. */
export function bySignature({ certificatePem, chainPem, keyPem }: ClientCertificate): Protector {
  const certificate = Certificate.parse(decodePem(certificatePem, 'CERTIFICATE')[0] ?? new Uint8Array());
  return signatureProtector({
    certificates: [certificate.der, ...decodePem(chainPem, 'CERTIFICATE')],
    subject: certificate.subject,
    subjectKeyIdentifier: certificate.extensions.subjectKeyIdentifier,
    privateKey: createPrivateKey(keyPem),
  });
}

/** A body that asks for the fixture's certificate. */
export const p10cr = (csr = CSR): PKIBody => ({ type: 'p10cr', value: csr.der });

export function ir(template: Partial<CertTemplate> = {}, popo: ProofOfPossession | 'none' = RA_VERIFIED): PKIBody {
  const certTemplate = { subject: CSR.subject, publicKey: CSR.spki, ...template };
  const message: CertReqMsg = { certReq: { certReqId: 0, certTemplate }, ...(popo === 'none' ? {} : { popo }) };
  return { type: 'ir', value: [message] };
}

const RA_VERIFIED: ProofOfPossession = { type: 'raVerified', value: null };

/** One transaction with the CA, driven message by message; every header field can be got wrong. */
export class TestTransaction {
  readonly transactionID = systemRandom(16);
  readonly #ca: SandboxCa;
  readonly #protector: Protector | 'none';
  readonly #path: string;
  #received: ReceivedMessage | undefined;
  /** The nonce of the message sent last. */
  senderNonce: Uint8Array = new Uint8Array();

  constructor(ca: SandboxCa, path = '/pkix/', protector: Protector | 'none' = macOf(ca)) {
    this.#ca = ca;
    this.#path = path;
    this.#protector = protector;
  }

  async send(body: PKIBody, header: Partial<HeaderToProtect> = {}): Promise<ReceivedMessage> {
    this.#received = decodeMessage(await this.sendRaw(await this.encode(body, header)));
    return this.#received;
  }

  async encode(body: PKIBody, header: Partial<HeaderToProtect> = {}): Promise<Uint8Array> {
    this.senderNonce = systemRandom(16);
    const whole: HeaderToProtect = {
      pvno: 2,
      recipient: { type: 'directoryName', value: NULL_DN },
      messageTime: new Date(),
      transactionID: this.transactionID,
      senderNonce: this.senderNonce,
      recipNonce: this.#received?.header.senderNonce,
      ...header,
    };
    if (this.#protector !== 'none') return await this.#protector.protect(whole, body);
    const sender = { type: 'directoryName', value: NULL_DN } as const;
    return assembleMessage({ rawHeader: encodeHeader({ sender, ...whole }), rawBody: encodeBody(body) });
  }

  async sendRaw(der: Uint8Array): Promise<Uint8Array> {
    const response = await this.post(der);
    return new Uint8Array(await response.arrayBuffer());
  }

  post(der: Uint8Array, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.#ca.url}${this.#path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/pkixcmp' },
      body: Buffer.from(der),
      redirect: 'manual',
      ...init,
    });
  }
}

export const macOf = (ca: SandboxCa): Protector => byMac(ca.credentials.reference, ca.credentials.secret);

/** The certificate in an ip or cp; fails if there is none. */
export function certificateIn(message: ReceivedMessage): Certificate {
  const { body } = message;
  const pair = body.type === 'ip' || body.type === 'cp' ? body.value.response[0]?.certifiedKeyPair : undefined;
  if (pair?.certOrEncCert.type !== 'certificate') throw new Error(`no certificate in ${JSON.stringify(body)}`);
  return Certificate.parse(pair.certOrEncCert.value);
}

/** What the CA says no with: body type and failInfo of an error message or of a rejection. */
export function refusalIn({ body }: ReceivedMessage): readonly string[] {
  if (body.type === 'error') return ['error', ...(body.value.pKIStatusInfo.failInfo ?? [])];
  if (body.type !== 'ip' && body.type !== 'cp') return [body.type];
  const status = body.value.response[0]?.status;
  return [status?.status ?? 'none', ...(status?.failInfo ?? [])];
}
