import {
  any,
  type Codec,
  DerError,
  decodeDer,
  encodeDer,
  octetString,
  octetsEqual,
  oid,
  sequenceOf,
} from '../../asn1/index.js';
import { OID } from '../../cmp/oids.js';
import { referenceName } from '../../cmp/protection/index.js';
import {
  AlgorithmIdentifier,
  CaCertsValue,
  CertReqTemplateContent,
  CrlStatusListValue,
  CrlsValue,
  type InfoTypeAndValue,
  type PKIBody,
  RootCaKeyUpdateContent,
  SignKeyPairTypesValue,
} from '../../cmp/schema/index.js';
import { namesEqual, OID as PKIX, parseName } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Behaviour } from './behaviour.js';
import { createCrl } from './crl.js';
import type { Hierarchy } from './hierarchy.js';
import type { Ledger } from './ledger.js';
import { MessageRefused } from './refusal.js';
import { rootUpdate } from './root-update.js';

export interface SupportContext {
  readonly hierarchy: Hierarchy;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
}

const P256 = '1.2.840.10045.3.1.7';
const EC_P256: AlgorithmIdentifier = { algorithm: PKIX.ecPublicKey, parameters: encodeDer(oid, P256) };
const RSA: AlgorithmIdentifier = { algorithm: PKIX.rsaEncryption, parameters: Uint8Array.of(0x05, 0x00) };

const rdnsOf = (name: Uint8Array) => decodeDer(sequenceOf(any), name);

/** An empty value is for the requester to fill. */
const TEMPLATE_SUBJECT = encodeDer(sequenceOf(any), [
  ...rdnsOf(parseName('O=CMP Sandbox')),
  ...rdnsOf(referenceName('').value),
]);

/** Requests here bear the CA's organization and a common name of their own, and a P-256 key. */
const TEMPLATE: CertReqTemplateContent = {
  certTemplate: { subject: TEMPLATE_SUBJECT },
  keySpec: [{ type: OID.algId, value: encodeDer(AlgorithmIdentifier, EC_P256) }],
};

const item = <T>(infoType: string, codec: Codec<T>, value: T | undefined): InfoTypeAndValue =>
  value === undefined ? { infoType } : { infoType, infoValue: encodeDer(codec, value) };

/** The one item of an answer to this question. Throws MessageRefused, DerError. */
async function answerTo(
  { infoType, infoValue }: InfoTypeAndValue,
  { rootUpdate: updateFault }: Behaviour,
  { hierarchy, ledger, clock, random }: SupportContext,
): Promise<InfoTypeAndValue> {
  const { issuing, root, secondRoot } = hierarchy;
  const crl = () => createCrl(issuing, ledger, clock.now());
  switch (infoType) {
    case OID.caCerts:
      return item(
        infoType,
        CaCertsValue,
        [issuing, root, secondRoot].map(({ certificate }) => certificate),
      );
    case OID.rootCaCert: {
      const known = infoValue !== undefined && octetsEqual(infoValue, root.certificate) && updateFault !== 'none';
      const fault = updateFault === 'none' ? undefined : updateFault;
      const update = known ? await rootUpdate(hierarchy, clock.now(), random, fault) : undefined;
      return item(OID.rootCaKeyUpdate, RootCaKeyUpdateContent, update);
    }
    case OID.certReqTemplate:
      return item(infoType, CertReqTemplateContent, TEMPLATE);
    case OID.crlStatusList: {
      const ours = decodeDer(CrlStatusListValue, infoValue ?? new Uint8Array()).some(
        ({ source, thisUpdate }) =>
          source.type === 'issuer' &&
          source.value.some((name) => name.type === 'directoryName' && namesEqual(name.value, issuing.name)) &&
          (thisUpdate === undefined || thisUpdate < clock.now()),
      );
      return item(OID.crls, CrlsValue, ours ? [await crl()] : undefined);
    }
    case OID.currentCRL:
      return { infoType, infoValue: await crl() };
    case OID.signKeyPairTypes:
      return item(infoType, SignKeyPairTypesValue, [EC_P256, RSA]);
    default:
      throw new MessageRefused('badRequest', `this CA has nothing to say about infoType ${infoType}`);
  }
}

/** genp, spoilt where asked for. Throws MessageRefused. */
export async function answerSupport(
  [question, ...more]: readonly InfoTypeAndValue[],
  behaviour: Behaviour,
  context: SupportContext,
): Promise<PKIBody> {
  if (question === undefined || more.length > 0) {
    throw new MessageRefused('badRequest', 'exactly one item may be asked for in a message');
  }
  try {
    const right = await answerTo(question, behaviour, context);
    return { type: 'genp', value: spoilt(right, behaviour) };
  } catch (error) {
    if (error instanceof DerError) throw new MessageRefused('badDataFormat', error.message);
    throw error;
  }
}

function spoilt(right: InfoTypeAndValue, { support }: Behaviour): readonly InfoTypeAndValue[] {
  switch (support) {
    case undefined:
      return [right];
    case 'otherInfoType':
      return [{ ...right, infoType: OID.confirmWaitTime }];
    case 'noItem':
      return [];
    case 'twoItems':
      return [right, right];
    case 'wrongValue':
      return [{ ...right, infoValue: encodeDer(octetString, Buffer.from('something else')) }];
    case 'noValue':
      return [{ infoType: right.infoType }];
    default:
      return unreachable(support);
  }
}
