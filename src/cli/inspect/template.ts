import type { CertReqTemplateContent, CertTemplate } from '../../cmp/schema/index.js';
import { formatName } from '../../pki/index.js';
import { describeAlgorithm } from './algorithms.js';
import { type Description, present, utc } from './description.js';
import { describeKeySpec } from './key-spec.js';
import { describeExtension, describeKey } from './pkix.js';

export function describeTemplate(template: CertTemplate): Description {
  const { validity } = template;
  return present({
    version: template.version,
    serialNumber: template.serialNumber?.toString(16),
    signingAlg: template.signingAlg && describeAlgorithm(template.signingAlg),
    issuer: template.issuer && formatName(template.issuer),
    validity:
      validity &&
      present({
        notBefore: validity.notBefore && utc(validity.notBefore),
        notAfter: validity.notAfter && utc(validity.notAfter),
      }),
    subject: template.subject && formatName(template.subject),
    publicKey: template.publicKey && describeKey(template.publicKey),
    extensions: template.extensions?.map(describeExtension),
  });
}

/** What a CA wants requests to look like. An empty value is for the requester to fill. */
export const describeReqTemplate = ({ certTemplate, keySpec }: CertReqTemplateContent): Description =>
  present({ certTemplate: describeTemplate(certTemplate), keys: keySpec?.map(describeKeySpec) });
