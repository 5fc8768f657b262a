import { encodeDer } from '../../asn1/index.js';
import { CmpError, type CmpSession, requestSignKeyPairTypes } from '../../cmp/index.js';
import { OID } from '../../cmp/oids.js';
import { AlgorithmIdentifier } from '../../pki/index.js';
import { describeKeySpec } from '../inspect/key-spec.js';
import { type Finding, ok, skip, warn } from './finding.js';
import type { Talk } from './talk.js';

function keyType(identifier: AlgorithmIdentifier): string {
  const name = describeKeySpec({ type: OID.algId, value: encodeDer(AlgorithmIdentifier, identifier) });
  return typeof name === 'string' ? name : 'an unknown kind of key';
}

async function keyTypes(session: CmpSession, signal: AbortSignal): Promise<string> {
  try {
    const found = await requestSignKeyPairTypes(session, signal);
    return found.length === 0
      ? 'it does not limit the kinds of keys'
      : `it certifies keys of ${found.map(keyType).join(', ')}`;
  } catch (error) {
    if (error instanceof CmpError) return 'it does not tell which keys it certifies';
    throw error;
  }
}

/** What the CA tells in support messages. */
export async function genm({ session, outcome }: Talk, signal: AbortSignal): Promise<Finding> {
  switch (outcome?.kind) {
    case 'answered': {
      const count = outcome.caCerts.length;
      const some = `${count === 0 ? 'no' : count} CA certificate${count === 1 ? '' : 's'}`;
      return ok(`the CA hands out ${some} (caCerts); ${await keyTypes(session, signal)}`);
    }
    case 'declined':
      if (outcome.error.retry === 'transient') {
        return warn(outcome.error.message, 'The CA itself says that it is not well: look into its log.');
      }
      return ok(`the CA does not answer support messages, which nothing depends on: ${outcome.error.message}`);
    case 'unproven':
    case undefined:
      return skip('needs an authentic answer of the CA');
  }
}
