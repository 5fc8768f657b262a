import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { printable } from '../../cmp/text.js';
import type { Enroller, EnrollmentRequest } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { createCsr, encodePem, type Name } from '../../pki/index.js';
import type { Random } from '../../runtime/random.js';
import { randomUuid } from '../../runtime/uuid.js';
import { type Finding, failed, warn } from './finding.js';
import type { Step } from './step.js';

export type KeyType = 'ec' | 'rsa';

/** One enrolment whose key is forgotten at once. */
export interface ThrowAway {
  readonly enroller: Enroller;
  readonly subject: Name;
  readonly keyType: KeyType;
  readonly random: Random;
}

const generate = promisify(generateKeyPair);

async function newKey(type: KeyType): Promise<KeyObject> {
  const { privateKey } =
    type === 'ec' ? await generate('ec', { namedCurve: 'P-256' }) : await generate('rsa', { modulusLength: 2048 });
  return privateKey;
}

async function freshRequest({ subject, keyType, random }: ThrowAway): Promise<EnrollmentRequest> {
  const key = await newKey(keyType);
  const csr = await createCsr({ subject, extensions: [] }, key);
  return {
    id: randomUuid(random),
    csrPem: encodePem('CERTIFICATE REQUEST', csr),
    usages: [],
    isCA: false,
    privateKey: async () => key,
  };
}

async function enroll(throwAway: ThrowAway, signal: AbortSignal): Promise<Finding> {
  const { enroller } = throwAway;
  try {
    const outcome = await enroller.enroll(await freshRequest(throwAway), signal);
    if (outcome.kind === 'pending') {
      await enroller.abandon?.(outcome.state, signal);
      const reason = outcome.reason === '' ? '' : ` (${printable(outcome.reason)})`;
      return warn(
        `the CA put the request off${reason}; it was called off`,
        'Requests will wait until somebody at the CA decides. Have it decide by itself if they should not.',
      );
    }
    const { serial, issuer, subject, notAfter, body, protection } = outcome.details;
    const notes = outcome.notes.map((note) => `; note: ${printable(note)}`).join('');
    return {
      status: 'ok',
      detail: `a certificate was issued: "${printable(subject, 200)}", serial ${serial}, by "${printable(issuer, 200)}", valid until ${notAfter.toISOString()} (${body}, ${protection})${notes}. Its key is gone: revoke it (cmpv2-issuer revoke) if it should not stand`,
      issued: { serial, issuer },
    };
  } catch (error) {
    if (error instanceof EnrollmentError) return failed(error);
    throw error;
  }
}

/** Changes something at the CA: only for those who asked for it. */
export const ENROLL_STEP: Step<ThrowAway> = { name: 'enroll', look: enroll };
