import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { SandboxCa } from '../ca/index.js';
import { askCa, pairs } from './ask-ca.js';
import type { CertServiceBehaviour } from './behaviour.js';
import { chooseBody } from './choose-body.js';
import type { EnrolmentFacts } from './journal.js';
import { answerLists } from './lists.js';
import {
  type CsrModel,
  commonNameOf,
  type OldCertificateModel,
  readCsrModel,
  readOldCertificateModel,
} from './read.js';
import { ApiError, json, type Reply, springDefault } from './reply.js';

export type Endpoint = 'certificate' | 'certificate-update';

/** Headers that Spring wants to see, in lower case. They may be empty. */
export const REQUIRED: Readonly<Record<Endpoint, readonly string[]>> = {
  certificate: ['csr', 'pk'],
  'certificate-update': ['csr', 'pk', 'old_cert', 'old_pk'],
};

/** What could be read of a request, or why it could not. */
export type ReadRequest =
  | { readonly csr: CsrModel; readonly old: OldCertificateModel | undefined; readonly problem?: undefined }
  | { readonly problem: unknown; readonly csr?: undefined };

/** Everything is read before the name of the CA is looked at: CSR, PK, OLD_CERT, OLD_PK. */
export function readRequest(endpoint: Endpoint, headers: IncomingHttpHeaders): ReadRequest {
  const value = (name: string): string => headers[name]?.toString() ?? '';
  try {
    const csr = readCsrModel(value('csr'), value('pk'));
    const update = endpoint === 'certificate-update';
    return { csr, old: update ? readOldCertificateModel(value('old_cert'), value('old_pk')) : undefined };
  } catch (problem) {
    return { problem };
  }
}

export function factsOf({ csr, old }: Extract<ReadRequest, { csr: CsrModel }>, caName: string): EnrolmentFacts {
  return {
    caName,
    body: chooseBody(csr, old),
    commonName: commonNameOf(csr.subject),
    csrSha256: createHash('sha256').update(csr.der).digest('hex'),
    pkMatchesCsr: pairs(csr.privateKey, csr.publicKeyInfo),
    ...(old && {
      oldPkMatchesOldCert: pairs(old.privateKey, old.certificate.spki),
      oldCertificates: old.count,
    }),
  };
}

export interface EnrolmentContext {
  readonly ca: SandboxCa;
  /** Undefined: no such CA name. */
  readonly behaviour: CertServiceBehaviour | undefined;
  readonly unrelated: readonly string[];
  readonly now: Date;
}

/** The answer, and the serial if a certificate was issued. */
export async function enrol(
  request: ReadRequest,
  path: string,
  { ca, behaviour, unrelated, now }: EnrolmentContext,
): Promise<{ readonly reply: Reply; readonly serial?: string }> {
  try {
    if (request.csr === undefined) throw request.problem;
    if (behaviour === undefined) throw new ApiError(404, 'Certification authority not found for given CAName');
    const { csr, old } = request;
    const { der, serial } = await askCa({ body: chooseBody(csr, old), csr, old }, behaviour, ca, now);
    return { reply: json(200, answerLists(der, { ca, unrelated }, behaviour.lists)), serial };
  } catch (error) {
    const reply =
      error instanceof ApiError ? json(error.status, { errorMessage: error.message }) : springDefault(500, path, now);
    return { reply };
  }
}
