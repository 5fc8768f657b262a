import type { ISSUER_GROUP, IssuerKind } from '../../api/issuer.js';
import type { ObjectMeta } from '../../api/meta.js';
import type { Random } from '../../runtime/random.js';
import type { SanLists } from './sans.js';

/** What the CertService client and the DCAE plugin could write: a PKCS#12 or JKS key store, or PEM files. */
export type OutputType = 'P12' | 'JKS' | 'PEM';
export const OUTPUT_TYPES: readonly OutputType[] = ['P12', 'JKS', 'PEM'];

/** Subject attributes, one value each as ONAP has them. */
export interface SubjectValues {
  readonly organization?: string;
  readonly organizationalUnit?: string;
  readonly country?: string;
  readonly province?: string;
  readonly locality?: string;
}

interface IssuerReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

interface SecretKey {
  readonly name: string;
  readonly key: string;
}

interface Keystore {
  readonly create: true;
  readonly passwordSecretRef: SecretKey;
}

/** The parts of cert-manager's Certificate (cert-manager.io/v1) that a conversion writes. */
export interface CertificateObject {
  readonly apiVersion: 'cert-manager.io/v1';
  readonly kind: 'Certificate';
  readonly metadata: ObjectMeta;
  readonly spec: Partial<SanLists> & {
    readonly secretName: string;
    readonly commonName: string;
    readonly subject?: Readonly<Record<string, readonly [string]>>;
    readonly usages?: readonly string[];
    readonly issuerRef: IssuerReference;
    readonly keystores?: { readonly pkcs12: Keystore } | { readonly jks: Keystore };
  };
}

export interface SecretObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: ObjectMeta;
  readonly type: 'Opaque' | 'kubernetes.io/tls';
  /** Plain text; the API server turns it into base64. */
  readonly stringData: Readonly<Record<string, string>>;
}

export interface IssuerObject {
  readonly apiVersion: `${typeof ISSUER_GROUP}/v1`;
  readonly kind: IssuerKind;
  readonly metadata: ObjectMeta;
  readonly spec: object;
}

export type ConvertedObject = CertificateObject | SecretObject | IssuerObject;

/** What a conversion gives: objects in the order in which they should be applied, and what could not be converted. */
export interface Conversion {
  readonly objects: readonly ConvertedObject[];
  /** One line each: what has no counterpart, and what to do about it. */
  readonly warnings: readonly string[];
}

/** The usages that CertService asks every CA for, whatever the CSR says. */
const CERTSERVICE_USAGES = [
  'digital signature',
  'content commitment',
  'key encipherment',
  'server auth',
  'client auth',
] as const;

const PASSWORD_KEY = 'password';
const PASSWORD_OCTETS = 30;

export interface CertificateWish {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly secretName: string;
  readonly commonName: string;
  readonly subject: SubjectValues;
  readonly sans: SanLists;
  readonly outputType: OutputType;
  readonly issuerRef: IssuerReference;
  /** A Secret that exists (key `password`), or undefined for a new one with a random password. */
  readonly passwordSecret: string | undefined;
  /** The name of that new Secret. */
  readonly newPasswordSecret: string;
  readonly certserviceUsages: boolean;
}

export const metadata = (name: string, namespace: string | undefined): ObjectMeta => ({
  name,
  ...(namespace !== undefined && { namespace }),
});

export const secretObject = (
  meta: ObjectMeta,
  stringData: Readonly<Record<string, string>>,
  type: SecretObject['type'] = 'Opaque',
): SecretObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: meta, type, stringData });

function subjectLists(subject: SubjectValues): Readonly<Record<string, readonly [string]>> | undefined {
  const lists = Object.entries({
    organizations: subject.organization,
    organizationalUnits: subject.organizationalUnit,
    countries: subject.country,
    provinces: subject.province,
    localities: subject.locality,
  }).flatMap(([field, value]) => (value === undefined ? [] : [[field, [value]] as const]));
  return lists.length === 0 ? undefined : Object.fromEntries(lists);
}

function keystores(type: OutputType, secret: string): CertificateObject['spec']['keystores'] {
  const keystore: Keystore = { create: true, passwordSecretRef: { name: secret, key: PASSWORD_KEY } };
  switch (type) {
    case 'P12':
      return { pkcs12: keystore };
    case 'JKS':
      return { jks: keystore };
    case 'PEM':
      return undefined;
  }
}

/** A Certificate, and in front of it the Secret with the password of its key stores where one is needed. */
export function certificateObjects(wish: CertificateWish, random: Random): (CertificateObject | SecretObject)[] {
  const { sans, outputType, passwordSecret, newPasswordSecret } = wish;
  const subject = subjectLists(wish.subject);
  const stores = keystores(outputType, passwordSecret ?? newPasswordSecret);
  const certificate: CertificateObject = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: metadata(wish.name, wish.namespace),
    spec: {
      secretName: wish.secretName,
      commonName: wish.commonName,
      ...(subject !== undefined && { subject }),
      ...(sans.dnsNames.length > 0 && { dnsNames: sans.dnsNames }),
      ...(sans.ipAddresses.length > 0 && { ipAddresses: sans.ipAddresses }),
      ...(sans.uris.length > 0 && { uris: sans.uris }),
      ...(sans.emailAddresses.length > 0 && { emailAddresses: sans.emailAddresses }),
      ...(wish.certserviceUsages && { usages: CERTSERVICE_USAGES }),
      issuerRef: wish.issuerRef,
      ...(stores !== undefined && { keystores: stores }),
    },
  };
  if (stores === undefined || passwordSecret !== undefined) return [certificate];
  const password = Buffer.from(random(PASSWORD_OCTETS)).toString('hex');
  return [secretObject(metadata(newPasswordSecret, wish.namespace), { [PASSWORD_KEY]: password }), certificate];
}

/** How the files of a mounted volume come out of the Secret: file name first. */
export function volumeItems(type: OutputType, secretName: string, passwordSecret: string): string {
  switch (type) {
    case 'PEM':
      return `Secret ${secretName} with items tls.key as key.pem, tls.crt as keystore.pem, ca.crt as truststore.pem`;
    case 'P12':
    case 'JKS': {
      const extension = type.toLowerCase();
      return (
        `a projected volume of Secret ${secretName} (keystore.${extension}, truststore.${extension}) ` +
        `and Secret ${passwordSecret} (${PASSWORD_KEY} as keystore.pass and as truststore.pass)`
      );
    }
  }
}
