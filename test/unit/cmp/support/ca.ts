import {
  assembleMessage,
  decodeMessage,
  encodeBody,
  encodeHeader,
  type ReceivedMessage,
} from '../../../../src/cmp/message.js';
import { OID } from '../../../../src/cmp/oids.js';
import { PbmKeys, type Protector, pbmProtector, signatureProtector } from '../../../../src/cmp/protection/index.js';
import type { CertResponse, PKIBody, PKIHeader } from '../../../../src/cmp/schema/index.js';
import type { HttpTransport } from '../../../../src/cmp/transfer/index.js';
import { loadPrivateKey, parseName } from '../../../../src/pki/index.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { certReqIdOf } from './cert-req-id.js';
import { der, text } from './fixture.js';
import { certificate, ENDPOINT, SECRET } from './session.js';

/** How one answer of the CA differs from a right one. */
export interface Twist {
  readonly body?: PKIBody;
  readonly header?: Partial<PKIHeader>;
  readonly protector?: Protector;
  readonly unprotected?: boolean;
  /** The last word about the octets. */
  readonly octets?: (message: Uint8Array) => Uint8Array;
  /** Instead of any answer. */
  readonly failure?: Error;
}

export type Twister = (request: ReceivedMessage, index: number) => Twist | undefined;

export interface CaOptions {
  /** File in fixtures/cmp/pki; `new.crt` by default. */
  readonly certificate?: string;
  readonly caPubs?: readonly string[];
  readonly extraCerts?: readonly string[];
  readonly grantImplicit?: boolean;
  readonly protector?: Protector;
  readonly response?: Partial<CertResponse>;
  readonly twist?: Twister;
}

export const macProtector = (secret: Uint8Array = SECRET): Protector =>
  pbmProtector(
    { keys: new PbmKeys(secret), reference: 'reference-1' },
    { salt: systemRandom(16), owf: 'sha256', mac: 'sha1', iterationCount: 100 },
  );

export function signingProtector(name = 'server', withCertificates = true): Protector {
  const signer = certificate(`${name}.crt`);
  return signatureProtector({
    certificates: withCertificates ? [signer.der, der('issuing.crt')] : [],
    subject: signer.subject,
    subjectKeyIdentifier: signer.extensions.subjectKeyIdentifier,
    privateKey: loadPrivateKey(text(`${name}.key`)),
  });
}

/** A CA without any state that gives everybody the same certificate, and can be told to misbehave. */
export class TestCa {
  readonly received: ReceivedMessage[] = [];
  readonly sent: Uint8Array[] = [];
  readonly #options: CaOptions;
  readonly #protector: Protector;

  constructor(options: CaOptions = {}) {
    this.#options = options;
    this.#protector = options.protector ?? macProtector();
  }

  get bodies(): string[] {
    return this.received.map(({ body }) => body.type);
  }

  readonly transport: HttpTransport = {
    open: (endpoint) => ({
      endpoint: endpoint ?? ENDPOINT,
      exchange: async (message) => {
        const answer = await this.answer(decodeMessage(message));
        this.sent.push(answer);
        return answer;
      },
      close: async () => {},
    }),
    probe: async () => {},
    close: async () => {},
  };

  async answer(request: ReceivedMessage): Promise<Uint8Array> {
    const { extraCerts = ['issuing.crt'], twist } = this.#options;
    const index = this.received.push(request) - 1;
    const { body, header, failure, octets, protector, unprotected } = twist?.(request, index) ?? {};
    if (failure !== undefined) throw failure;
    const right = {
      pvno: 2,
      recipient: request.header.sender,
      transactionID: request.header.transactionID,
      senderNonce: systemRandom(16),
      recipNonce: request.header.senderNonce,
      ...(this.#grants(request) ? { generalInfo: [{ infoType: OID.implicitConfirm }] } : {}),
      ...header,
    };
    const answer = body ?? this.#body(request);
    const others = extraCerts.map((name) => der(name));
    const message = unprotected
      ? assembleMessage({
          rawHeader: encodeHeader({ sender: { type: 'directoryName', value: parseName('CN=CA') }, ...right }),
          rawBody: encodeBody(answer),
          extraCerts: others,
        })
      : await (protector ?? this.#protector).protect(right, answer, others);
    return octets?.(message) ?? message;
  }

  #grants({ header }: ReceivedMessage): boolean {
    const asked = (header.generalInfo ?? []).some(({ infoType }) => infoType === OID.implicitConfirm);
    return asked && this.#options.grantImplicit === true;
  }

  #body(request: ReceivedMessage): PKIBody {
    const { caPubs, certificate: name = 'new.crt', response } = this.#options;
    const { type } = request.body;
    const certReqId = certReqIdOf(request);
    if (type === 'certConf') return { type: 'pkiconf', value: null };
    if (type === 'pollReq') {
      return { type: 'pollRep', value: [{ certReqId, checkAfter: 7, reason: ['patience'] }] };
    }
    const certOrEncCert = { type: 'certificate', value: der(name) } as const;
    return {
      type: type === 'ir' ? 'ip' : type === 'kur' ? 'kup' : 'cp',
      value: {
        ...(caPubs === undefined ? {} : { caPubs: caPubs.map((file) => der(file)) }),
        response: [{ certReqId, status: { status: 'accepted' }, certifiedKeyPair: { certOrEncCert }, ...response }],
      },
    };
  }
}
