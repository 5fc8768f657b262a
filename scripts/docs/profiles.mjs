import { PROFILES } from '../../src/cmp/profile.js';
import { code, GENERATED, table } from './markdown.mjs';

/** What each knob is about, and what its values mean, in the order of the page. */
const KNOBS = {
  pbm: {
    title:
      'PasswordBasedMac of our messages, where the issuer does not say, and the most iterations that may be configured',
    show: ({ owf, mac, iterations, mostIterations }) => `${owf}, HMAC-${mac}, ${iterations}; at most ${mostIterations}`,
  },
  sha1Owf: { title: 'Answers whose MAC key is derived with SHA-1' },
  p10crCertReqIds: { title: 'certReqId in answers to p10cr (RFC 9483 says -1)', show: (ids) => ids.join(' or ') },
  version1Errors: { title: 'Unprotected errors of protocol version 1' },
  anonymousErrors: { title: 'Unprotected errors without transactionID or recipNonce' },
  signerKeyUsage: { title: 'keyUsage digitalSignature of who signs answers' },
  hashAlg: { title: 'hashAlg (and with it version 3) in certConf, where the certificate names no hash' },
  refusedCertificates: { title: 'Certificates that we refuse in certConf' },
};

const DIFFERENT = '**';

export function profilesPage() {
  const names = Object.keys(PROFILES);
  const value = (name, knob) => (KNOBS[knob].show ?? String)(PROFILES[name][knob]);
  const cell = (name, knob) => {
    const text = value(name, knob);
    return name === 'default' || text === value('default', knob) ? text : `${DIFFERENT}${text}${DIFFERENT}`;
  };
  return `${GENERATED}

# Profiles

CMP servers differ. A profile is what this client knows about one kind of server: what to allow for, and what it can be
held to. \`default\` accepts whatever does no harm and suits most servers. Choose with \`spec.cmp.profile\` of an issuer, or
with \`--profile\` of the commands that talk to a CA. What is configured itself goes first.

| profile | for |
| --- | --- |
| \`default\` | every server without a profile of its own |
| \`ejbca\` | Keyfactor EJBCA |
| \`insta-ncm\` | Nokia NCM, Insta Certifier |
| \`entrust-3gpp\` | Entrust, and PKIs of mobile operators after 3GPP TS 33.310 |
| \`openssl-test\` | \`openssl cmp\` as a server, for tests |

No profile touches trust: chains, signatures, MACs, nonces, public keys and names are checked in the same way with each.

## What they change

Values that differ from \`default\` are bold.

${table(
  ['', ...names.map(code)],
  Object.keys(PROFILES.default).map((knob) => [KNOBS[knob].title, ...names.map((name) => cell(name, knob))]),
)}

\`hearsay\`: what the error says is told as something that somebody said; the request is tried again. \`refuse\`: the error
counts as no answer at all. \`left\`: the CA does not revoke what is refused, so the message asks to have it revoked.
`;
}
