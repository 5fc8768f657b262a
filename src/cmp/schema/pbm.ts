import { integer, octetString, sequence, type TypeOf } from '../../asn1/index.js';
import { AlgorithmIdentifier } from './general.js';

/** PBMParameter (RFC 9810 section 5.1.3.1). */
export const PBMParameter = sequence('PBMParameter', {
  salt: octetString,
  owf: AlgorithmIdentifier,
  iterationCount: integer,
  mac: AlgorithmIdentifier,
});
export type PBMParameter = TypeOf<typeof PBMParameter>;
