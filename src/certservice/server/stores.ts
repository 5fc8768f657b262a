import { createPrivateKey, type KeyObject } from 'node:crypto';
import { toPem } from 'jks-js';
import { Certificate, dedupe, encodePem, keyMatches, PkiError, pemBlocks } from '../../pki/index.js';
import { readPkcs12 } from './pkcs12.js';
import { StoreError } from './store-error.js';

/** One file with keys or certificates, and its password. PEM files need none. */
export interface StoreFile {
  /** Only for messages. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly password: string;
}

/** What is in a store of any format. */
interface StoreContents {
  readonly privateKey: KeyObject | undefined;
  readonly certificates: readonly Certificate[];
}

type Format = 'PEM' | 'JKS' | 'JCEKS' | 'PKCS12' | 'unknown';

const JKS_MAGIC = 0xfeedfeed;
const JCEKS_MAGIC = 0xcececece;
const DER_SEQUENCE = 0x30;

/** The content decides, not the name: `keytool` has written PKCS#12 into files called `.jks` since Java 9. */
function formatOf(content: Buffer): Format {
  if (content.length > 4 && content.readUInt32BE(0) === JKS_MAGIC) return 'JKS';
  if (content.length > 4 && content.readUInt32BE(0) === JCEKS_MAGIC) return 'JCEKS';
  if (content[0] === DER_SEQUENCE) return 'PKCS12';
  return content.includes('-----BEGIN ') ? 'PEM' : 'unknown';
}

function readStore({ path, content, password }: StoreFile): StoreContents {
  const octets = Buffer.from(content);
  const format = formatOf(octets);
  try {
    switch (format) {
      case 'PEM':
        return readPem(octets.toString('utf8'), password);
      case 'JKS':
        return readJks(octets, password);
      case 'PKCS12':
        return readP12(octets, password);
      case 'JCEKS':
        throw new StoreError(path, 'it is a JCEKS store, which is not supported; convert it with keytool to PKCS12');
      case 'unknown':
        throw new StoreError(path, 'it is neither PEM nor JKS nor PKCS#12');
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const reason = error instanceof PkiError ? error.message : 'it is damaged, or the password is wrong';
    // What touched keys and passwords goes no further.
    throw new StoreError(path, `${format} store cannot be read: ${reason}`);
  }
}

function readPem(text: string, passphrase: string): StoreContents {
  const blocks = pemBlocks(text);
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => Certificate.parse(der));
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/.exec(text)?.[0];
  return { privateKey: key === undefined ? undefined : createPrivateKey({ key, passphrase }), certificates };
}

function readJks(octets: Buffer, password: string): StoreContents {
  const entries = Object.values(toPem(octets, password) ?? {});
  const key = entries.find((entry) => entry.key !== undefined)?.key;
  const pem = entries.map(({ ca, cert }) => `${ca ?? ''}\n${cert ?? ''}`).join('\n');
  return {
    privateKey: key === undefined ? undefined : createPrivateKey(key),
    certificates: pemBlocks(pem).map(({ der }) => Certificate.parse(der)),
  };
}

function readP12(octets: Buffer, password: string): StoreContents {
  const { privateKey, certificates } = readPkcs12(octets, password);
  return {
    privateKey: privateKey && createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' }),
    certificates: certificates.map((der) => Certificate.parse(der)),
  };
}

const toPemText = (certificates: readonly Certificate[]): string =>
  certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('');

/** Leaf first, then its issuers as far as they are at hand, no root. */
function chainFrom(leaf: Certificate, others: readonly Certificate[]): Certificate[] {
  const chain = [leaf];
  for (let top = leaf; !top.isSelfSigned; ) {
    const issuer = others.find((other) => !chain.includes(other) && top.mayBeIssuedBy(other));
    if (issuer === undefined || issuer.isSelfSigned) break;
    chain.push(issuer);
    top = issuer;
  }
  return chain;
}

/** What the HTTPS server is and whom it lets in. All PEM. */
export interface ServerTls {
  readonly keyPem: string;
  /** Leaf first, then intermediates. */
  readonly certificatesPem: string;
  /** CAs of the clients. */
  readonly clientCasPem: string;
}

/**
 * Reads the server's key store and trust store, each PEM, JKS or PKCS#12. `key`: a PEM file with the private key, where
 * the key store is PEM and holds the certificates alone. Throws StoreError.
 */
export function readServerTls(keyStore: StoreFile, trustStore: StoreFile, key?: StoreFile): ServerTls {
  const store = readStore(keyStore);
  const privateKey = key === undefined ? store.privateKey : readStore(key).privateKey;
  if (privateKey === undefined) throw new StoreError((key ?? keyStore).path, 'it holds no private key');
  const certificates = dedupe(store.certificates);
  const leaf = certificates.find(({ spki }) => keyMatches(privateKey, spki));
  if (leaf === undefined) throw new StoreError(keyStore.path, 'it holds no certificate for the private key');
  const clientCas = dedupe(readStore(trustStore).certificates);
  if (clientCas.length === 0) throw new StoreError(trustStore.path, 'it holds no CA certificate for the clients');
  return {
    keyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificatesPem: toPemText(chainFrom(leaf, certificates)),
    clientCasPem: toPemText(clientCas),
  };
}
