import forge from 'node-forge';

/** What a PKCS#12 file holds, all DER. */
export interface Pkcs12Contents {
  /** PKCS#8 PrivateKeyInfo of the first key. */
  readonly privateKey: Uint8Array | undefined;
  readonly certificates: readonly Uint8Array[];
}

type Asn1 = forge.asn1.Asn1;

const octets = (value: Asn1): Uint8Array => Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1');

function privateKeyOf(bag: forge.pkcs12.Bag): Uint8Array | undefined {
  if (bag.key) return octets(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key)));
  // Keys other than RSA stay as they are.
  return bag.asn1 === undefined ? undefined : octets(bag.asn1);
}

function certificateOf(bag: forge.pkcs12.Bag): Uint8Array | undefined {
  if (bag.cert) return octets(forge.pki.certificateToAsn1(bag.cert));
  return bag.asn1 === undefined ? undefined : octets(bag.asn1);
}

/**
 * Reads a PKCS#12 file (RFC 7292), with PBES2 or with the old ciphers (3DES, RC2) that Java and cert-manager still write
 * and that OpenSSL 3 refuses. Throws Error when it is malformed or the password is wrong.
 */
export function readPkcs12(file: Uint8Array, password: string): Pkcs12Contents {
  const p12 = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(Buffer.from(file).toString('latin1')), password);
  const bags = p12.safeContents.flatMap(({ safeBags }) => safeBags);
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids;
  const present = (value: Uint8Array | undefined): value is Uint8Array => value !== undefined;
  return {
    privateKey: bags
      .filter(({ type }) => type === keyBag || type === pkcs8ShroudedKeyBag)
      .map(privateKeyOf)
      .find(present),
    certificates: bags
      .filter(({ type }) => type === certBag)
      .map(certificateOf)
      .filter(present),
  };
}
