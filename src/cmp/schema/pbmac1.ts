import { integer, octetString, optional, sequence, type TypeOf } from '../../asn1/index.js';
import { AlgorithmIdentifier } from './general.js';

/** PBMAC1-params (RFC 8018 appendix A.5). */
export const PBMAC1Params = sequence('PBMAC1-params', {
  keyDerivationFunc: AlgorithmIdentifier,
  messageAuthScheme: AlgorithmIdentifier,
});
export type PBMAC1Params = TypeOf<typeof PBMAC1Params>;

/** PBKDF2-params (RFC 8018 appendix A.2) with the salt given, not named; keyLength in octets, prf defaults to hmacWithSHA1. */
export const PBKDF2Params = sequence('PBKDF2-params', {
  salt: octetString,
  iterationCount: integer,
  keyLength: optional(integer),
  prf: optional(AlgorithmIdentifier),
});
export type PBKDF2Params = TypeOf<typeof PBKDF2Params>;
