import { decodeDer, encodeDer } from '../../asn1/index.js';
import { AlgorithmIdentifier, CertificateListSyntax, TBSCertList } from '../../cmp/schema/index.js';
import { defaultSignatureAlgorithm, encodeSignatureAlgorithm, sign } from '../../pki/index.js';
import type { Identity } from './authority.js';
import { authorityKeyIdentifier } from './extension.js';
import type { Ledger } from './ledger.js';

const DAY = 86_400_000;
const V2 = 1;

/** DER of the CRL of all that the ledger knows as revoked, good for a day. */
export async function createCrl(issuing: Identity, ledger: Ledger, now: Date): Promise<Uint8Array> {
  const thisUpdate = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const algorithm = defaultSignatureAlgorithm(issuing.privateKey);
  const der = encodeSignatureAlgorithm(algorithm);
  const value = decodeDer(AlgorithmIdentifier, der);
  const revoked = ledger.certificates.filter(({ state }) => state === 'revoked');
  const list = {
    version: V2,
    signature: value,
    issuer: issuing.name,
    thisUpdate,
    nextUpdate: new Date(thisUpdate.getTime() + DAY),
    ...(revoked.length === 0
      ? {}
      : {
          revokedCertificates: revoked.map(({ serial }) => ({
            userCertificate: BigInt(`0x${serial}`),
            revocationDate: thisUpdate,
          })),
        }),
    crlExtensions: [authorityKeyIdentifier(issuing.keyIdentifier)],
  };
  const tbs = encodeDer(TBSCertList, list);
  return encodeDer(CertificateListSyntax, {
    tbsCertList: { der: tbs, value: list },
    signatureAlgorithm: { der, value },
    signatureValue: await sign(issuing.privateKey, algorithm, tbs),
  });
}
