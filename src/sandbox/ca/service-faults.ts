// Ways to spoil what is no certificate: answers to rr and genm, MACs, envelopes.

/** How the answer to an rr contradicts the request; `otherSerial` and `otherIssuer` are about what revCerts name. */
export const REVOCATION_FAULTS = ['otherSerial', 'otherIssuer', 'twoRevCerts', 'twoStatuses'] as const;
export type RevocationFault = (typeof REVOCATION_FAULTS)[number];

/** How the answer to a genm contradicts the question. */
export const SUPPORT_FAULTS = ['otherInfoType', 'noItem', 'twoItems', 'wrongValue', 'noValue'] as const;
export type SupportFault = (typeof SUPPORT_FAULTS)[number];

/** How the certificates of a root update do not belong together. `newWithOldByStranger`: no key of ours signed it. */
export const ROOT_UPDATE_FAULTS = [
  'newWithOldByStranger',
  'newWithOldMissing',
  'newWithOldOtherKey',
  'newWithNewBySomebodyElse',
  'oldWithNewByStranger',
  'oldWithNewOtherKey',
  'otherSubject',
  'noCa',
] as const;
export type RootUpdateFault = (typeof ROOT_UPDATE_FAULTS)[number];

/** PBMAC1 whose parameters cost the client too much, or protect too little. */
export const PBMAC1_FAULTS = ['hugeIterations', 'hugeKeyLength', 'hugeProduct', 'fewIterations', 'shortKey'] as const;
export type Pbmac1Fault = (typeof PBMAC1_FAULTS)[number];

/** How an envelope around an answer is wrong. */
export const NESTING_FAULTS = [
  'twoInner',
  'nestedTwice',
  'badOuterProtection',
  'badInnerProtection',
  'outerMac',
] as const;
export type NestingFault = (typeof NESTING_FAULTS)[number];
