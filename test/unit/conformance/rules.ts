/** One `it` of a test file, by its titles as written there; `rows` are named rows of its table. */
export interface TestReference {
  /** Below test/, without `.test.ts`. */
  readonly file: string;
  readonly suite: string;
  readonly title: string;
  readonly rows: readonly string[];
}

export interface Rule {
  readonly id: `R${number}`;
  readonly rule: string;
  /** Where it comes from; "ours" where no RFC says so. */
  readonly source: string;
  /** `file#function` below src/. */
  readonly enforcedBy: readonly string[];
  /** Tests that what keeps the rule passes. */
  readonly kept: readonly TestReference[];
  /** Tests that what breaks it does not. */
  readonly broken: readonly TestReference[];
}

const at = (file: string, suite: string, title: string, ...rows: string[]): TestReference => ({
  file,
  suite,
  title,
  rows,
});

const RULES_OF = 'unit/cmp/rules';
const ENROLLMENT = 'unit/cmp/transaction/enrollment';
const SCHEMES = 'unit/cmp/transaction/protection-schemes';
const HTTP = 'unit/cmp/transfer/http';

const header = (suite: string, title: string, ...rows: string[]) => at(`${RULES_OF}/header`, suite, title, ...rows);
const body = (suite: string, title: string, ...rows: string[]) => at(`${RULES_OF}/body`, suite, title, ...rows);
const signer = (suite: string, title: string, ...rows: string[]) => at(`${RULES_OF}/signer`, suite, title, ...rows);
const certificate = (suite: string, title: string, ...rows: string[]) =>
  at(`${RULES_OF}/certificate`, suite, title, ...rows);
const protection = (suite: string, title: string) => at(`${RULES_OF}/protection`, suite, title);
const http = (title: string, ...rows: string[]) => at(HTTP, 'HTTP transfer', title, ...rows);
const strict = (suite: string, title: string, ...rows: string[]) => at('unit/asn1/strict', suite, title, ...rows);
const attack = (...rows: string[]) =>
  at('fault/attacks', 'an attack by the CA itself', '%s (%s) comes to nothing', ...rows);
const misbehaving = (...rows: string[]) =>
  at('fault/direct-backend', 'the direct backend and a CA that misbehaves', '%s (%s)', ...rows);
const answer = (...rows: string[]) => at(ENROLLMENT, 'an answer', '%s is refused', ...rows);
const refusedCertificate = (...rows: string[]) =>
  at(ENROLLMENT, 'a certificate that is no good', '%s is refused, and the CA is told so', ...rows);

const wholeTransaction = at(ENROLLMENT, 'an enrollment', 'by %s is confirmed explicitly');
const recordedAnswers = at(
  'unit/cmp/vectors',
  'every recorded answer',
  '%s encodes to the same octets, and is believed only if it should be',
);
const alteredOctet = at('unit/cmp/properties', 'an answer under %s', 'never brings one with any octet altered');

