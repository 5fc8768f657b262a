import type { KeyObject } from 'node:crypto';
import { octetsEqual, type TypeOf } from '../asn1/index.js';
import { parseSignatureAlgorithm } from './algorithm.js';
import { PkiError } from './error.js';
import { Extensions } from './extension.js';
import { checkedName, formatName, type Name } from './name.js';
import { OID } from './oid.js';
import { isP256Spki } from './p256.js';
import { decodePem } from './pem.js';
import { CertificationRequestSyntax, decodeObject, ExtensionsSyntax } from './schema.js';
import { algorithmObjection, verify } from './signature.js';
import { asBuffer, assertSupportedKey, type KeyFamily, keyFamily, publicKeyFromSpki } from './spki.js';

const MAX_OCTETS = 64 * 1024;

/** A PKCS#10 certification request (RFC 2986), read strictly once; its parts stay as received. */
export class CertificationRequest {
  /** The whole request as received. */
  readonly der: Uint8Array;
  readonly subject: Name;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly keyFamily: KeyFamily;
  /** What the extensionRequest attribute asks for (RFC 2985 section 5.4.2), verbatim and in order. */
  readonly extensions: Extensions;
  /** OIDs of the attributes, in the order received. */
  readonly attributeTypes: readonly string[];
  /** DER of the AlgorithmIdentifier. */
  readonly signatureAlgorithm: Uint8Array;
  readonly #signed: Uint8Array;
  readonly #signature: Uint8Array;
  #publicKey: KeyObject | undefined;

  /** Throws PkiError `DerInvalid`, `KeyInvalid` or `KeyUnsupported`. */
  constructor(der: Uint8Array) {
    const request = decodeObject(CertificationRequestSyntax, der, 'certificate request');
    const { value: info, der: signed } = request.certificationRequestInfo;
    if (info.version !== 0) {
      throw new PkiError('DerInvalid', `certificate request: version ${info.version + 1}, only version 1 exists`);
    }
    this.der = der;
    this.subject = checkedName(info.subject, 'certificate request, subject');
    this.spki = info.subjectPKInfo;
    this.signatureAlgorithm = request.signatureAlgorithm;
    const attributes = info.attributes ?? [];
    this.attributeTypes = attributes.map(({ type }) => type);
    this.extensions = new Extensions(requestedExtensions(attributes), 'certificate request');
    this.#signed = signed;
    this.#signature = request.signature;
    // The usual key is told by its form alone: reading it costs as much as a signature, and not everybody needs it.
    if (isP256Spki(asBuffer(this.spki))) {
      this.keyFamily = 'ec';
      return;
    }
    assertSupportedKey(this.publicKey, 'certificate request');
    this.keyFamily = keyFamily(this.publicKey);
  }

  /** Throws PkiError `KeyInvalid` for a point that is not on the curve P-256; other keys are known to be good. */
  get publicKey(): KeyObject {
    this.#publicKey ??= publicKeyFromSpki(this.spki);
    return this.#publicKey;
  }

  /** RFC 4514 text. */
  get subjectText(): string {
    return formatName(this.subject);
  }

  /**
   * Throws PkiError `SignatureInvalid`, `AlgorithmWeak` or `AlgorithmUnsupported` unless the requested key signed the
   * request. `evenIfWeak`: with whatever hash; only where possession of the key is proved in another way as well.
   */
  verifySignature({ evenIfWeak = false }: { readonly evenIfWeak?: boolean } = {}): void {
    const algorithm = parseSignatureAlgorithm(this.signatureAlgorithm);
    const objection = evenIfWeak ? undefined : algorithmObjection(algorithm, this.publicKey);
    if (objection !== undefined) throw new PkiError('AlgorithmWeak', `certificate request: ${objection}`);
    if (!verify(this.publicKey, algorithm, this.#signed, this.#signature, { evenIfWeak })) {
      throw new PkiError(
        'SignatureInvalid',
        'certificate request: the signature does not verify with the key in it; the request was altered or badly made',
      );
    }
  }
}

type Attributes = NonNullable<
  TypeOf<typeof CertificationRequestSyntax>['certificationRequestInfo']['value']['attributes']
>;

function requestedExtensions(attributes: Attributes): TypeOf<typeof ExtensionsSyntax> | undefined {
  const [found, ...more] = attributes.filter(({ type }) => type === OID.extensionRequest);
  if (found === undefined) return undefined;
  const [value, ...rest] = found.values;
  if (value === undefined || rest.length > 0 || more.length > 0) {
    throw new PkiError('DerInvalid', 'certificate request: the extensionRequest attribute must hold exactly one value');
  }
  // Some clients ask for nothing with an empty list instead of no attribute.
  if (octetsEqual(value, EMPTY_SEQUENCE)) return undefined;
  return decodeObject(ExtensionsSyntax, value, 'certificate request, extensionRequest');
}

const EMPTY_SEQUENCE = Uint8Array.of(0x30, 0x00);

/**
 * Reads a request from PEM text (one `CERTIFICATE REQUEST` block and no other) or from DER; at most 64 KiB.
 * Does not verify the signature. Throws PkiError that names the problem.
 */
export function parseCsr(input: string | Uint8Array): CertificationRequest {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
  if (size > MAX_OCTETS) {
    throw new PkiError('TooLarge', `certificate request of ${size} octets: at most ${MAX_OCTETS} are accepted`);
  }
  if (typeof input !== 'string') return new CertificationRequest(input);
  const [der, ...more] = decodeRequestPem(input);
  if (der === undefined || more.length > 0) {
    throw new PkiError('PemInvalid', `certificate request: ${more.length + 1} PEM blocks, expected exactly one`);
  }
  return new CertificationRequest(der);
}

function decodeRequestPem(text: string): Uint8Array[] {
  try {
    return decodePem(text, 'CERTIFICATE REQUEST');
  } catch (error) {
    if (error instanceof PkiError) throw new PkiError(error.code, `certificate request: ${error.message}`, error);
    throw error;
  }
}
