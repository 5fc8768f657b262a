/** Object identifiers of CMP and CRMF (RFC 9810 appendix F, RFC 4211 appendix B). */
export const OID = {
  passwordBasedMac: '1.2.840.113533.7.66.13',
  dhBasedMac: '1.2.840.113533.7.66.30',
  pbmac1: '1.2.840.113549.1.5.14',
  kemBasedMac: '1.2.840.113533.7.66.16',
  implicitConfirm: '1.3.6.1.5.5.7.4.13',
  confirmWaitTime: '1.3.6.1.5.5.7.4.14',
  origPKIMessage: '1.3.6.1.5.5.7.4.15',
  certProfile: '1.3.6.1.5.5.7.4.21',
  regToken: '1.3.6.1.5.5.7.5.1.1',
  authenticator: '1.3.6.1.5.5.7.5.1.2',
  oldCertID: '1.3.6.1.5.5.7.5.1.5',
} as const;