/** Every rule about answers. The page docs/reference/conformance.md is made of this list. */
export const RULES: readonly Rule[] = [
  {
    id: 'R1',
    rule: 'An answer larger than the limit is not read to its end, let alone parsed',
    source: 'ours',
    enforcedBy: ['cmp/transfer/response.ts#BoundedBody'],
    kept: [http('takes an answer of exactly the limit')],
    broken: [http('stops reading an answer that is too large, %s'), misbehaving('http-huge')],
  },
  {
    id: 'R2',
    rule: 'Only 200, 4xx and 5xx with the CMP media type carry a message; everything else is an HTTP failure',
    source: 'RFC 9811 section 3.4',
    enforcedBy: ['cmp/transfer/response.ts#bodyIsCmp'],
    kept: [http('hands on the body under %s')],
    broken: [http('refuses %s', 'a login page', 'no content type', '204'), misbehaving('http-wrong-type', 'http-html')],
  },
  {
    id: 'R3',
    rule: 'Redirects are never followed',
    source: 'RFC 9811 section 3.6',
    enforcedBy: ['cmp/transfer/response.ts#bodyIsCmp'],
    kept: [http('hands on the body under %s')],
    broken: [http('refuses %s', 'a redirect'), misbehaving('http-redirect')],
  },
  {
    id: 'R4',
    rule: 'Lengths are definite and minimal, tag numbers low, nesting and number of elements bounded, before any schema is applied',
    source: 'X.690 sections 8.1 and 10.1',
    enforcedBy: ['asn1/strict.ts#checkDer', 'asn1/element.ts#readBounds'],
    kept: [strict('checkDer accepts', '%s')],
    broken: [
      strict('checkDer refuses', 'nesting one level deeper than the limit, and not at the limit'),
      strict('checkDer refuses', 'one element more than the limit, and not at the limit'),
      attack('attack-octets-indefinite-length', 'attack-octets-padded-length', 'attack-octets-deep-nesting'),
    ],
  },
  {
    id: 'R5',
    rule: 'INTEGER minimal, BOOLEAN 00 or FF, strings primitive, padding bits zero; protection of whole octets',
    source: 'X.690 sections 8.3, 10.2 and 11',
    enforcedBy: ['asn1/strict.ts#checkUniversal'],
    kept: [strict('checkDer accepts', '%s')],
    broken: [
      strict('checkDer refuses', '%s', 'an INTEGER padded with zeros', 'a BIT STRING with dirty padding'),
      at('unit/cmp/message', 'the header is read without ambiguity', 'refuses a protection with unused bits'),
    ],
  },
  {
    id: 'R6',
    rule: 'Nothing stands behind the message, or at the end of any SEQUENCE in it',
    source: 'X.690 section 8.9',
    enforcedBy: ['asn1/strict.ts#checkDer', 'asn1/structures.ts#sequence'],
    kept: [recordedAnswers],
    broken: [
      at('unit/cmp/message', 'the header is read without ambiguity', 'refuses anything behind the message'),
      misbehaving('http-trailing-garbage'),
    ],
  },
  {
    id: 'R7',
    rule: 'Fields that are unknown, repeated or out of order make the message unreadable',
    source: 'RFC 9810 section 5.1.1',
    enforcedBy: ['asn1/structures.ts#sequence'],
    kept: [
      at(
        'unit/cmp/message',
        'the header is read without ambiguity',
        'accepts the fields in order, and tells [4] transactionID from the [4] of a directoryName',
      ),
    ],
    broken: [
      at('unit/cmp/message', 'the header is read without ambiguity', 'refuses %s'),
      attack('attack-octets-unknown-field', 'attack-octets-repeated-field'),
    ],
  },
  {
    id: 'R8',
    rule: 'MACs and signatures are verified over the octets received, never over octets encoded anew',
    source: 'RFC 9810 section 5.1.3',
    enforcedBy: ['cmp/message.ts#protectedPart', 'cmp/message.ts#decodeMessage'],
    kept: [recordedAnswers],
    broken: [alteredOctet],
  },
  {
    id: 'R9',
    rule: 'An answer without protection brings nothing; only errors may be told, as hearsay',
    source: 'RFC 9483 section 3.2',
    enforcedBy: ['cmp/rules/protection.ts#protectionPresent'],
    kept: [protection('protectionPresent', 'takes a protected answer')],
    broken: [
      protection('protectionPresent', 'refuses an unprotected one, whatever it brings'),
      misbehaving('message-unprotected'),
    ],
  },
  {
    id: 'R10',
    rule: 'protectionAlg and protection come together or not at all',
    source: 'RFC 9810 section 5.1.3',
    enforcedBy: ['cmp/rules/protection.ts#protectionConsistent'],
    kept: [protection('protectionConsistent', 'takes %s')],
    broken: [protection('protectionConsistent', 'refuses %s'), attack('attack-octets-algorithm-without-protection')],
  },
  {
    id: 'R11',
    rule: 'A signed request is answered with a signature, one under a MAC with a MAC, or with a signature where that is allowed',
    source: 'RFC 9483 section 3.2',
    enforcedBy: ['cmp/rules/protection.ts#protectionKindAllowed'],
    kept: [protection('protectionKindAllowed', 'takes a %s in answer to a %s (%s)')],
    broken: [
      protection('protectionKindAllowed', 'refuses a %s in answer to a %s (%s)'),
      answer('with a MAC to a signature', 'with a signature to a MAC, if that is not allowed'),
    ],
  },
  {
    id: 'R12',
    rule: 'PasswordBasedMac: known functions, SHA-1 as one-way function only where it is allowed, iterations and salt within bounds, before anything is computed',
    source: 'RFC 4211 section 4.4, RFC 9045',
    enforcedBy: ['cmp/protection/pbm.ts#readPbmParameters'],
    kept: [at('unit/cmp/protection/pbm', 'readPbmParameters', 'accepts %s')],
    broken: [
      at('unit/cmp/protection/pbm', 'readPbmParameters', 'refuses %s'),
      attack('attack-pbm-huge-iterations', 'attack-pbm-few-iterations', 'attack-pbm-short-salt', 'attack-pbm-sha1'),
    ],
  },
  {
    id: 'R13',
    rule: 'PBMAC1: PBKDF2 alone, iterations and key length within bounds, and so is what both cost together',
    source: 'RFC 9481 section 6.1.2, RFC 8018',
    enforcedBy: ['cmp/protection/pbmac1.ts#readPbmac1Parameters'],
    kept: [
      at('unit/cmp/protection/pbmac1', 'readPbmac1Parameters', 'accepts %s'),
      at(SCHEMES, 'PBMAC1', 'protects a whole transaction in both directions (PBKDF2 with %s, HMAC-%s)'),
    ],
    broken: [
      at('unit/cmp/protection/pbmac1', 'readPbmac1Parameters', 'refuses %s'),
      at(SCHEMES, 'PBMAC1', 'with parameters that cost too much or protect too little is not even computed: %s'),
    ],
  },
  {
    id: 'R14',
    rule: 'A MAC has its full length and is compared in constant time',
    source: 'RFC 2104 section 5',
    enforcedBy: ['cmp/protection/mac.ts#verifyMac'],
    kept: [at('unit/cmp/protection/pbm', 'PasswordBasedMac', 'verifies a whole %s of OpenSSL')],
    broken: [
      at('unit/cmp/protection/pbm', 'PasswordBasedMac', 'refuses a MAC that is cut short'),
      at('unit/cmp/protection/pbmac1', 'PBMAC1', 'refuses a MAC that is cut short'),
      attack('attack-octets-truncated-protection'),
    ],
  },
  {
    id: 'R15',
    rule: "Signature algorithms are known, strong enough, and fit the signer's key; RSA has 2048 bits or more",
    source: 'RFC 9481 section 3',
    enforcedBy: ['cmp/protection/signature.ts#verifySignature', 'pki/signature.ts#algorithmObjection'],
    kept: [
      at('unit/cmp/protection/signature', 'protection by signature', '%s verifies what it signed, and nothing else'),
    ],
    broken: [
      at('unit/cmp/protection/signature', 'protection by signature', 'refuses %s'),
      at('unit/cmp/protection/signature', 'protection by signature', 'refuses keys that are too short'),
    ],
  },
  {
    id: 'R16',
    rule: 'The signer chains to a configured anchor, now; where a signer is pinned, only that one counts',
    source: 'RFC 9810 section 8, RFC 5280 section 6',
    enforcedBy: ['cmp/rules/signer.ts#signerTrusted', 'cmp/rules/signer.ts#signerIsExpected', 'pki/chain.ts#buildPath'],
    kept: [
      signer('signerTrusted', 'takes %s'),
      at(
        SCHEMES,
        'a pinned signer',
        'is accepted by its fingerprint, and found without extraCerts when its certificate is given',
      ),
    ],
    broken: [
      signer('signerTrusted', 'refuses %s'),
      at(SCHEMES, 'a pinned signer', 'excludes everybody else, CA or not'),
      at(SCHEMES, 'a pinned signer', 'must chain to an anchor all the same'),
      misbehaving('message-untrusted-signer'),
    ],
  },
  {
    id: 'R17',
    rule: 'What comes with a message (extraCerts, caPubs) is never an anchor for that message',
    source: 'RFC 9483 section 3.3',
    enforcedBy: ['cmp/rules/signer.ts#signerTrusted'],
    kept: [signer('signerTrusted', 'takes %s')],
    broken: [answer('of somebody below another root'), misbehaving('message-untrusted-signer')],
  },
  {
    id: 'R18',
    rule: "A signer whose keyUsage is limited has digitalSignature, unless the operator or the server's profile ignores that",
    source: 'RFC 9483 section 1.5',
    enforcedBy: ['cmp/rules/signer.ts#signerKeyUsage'],
    kept: [
      signer('signerKeyUsage', 'takes digitalSignature'),
      signer('signerKeyUsage', 'takes what the operator ignores'),
    ],
    broken: [signer('signerKeyUsage', 'refuses a key that may not sign'), attack('attack-signer-without-key-usage')],
  },
  {
    id: 'R19',
    rule: 'The sender, if named, is the subject of the signer, RDNs in any order; senderKID helps to find the signer',
    source: 'RFC 9810 section 5.1.1',
    enforcedBy: ['cmp/rules/signer.ts#senderIsSigner', 'cmp/rules/signer.ts#signerCandidates'],
    kept: [signer('senderIsSigner', 'takes %s')],
    broken: [signer('senderIsSigner', 'refuses %s'), attack('attack-signer-other-sender')],
  },
  {
    id: 'R20',
    rule: 'The signer is the recipient, a CA, or certified to speak for one: not just anybody below the anchor',
    source: 'RFC 9810 section 4.5, RFC 6402 section 2.10',
    enforcedBy: ['cmp/rules/signer.ts#signerSpeaksForCa'],
    kept: [signer('signerSpeaksForCa', 'takes %s')],
    broken: [
      signer('signerSpeaksForCa', 'refuses %s'),
      answer('of somebody else below the root'),
      attack('attack-signer-bystander'),
    ],
  },
  {
    id: 'R21',
    rule: 'transactionID is there and ours',
    source: 'RFC 9810 section 5.1.1',
    enforcedBy: ['cmp/rules/header.ts#transactionIdEqual'],
    kept: [header('transactionIdEqual', 'takes ours')],
    broken: [
      header('transactionIdEqual', 'refuses %s'),
      misbehaving('message-wrong-transaction-id', 'message-missing-transaction-id'),
    ],
  },
  {
    id: 'R22',
    rule: 'recipNonce is our last senderNonce, or that of the message that was put off, but never so in a pollRep',
    source: 'RFC 9810 section 5.1.1, RFC 9483 section 4.4',
    enforcedBy: ['cmp/rules/header.ts#recipNonceMatches', 'cmp/transaction/answer.ts#acceptedNonces'],
    kept: [
      header('recipNonceMatches', 'takes %s'),
      at(ENROLLMENT, 'waiting', 'takes a final answer to the message that was put off'),
    ],
    broken: [
      header('recipNonceMatches', 'refuses %s'),
      at(ENROLLMENT, 'waiting', 'does not take a pollRep to the message that was put off'),
      at(ENROLLMENT, 'waiting', 'does not take a pkiconf to the message that was put off'),
      misbehaving('message-wrong-recip-nonce'),
    ],
  },
  {
    id: 'R23',
    rule: 'senderNonce has 128 bits or more and was never seen in the transaction, neither sent nor received',
    source: 'RFC 9810 section 5.1.1',
    enforcedBy: ['cmp/rules/header.ts#senderNonceFresh'],
    kept: [header('senderNonceFresh', 'takes one of %i octets')],
    broken: [
      header('senderNonceFresh', 'refuses %s'),
      misbehaving('message-short-sender-nonce', 'message-missing-sender-nonce', 'message-repeated-sender-nonce'),
    ],
  },
  {
    id: 'R24',
    rule: 'The body is of a type that the state allows; our own messages sent back never are',
    source: 'RFC 9810 section 5.1.2',
    enforcedBy: ['cmp/rules/body.ts#bodyTypeExpected'],
    kept: [body('bodyTypeExpected', 'takes what this state allows')],
    broken: [
      body('bodyTypeExpected', 'refuses $type where cp is expected'),
      answer('that is our own message'),
      misbehaving('message-wrong-body-type'),
    ],
  },
  {
    id: 'R25',
    rule: "Version 2 or 3; version 1 on errors alone, and where the server's profile allows it",
    source: 'RFC 9810 section 7',
    enforcedBy: ['cmp/rules/header.ts#pvnoSupported'],
    kept: [header('pvnoSupported', 'takes version %i on %s')],
    broken: [header('pvnoSupported', 'refuses version %i on %s'), misbehaving('message-old-pvno')],
  },
  {
    id: 'R26',
    rule: 'messageTime lies within the window around our clock, where a window is configured',
    source: 'RFC 9483 section 3.1',
    enforcedBy: ['cmp/rules/header.ts#messageTimeRecent'],
    kept: [header('messageTimeRecent', 'takes %s')],
    broken: [
      header('messageTimeRecent', 'refuses %i s'),
      answer('that is too old'),
      at('integration/controller-cmp-options', 'an issuer', 'looks at messageTime where it is told to'),
    ],
  },
  {
    id: 'R27',
    rule: 'There is exactly one CertResponse, and its certReqId is ours; for p10cr what the profile says',
    source: 'RFC 9483 section 4.1.1',
    enforcedBy: ['cmp/rules/body.ts#exactlyOneCertResponse', 'cmp/rules/body.ts#certReqIdExpected'],
    kept: [
      body('exactlyOneCertResponse', 'takes one'),
      body('certReqIdExpected', 'takes %i of %j'),
      at(ENROLLMENT, 'an enrollment', 'echoes the certReqId %i that a CA gives to a p10cr'),
    ],
    broken: [
      body('exactlyOneCertResponse', 'refuses %#'),
      body('certReqIdExpected', 'refuses %i of %j'),
      misbehaving('status-two-responses', 'status-no-response', 'message-wrong-cert-req-id'),
    ],
  },
  {
    id: 'R28',
    rule: 'A grant comes with a certificate and without failInfo; a rejection and a promise come without a certificate',
    source: 'RFC 9810 section 5.3.4',
    enforcedBy: ['cmp/rules/body.ts#statusMatchesCertificate'],
    kept: [body('statusMatchesCertificate', 'takes $status.status %#')],
    broken: [
      body('statusMatchesCertificate', 'refuses %s'),
      misbehaving(
        'status-accepted-with-fail-info',
        'status-rejection-with-certificate',
        'status-waiting-with-certificate',
      ),
    ],
  },
  {
    id: 'R29',
    rule: 'Warnings and notifications grant nothing, and there are no other statuses',
    source: 'RFC 9810 section 5.2.3',
    enforcedBy: ['cmp/rules/body.ts#verdict'],
    kept: [body('verdict', '%s is %s')],
    broken: [
      misbehaving('status-key-update-warning', 'status-revocation-warning'),
      at('unit/cmp/message', 'known encodings', 'refuses a status that does not exist'),
    ],
  },
  {
    id: 'R30',
    rule: 'The certificate comes in plain and without a private key: we never ask the CA for keys',
    source: 'RFC 9810 section 5.3.4',
    enforcedBy: ['cmp/rules/body.ts#certificateInPlain'],
    kept: [body('certificateInPlain', 'takes a plain certificate')],
    broken: [
      body('certificateInPlain', 'refuses %s'),
      attack('attack-body-encrypted-certificate', 'attack-body-private-key'),
    ],
  },
  {
    id: 'R31',
    rule: 'The certificate is for the key of the request',
    source: 'RFC 9483 section 4.1.1',
    enforcedBy: ['cmp/rules/certificate.ts#publicKeyMatches'],
    kept: [certificate('publicKeyMatches', 'takes the requested key')],
    broken: [
      certificate('publicKeyMatches', 'refuses another one under the same name'),
      misbehaving('certificate-wrong-key'),
      at('fault/fuzz', '', '%s, which once was too much, is dealt with whatever it stands for'),
    ],
  },
  {
    id: 'R32',
    rule: 'The certificate is strict DER, valid now, and no CA certificate unless one was asked for',
    source: 'RFC 5280 section 4.1',
    enforcedBy: [
      'cmp/rules/certificate.ts#certificateReadable',
      'cmp/rules/certificate.ts#certificateValidNow',
      'cmp/rules/certificate.ts#caOnlyIfAsked',
    ],
    kept: [
      certificate('certificateReadable', 'takes a certificate'),
      certificate('certificateValidNow', 'takes it %s'),
      certificate('caOnlyIfAsked', 'takes a CA that was asked for'),
    ],
    broken: [
      certificate('certificateReadable', 'refuses %s'),
      certificate('certificateValidNow', 'refuses it %s'),
      certificate('caOnlyIfAsked', 'refuses a CA that was not'),
      misbehaving('certificate-expired', 'certificate-not-yet-valid', 'certificate-certificate-authority'),
    ],
  },
  {
    id: 'R33',
    rule: 'The certificate chains to a configured anchor over a path of bounded length',
    source: 'RFC 5280 section 6',
    enforcedBy: ['cmp/rules/certificate.ts#chainsToTrust', 'pki/chain.ts#buildPath'],
    kept: [certificate('chainsToTrust', 'finds the way %s')],
    broken: [
      certificate('chainsToTrust', 'refuses %s'),
      at('unit/pki/chain', 'a path', 'is no longer than allowed'),
      misbehaving('certificate-untrusted-issuer', 'certificate-bad-signature'),
    ],
  },
  {
    id: 'R34',
    rule: 'Names and usages are those requested, or differ only as the policy allows; grantedWithMods excuses nothing',
    source: 'RFC 9810 section 5.2.3',
    enforcedBy: ['cmp/rules/certificate.ts#requestCovered'],
    kept: [certificate('requestCovered', 'takes %s')],
    broken: [
      certificate('requestCovered', 'refuses %s'),
      misbehaving('certificate-wrong-subject', 'granted-with-mods'),
    ],
  },
  {
    id: 'R35',
    rule: 'caPubs bring no trust, but for the answer itself under the shared secret where the operator wants that',
    source: 'RFC 9810 section 5.3.2, RFC 9483 section 4.1.1',
    enforcedBy: ['cmp/transaction/validate.ts#validateCertificate', 'enrollment/trusted-cas.ts#trustedCas'],
    kept: [
      at(
        'unit/cmp/transaction/ca-pubs-trust',
        'without configured trust, where caPubs may bring it',
        'roots in caPubs of an answer under the shared secret vouch for the certificate in it',
      ),
      attack('attack-body-strange-ca-pubs'),
    ],
    broken: [
      at(
        'unit/cmp/transaction/ca-pubs-trust',
        'without configured trust, where caPubs may bring it',
        '%s vouch for nothing',
      ),
      attack('certificate-untrusted-issuer+attack-body-strange-ca-pubs'),
    ],
  },
  {
    id: 'R36',
    rule: 'So many certificates of a list are read as the limits say (32), each of bounded size (16 KiB), each once; unreadable ones are left out',
    source: 'ours',
    enforcedBy: ['cmp/certificate-reader.ts#CertificateReader', 'cmp/answer-limits.ts#ANSWER_LIMITS'],
    kept: [attack('attack-body-many-ca-pubs', 'attack-octets-many-extra-certs')],
    broken: [
      at(
        'unit/cmp/certificate-reader',
        'CertificateReader',
        'leaves out repetitions, what is unreadable, and what is too large',
      ),
      at('unit/cmp/certificate-reader', 'CertificateReader', 'reads no more than 32 of a list'),
    ],
  },
  {
    id: 'R37',
    rule: 'certConf is left out only if we asked for that and the protected final answer grants it',
    source: 'RFC 9810 section 5.1.1.1',
    enforcedBy: ['cmp/rules/header.ts#implicitConfirmGranted'],
    kept: [at(ENROLLMENT, 'implicit confirmation', 'saves the certConf when it is granted')],
    broken: [
      at(ENROLLMENT, 'implicit confirmation', 'does not save it when it is %s'),
      misbehaving('implicit-confirm-unasked'),
    ],
  },
  {
    id: 'R38',
    rule: 'certConf goes out with the certReqId received and the right hash before the certificate is used; a refusal says why',
    source: 'RFC 9810 section 5.3.18',
    enforcedBy: [
      'cmp/transaction/confirmation.ts#sendConfirmation',
      'cmp/transaction/confirmation.ts#refuse',
      'pki/cert-hash.ts#certHash',
    ],
    kept: [wholeTransaction, at(ENROLLMENT, 'an enrollment', 'echoes the certReqId %i that a CA gives to a p10cr')],
    broken: [
      refusedCertificate(),
      at(ENROLLMENT, 'a certificate that is no good', 'is refused altogether when it cannot even be read'),
    ],
  },
  {
    id: 'R39',
    rule: 'pkiconf is held to the same rules as every answer; its signer may be known from before',
    source: 'RFC 9810 section 5.3.17',
    enforcedBy: ['cmp/transaction/answer.ts#acceptAnswer', 'cmp/transaction/confirmation.ts#confirmationResult'],
    kept: [at(ENROLLMENT, 'an answer', 'may leave out certificates that came before')],
    broken: [
      at(ENROLLMENT, 'a confirmation', 'whose answer is %s is sent again, and the certificate is kept'),
      at('fault/attacks', 'an attack on answers of the stage "%s"', '%s (%s) brings no certificate', 'confirmation'),
    ],
  },
  {
    id: 'R40',
    rule: 'After an error in place of pkiconf the certificate is not used: it is given up, or kept until it is confirmed where the CA says that it is out of order',
    source: 'RFC 9483 section 4.1.1',
    enforcedBy: ['cmp/transaction/confirmation.ts#confirmationResult'],
    kept: [at(ENROLLMENT, 'a confirmation', 'that had arrived after all (%s) is good')],
    broken: [
      at(ENROLLMENT, 'a confirmation', 'that the CA refuses takes the certificate with it, which is named'),
      at(ENROLLMENT, 'a confirmation', 'that was never sent before cannot have arrived (%s)'),
      misbehaving('error-instead-of-pkiconf'),
      at(
        'fault/direct-backend',
        'the direct backend and a CA that misbehaves',
        'a refused certConf takes the certificate with it (%s)',
      ),
    ],
  },
  {
    id: 'R41',
    rule: 'pollRep has one entry, about our certReqId, with a time ahead; waits are bounded, and so is their sum',
    source: 'RFC 9810 section 5.3.22',
    enforcedBy: [
      'cmp/rules/polling.ts#pollRepForUs',
      'cmp/rules/polling.ts#waitMs',
      'cmp/rules/polling.ts#deadlineNotPassed',
    ],
    kept: [at(`${RULES_OF}/polling`, 'pollRepForUs', 'takes %j'), at(`${RULES_OF}/polling`, 'waitMs', 'waits %s')],
    broken: [
      at(`${RULES_OF}/polling`, 'pollRepForUs', 'refuses %s'),
      at(`${RULES_OF}/polling`, 'deadlineNotPassed', 'refuses the deadline itself and the time after'),
      attack('poll+attack-body-negative-check-after', 'poll+attack-body-two-poll-entries'),
    ],
  },
  {
    id: 'R42',
    rule: 'The final answer after waiting passes all rules anew',
    source: 'RFC 9483 section 4.4',
    enforcedBy: ['cmp/transaction/answer.ts#acceptAnswer'],
    kept: [at(ENROLLMENT, 'waiting', 'ends at once if the first poll brings the certificate')],
    broken: [
      at(ENROLLMENT, 'waiting', 'holds the final answer to all rules'),
      at('fault/attacks', 'an attack on answers of the stage "%s"', '%s (%s) brings no certificate', 'poll'),
    ],
  },
  {
    id: 'R43',
    rule: 'An error that nobody vouches for is never final, and must not contradict our identifiers',
    source: 'RFC 9810 section 5.3.21',
    enforcedBy: ['cmp/rules/header.ts#identifiersOursIfPresent', 'cmp/rules/body.ts#rejection'],
    kept: [header('identifiersOursIfPresent', 'takes %s'), answer('that is an error of nobody about nothing')],
    broken: [
      header('identifiersOursIfPresent', 'refuses %s'),
      answer('that is an error of nobody to another'),
      body('what a rejection means', 'is never final when nobody vouches for it'),
      misbehaving('error-unprotected'),
    ],
  },
  {
    id: 'R44',
    rule: 'Text of the peer is bounded, on one line and without control characters before it goes anywhere',
    source: 'ours',
    enforcedBy: ['cmp/text.ts#printable', 'cmp/text.ts#freeText'],
    kept: [body('what a rejection means', 'tells what the CA said and what to do')],
    broken: [
      body('what a rejection means', 'bounds and cleans the text of strangers'),
      at('unit/cmp/text', 'printable', 'bounds the length'),
      attack('attack-body-terminal-escapes'),
    ],
  },
  {
    id: 'R45',
    rule: 'Nonces and salts come from the CSPRNG, 128 bits each and new each time; a transactionID of 128 bits is random, or derived from the random name of a request and the number of its attempt',
    source: 'RFC 9810 section 5.1.1',
    enforcedBy: [
      'cmp/transaction/dialogue.ts#Dialogue',
      'runtime/random.ts#systemRandom',
      'enrollment/transaction-id.ts#transactionIdOf',
    ],
    kept: [
      at(
        ENROLLMENT,
        'an enrollment',
        'keeps one transactionID, takes a new nonce each time, and names the nonce it answers',
      ),
    ],
    broken: [at(ENROLLMENT, 'an enrollment', 'never takes the identifiers of an earlier one')],
  },
  {
    id: 'R46',
    rule: 'A nested answer holds one message, under a signature of its own; both layers are verified, and there is no third',
    source: 'RFC 9483 section 5.2.2, RFC 9810 section 5.1.3.4',
    enforcedBy: ['cmp/rules/protection.ts#onlyInnerMessage', 'cmp/transaction/answer.ts#acceptAnswer'],
    kept: [
      at(SCHEMES, 'a message in an envelope', 'travels nested both ways, inner MAC and outer signature verified each'),
      at(SCHEMES, 'a message in an envelope', 'may be answered without one'),
    ],
    broken: [
      at(
        SCHEMES,
        'a message in an envelope',
        'brings no certificate when the answer is wrong: %s',
        'nested-two-inner',
        'nested-nested-twice',
        'nested-bad-outer-protection',
        'nested-bad-inner-protection',
      ),
      at(SCHEMES, 'a message in an envelope', 'is no answer to a message that went without one'),
    ],
  },
  {
    id: 'R47',
    rule: 'rp holds one status, and revCerts, if there, names the certificate of the request',
    source: 'RFC 9810 section 5.3.10, RFC 9483 section 4.2',
    enforcedBy: ['cmp/rules/revocation.ts#exactlyOneStatus', 'cmp/rules/revocation.ts#revCertsNameOurs'],
    kept: [at('unit/cmp/transaction/revocation', 'a revocation', 'for the reason %s is told to the CA')],
    broken: [
      at(
        'unit/cmp/transaction/revocation',
        'what is no revocation is told apart:',
        '%s',
        'revocation-other-serial',
        'revocation-other-issuer',
        'revocation-two-statuses',
      ),
    ],
  },
  {
    id: 'R48',
    rule: 'genp holds one item, of the infoType asked for and of the right type; a new root is vouched for by the old key and vouches for it',
    source: 'RFC 9483 section 4.3, RFC 9810 section 4.4',
    enforcedBy: [
      'cmp/rules/support.ts#onlyItemAnswers',
      'cmp/rules/support.ts#valueOfType',
      'cmp/rules/support.ts#rootUpdateHolds',
    ],
    kept: [
      at('unit/cmp/transaction/support', 'a support message', 'brings the CA certificates'),
      at(
        'unit/cmp/transaction/support',
        'a support message',
        'brings the successor of a root, tied to it by both keys, and adds it to no trust',
      ),
    ],
    broken: [
      at(
        'unit/cmp/transaction/support',
        'an answer that does not fit the question is refused:',
        '%s',
        'support-no-item',
        'support-two-items',
        'support-wrong-value',
      ),
      at(
        'unit/cmp/transaction/support',
        'a root update is refused when its certificates do not belong together:',
        '%s',
      ),
    ],
  },
  {
    id: 'R49',
    rule: 'Secrets and derived keys show in no message; derived keys are key objects, few are kept, and their octets are wiped',
    source: 'RFC 9810 section 8',
    enforcedBy: ['cmp/protection/pbm-key.ts#PbmKeys', 'cmp/protection/pbm-key.ts#toKeyObject'],
    kept: [
      at('unit/cmp/protection/pbm', 'PasswordBasedMac', 'derives the known key with %s and %i iterations'),
      at('unit/cmp/protection/pbm', 'PasswordBasedMac', 'wipes the octets of a key once it is one'),
    ],
    broken: [
      at(
        'unit/cmp/protection/pbm',
        'PasswordBasedMac',
        'keeps 32 derived keys and no more, and shows neither them nor the secret',
      ),
      at('unit/enrollment/direct', 'its configuration', 'never shows a key in what it says'),
    ],
  },
  {
    id: 'R50',
    rule: 'Costly key derivations do not hold up the event loop, however many there are',
    source: 'ours',
    enforcedBy: ['cmp/protection/pbm-key.ts#derivePbmKey', 'cmp/protection/pbm-key.ts#PbmKeys'],
    kept: [
      at('unit/cmp/protection/pbm', 'PasswordBasedMac', 'derives the same key in one turn and in slices'),
      at(
        'unit/cmp/protection/pbm',
        'PasswordBasedMac',
        'lets everything else have its turn between slices, however many keys are derived',
      ),
    ],
    broken: [
      at(
        'unit/cmp/protection/pbmac1',
        'PBMAC1',
        'is verified without deriving anything when its parameters are not acceptable',
      ),
      attack('attack-pbm-huge-iterations'),
    ],
  },
  {
    id: 'R51',
    rule: 'A key update brings a certificate for the new key, and not the old certificate again',
    source: 'RFC 9483 section 4.1.3',
    enforcedBy: ['cmp/rules/certificate.ts#certificateIsNew', 'cmp/rules/certificate.ts#publicKeyMatches'],
    kept: [
      at(
        'unit/cmp/transaction/key-update',
        'a key update against the sandbox CA',
        'is signed with the old key, names the old certificate, and brings a new one',
      ),
    ],
    broken: [at('unit/cmp/transaction/key-update', 'a key update', 'refuses to be given the old certificate again')],
  },
  {
    id: 'R52',
    rule: 'Limits of time, size, depth and cost hold exactly: at the limit all is well, one beyond it is not',
    source: 'ours',
    enforcedBy: [
      'asn1/strict.ts#checkDer',
      'cmp/protection/pbm.ts#readPbmParameters',
      'cmp/transfer/response.ts#BoundedBody',
      'cmp/rules/polling.ts#waitMs',
      'cmp/answer-limits.ts#ANSWER_LIMITS',
      'enrollment/answer-limits.ts#answerLimits',
    ],
    kept: [
      at('unit/cmp/limits', 'a limit on answers', '%s holds exactly'),
      at('unit/api/issuer-crd', 'every number', '%s has bounds, and they hold exactly'),
      at('unit/cmp/protection/pbm', 'readPbmParameters', 'accepts %s', 'the lower bounds', 'the upper bounds'),
      http('takes an answer of exactly the limit'),
    ],
    broken: [
      at('unit/cmp/limits', 'a limit on answers', '%s holds exactly'),
      at('unit/cmp/limits', 'a limit on answers', '%s cannot be configured beyond its bounds'),
      at('unit/cmp/limits', 'the time for one answer', 'is over at the limit, and not before'),
      strict('checkDer refuses', 'one element more than the limit, and not at the limit'),
      at('unit/cmp/profile', '%s', 'takes as many iterations as the server does'),
      http('gives up when no answer comes in time'),
      http('gives up when the answer never ends'),
    ],
  },
];
