export { type Codec, codec, decodeDer, encodeDer, type TypeOf } from './codec.js';
export { Element, readElement } from './element.js';
export { DerError } from './error.js';
export { oidToOctets, oidToText } from './oid.js';
export {
  bigInteger,
  boolean,
  integer,
  namedBits,
  nullValue,
  octetAlignedBitString,
  octetString,
  oid,
  utf8String,
} from './primitives.js';
export { any, mapped, opaque, type WithRaw, withRaw } from './raw.js';
export { checkDer, DEFAULT_DER_LIMITS, type DerLimits } from './strict.js';
export {
  choice,
  decodeItems,
  explicit,
  implicit,
  type Optional,
  optional,
  sequence,
  sequenceOf,
} from './structures.js';
export { contextConstructed, contextPrimitive, TAG, tagName } from './tags.js';
export { generalizedTime, time, utcTime } from './time.js';
export { concatOctets, octetsEqual, tlv } from './writer.js';
