import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CertificationRequest,
  encodePem,
  type Name,
  parseCsr,
  subjectKeyIdentifierOf,
} from '../../../src/pki/index.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { createIdentity, type Identity, rfc4514, slashed } from '../../../src/sandbox/ca/authority.js';
import { createCrl } from '../../../src/sandbox/ca/crl.js';
import { authorityKeyIdentifier, subjectKeyIdentifier } from '../../../src/sandbox/ca/extension.js';
import { createHierarchy } from '../../../src/sandbox/ca/hierarchy.js';
import type { KeyKind } from '../../../src/sandbox/ca/key-kind.js';
import { signCertificate } from '../../../src/sandbox/ca/leaf-certificate.js';
import { Ledger } from '../../../src/sandbox/ca/ledger.js';
import { rootUpdate } from '../../../src/sandbox/ca/root-update.js';
import { randomSerial } from '../../../src/sandbox/ca/serial.js';
import { text } from '../../unit/cmp/support/fixture.js';

const DAY = 86_400_000;
const pem = (der: Uint8Array): string => encodePem('CERTIFICATE', der);
const keyPem = ({ privateKey }: Identity): string => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

/**
 * A PKI in files, for a server inside `openssl cmp` that cannot make one: root.pem, issuing.pem, signer.pem and .key,
 * ra.pem (with its issuer) and .key, certificates of the CSR `new` (issued.pem, again.pem), a CRL, and a root update.
 */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'lab-'));
  /** RFC 4514 text, and as the openssl command line has it. */
  readonly caName: string;
  readonly caNameSlashed: string;
  readonly issuing: Identity;

  private constructor(issuing: Identity) {
    this.issuing = issuing;
    this.caName = rfc4514(issuing.nameParts);
    this.caNameSlashed = slashed(issuing.nameParts);
  }

  static async make(keys: KeyKind = 'ec-p256'): Promise<Lab> {
    const now = new Date();
    const hierarchy = await createHierarchy(keys, now, systemRandom);
    const { root, issuing, signer } = hierarchy;
    const lab = new Lab(issuing);
    const csr = parseCsr(text('new.csr'));
    const update = await rootUpdate(hierarchy, now, systemRandom, undefined);
    const files = {
      'root.pem': pem(root.certificate),
      'issuing.pem': pem(issuing.certificate),
      'signer.pem': pem(signer.certificate),
      'signer.key': keyPem(signer),
      'issued.pem': pem(await lab.issue(csr)),
      'again.pem': pem(await lab.issue(csr)),
      'crl.pem': encodePem('X509 CRL', await createCrl(issuing, new Ledger(), now)),
      'new-with-new.pem': pem(update.newWithNew),
      'new-with-old.pem': pem(update.newWithOld ?? new Uint8Array()),
      'old-with-new.pem': pem(update.oldWithNew ?? new Uint8Array()),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(lab.file(name), content);
    await lab.client('ra', keys);
    return lab;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Writes NAME.pem, with the issuing CA behind, and NAME.key of a client with this kind of key. */
  async client(name: string, keys: KeyKind): Promise<void> {
    const made = await createIdentity({
      keys,
      now: new Date(),
      random: systemRandom,
      name: [['CN', name]],
      profile: 'client',
      issuer: this.issuing,
    });
    writeFileSync(this.file(`${name}.pem`), pem(made.certificate) + pem(this.issuing.certificate));
    writeFileSync(this.file(`${name}.key`), keyPem(made));
  }

  /** DER of a certificate for what a CSR asks for. */
  issue({ subject, spki, extensions }: CertificationRequest & { readonly subject: Name }): Promise<Uint8Array> {
    const whole = Math.floor(Date.now() / 1000) * 1000;
    return signCertificate(
      {
        serialNumber: BigInt(`0x${Buffer.from(randomSerial(systemRandom)).toString('hex')}`),
        validity: { notBefore: new Date(whole - DAY), notAfter: new Date(whole + 90 * DAY) },
        subject,
        subjectPublicKeyInfo: spki,
        extensions: [
          ...extensions.list.map(({ der }) => der),
          subjectKeyIdentifier(subjectKeyIdentifierOf(spki)),
          authorityKeyIdentifier(this.issuing.keyIdentifier),
        ],
      },
      this.issuing,
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
