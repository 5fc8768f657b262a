import { createHash, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { octetsEqual } from '../asn1/index.js';
import { parseSignatureAlgorithm } from './algorithm.js';
import { PkiError } from './error.js';
import { Extensions } from './extension.js';
import { canonicalRdns, checkedName, formatName, type Name } from './name.js';
import { decodePem } from './pem.js';
import { CertificateSyntax, decodeObject } from './schema.js';
import { algorithmObjection, verify } from './signature.js';
import { publicKeyFromSpki } from './spki.js';

// The same few CA and signer certificates arrive with every response. Making a key object or checking a signature takes
// longer than everything else that is done to a certificate, and both depend on nothing but the octets in the key.
const publicKeys = new LRUCache<string, KeyObject>({ max: 256 });
const signatures = new LRUCache<string, { readonly objection: string | undefined }>({ max: 1024 });

/** An X.509 certificate: its octets, read strictly once. Names, key and signature stay raw until somebody asks. */
export class Certificate {
  /** The whole certificate as received. */
  readonly der: Uint8Array;
  /** The signed part (TBSCertificate) as received. */
  readonly tbs: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serialNumber: bigint;
  readonly issuer: Name;
  readonly subject: Name;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the AlgorithmIdentifier. */
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly extensions: Extensions;
  #publicKey: KeyObject | undefined;
  #sha256: string | undefined;
  #selfSigned: boolean | undefined;
  readonly #canonical: { subject?: string; issuer?: string } = {};

  private constructor(der: Uint8Array) {
    const { tbsCertificate, signatureAlgorithm, signature } = decodeObject(CertificateSyntax, der, 'certificate');
    const tbs = tbsCertificate.value;
    const version = (tbs.version ?? 0) + 1;
    if (version < 1 || version > 3) throw new PkiError('DerInvalid', `certificate: there is no version ${version}`);
    if (tbs.extensions !== undefined && version !== 3) {
      throw new PkiError('DerInvalid', `certificate: extensions in version ${version}`);
    }
    // RFC 5280 section 4.1.1.2: the signed and the outer identifier must be the same.
    if (!octetsEqual(tbs.signature, signatureAlgorithm)) {
      throw new PkiError('DerInvalid', 'certificate: signature algorithm inside and outside the signed part differ');
    }
    this.der = der;
    this.tbs = tbsCertificate.der;
    this.version = version;
    this.serialNumber = tbs.serialNumber;
    this.issuer = checkedName(tbs.issuer, 'certificate, issuer');
    this.subject = checkedName(tbs.subject, 'certificate, subject');
    this.spki = tbs.subjectPublicKeyInfo;
    this.notBefore = tbs.validity.notBefore;
    this.notAfter = tbs.validity.notAfter;
    this.signatureAlgorithm = signatureAlgorithm;
    this.signature = signature;
    this.extensions = new Extensions(tbs.extensions, 'certificate');
  }

  /** Reads the DER of one certificate. Throws PkiError `DerInvalid`. */
  static parse(der: Uint8Array): Certificate {
    return new Certificate(der);
  }

  /** Throws PkiError `KeyInvalid` when the key is malformed. */
  get publicKey(): KeyObject {
    this.#publicKey ??= this.#readPublicKey();
    return this.#publicKey;
  }

  /** Lower-case hexadecimal, whole octets, without separators; a leading `-` for the negative ones of broken CAs. */
  get serialHex(): string {
    const negative = this.serialNumber < 0n;
    const digits = (negative ? -this.serialNumber : this.serialNumber).toString(16);
    return `${negative ? '-' : ''}${digits.length % 2 === 0 ? '' : '0'}${digits}`;
  }

  /** Lower-case hexadecimal fingerprint of the whole certificate. */
  get sha256(): string {
    this.#sha256 ??= createHash('sha256').update(this.der).digest('hex');
    return this.#sha256;
  }

  /** RFC 4514 text. */
  get subjectText(): string {
    return formatName(this.subject);
  }

  /** RFC 4514 text. */
  get issuerText(): string {
    return formatName(this.issuer);
  }

  /** Whether BasicConstraints says CA:TRUE. */
  get isCA(): boolean {
    return this.extensions.basicConstraints?.ca ?? false;
  }

  /** Whether subject and issuer are the same name (RFC 5280 section 3.2). */
  get isSelfIssued(): boolean {
    return this.#names(this, this);
  }

  /** Whether the certificate's own key made its signature. Weak algorithms count as well: a root is trusted, not verified. */
  get isSelfSigned(): boolean {
    this.#selfSigned ??= this.isSelfIssued && this.#selfSignatureHolds();
    return this.#selfSigned;
  }

  /** Whether the issuer's subject is this one's issuer, and the key identifiers agree where both are present. */
  mayBeIssuedBy(issuer: Certificate): boolean {
    const wanted = this.extensions.authorityKeyIdentifier;
    const found = issuer.extensions.subjectKeyIdentifier;
    if (wanted !== undefined && found !== undefined && !octetsEqual(wanted, found)) return false;
    return this.#names(this, issuer);
  }

  /** Why the issuer's key does not vouch for this certificate, or undefined if its signature is right. */
  signatureObjection(issuer: Certificate): string | undefined {
    const pair = `${this.sha256} ${issuer.sha256}`;
    const known = signatures.get(pair);
    if (known !== undefined) return known.objection;
    const objection = this.#checkSignature(issuer);
    signatures.set(pair, { objection });
    return objection;
  }

  /** Whether the other one is the same, octet by octet. */
  equals(other: Certificate): boolean {
    return octetsEqual(this.der, other.der);
  }

  #checkSignature(issuer: Certificate): string | undefined {
    try {
      const algorithm = parseSignatureAlgorithm(this.signatureAlgorithm);
      const objection = algorithmObjection(algorithm, issuer.publicKey);
      if (objection !== undefined) return objection;
      return verify(issuer.publicKey, algorithm, this.tbs, this.signature)
        ? undefined
        : 'the signature does not verify';
    } catch (error) {
      if (error instanceof PkiError) return error.message;
      throw error;
    }
  }

  #readPublicKey(): KeyObject {
    const id = Buffer.from(this.spki).toString('base64');
    const known = publicKeys.get(id);
    if (known !== undefined) return known;
    const key = publicKeyFromSpki(this.spki);
    publicKeys.set(id, key);
    return key;
  }

  #selfSignatureHolds(): boolean {
    const wanted = this.extensions.authorityKeyIdentifier;
    const own = this.extensions.subjectKeyIdentifier;
    if (wanted !== undefined && own !== undefined && !octetsEqual(wanted, own)) return false;
    try {
      return verify(this.publicKey, parseSignatureAlgorithm(this.signatureAlgorithm), this.tbs, this.signature, {
        evenIfWeak: true,
      });
    } catch (error) {
      if (error instanceof PkiError) return false;
      throw error;
    }
  }

  /**
   * RFC 5280 section 7.1: the order of RDNs counts, unlike in `namesEqual`. The canonical texts are kept, because path
   * building compares every certificate with every other.
   */
  #names(child: Certificate, parent: Certificate): boolean {
    if (octetsEqual(child.issuer, parent.subject)) return true;
    child.#canonical.issuer ??= canonicalRdns(child.issuer).join(',');
    parent.#canonical.subject ??= canonicalRdns(parent.subject).join(',');
    return child.#canonical.issuer === parent.#canonical.subject;
  }
}

/** Every certificate of a PEM text, at least one. Blocks of any other type are refused. Throws PkiError. */
export function decodeCertificates(pem: string): Certificate[] {
  return decodePem(pem, 'CERTIFICATE').map((der, index) => {
    try {
      return Certificate.parse(der);
    } catch (error) {
      if (error instanceof PkiError) throw new PkiError(error.code, `PEM block ${index + 1}: ${error.message}`, error);
      throw error;
    }
  });
}
