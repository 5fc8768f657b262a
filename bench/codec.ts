import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench } from 'tinybench';
import { TAG, tlv } from '../src/asn1/index.js';
import { describeMessage } from '../src/cli/inspect/describe.js';
import { CertificateReader } from '../src/cmp/certificate-reader.js';
import { assembleMessage, decodeMessage, encodeBody, encodeHeader } from '../src/cmp/message.js';
import { DEFAULT_PBM_POLICY, PbmKeys } from '../src/cmp/protection/index.js';
import { acceptAnswer, type CmpSession, SignerCache } from '../src/cmp/transaction/index.js';
import { validateCertificate } from '../src/cmp/transaction/validate.js';
import { Certificate, decodeCertificates, NULL_DN, parseCsr } from '../src/pki/index.js';
import { silentLogger } from '../src/runtime/logger.js';
import { packageRoot } from '../src/runtime/package-root.js';
import { systemRandom } from '../src/runtime/random.js';
import { ms, printTable } from './table.js';

const recorded = (...path: string[]) => readFileSync(join(packageRoot(), 'fixtures', ...path));

/** One recorded ip through codec and verification, step by step. The salt is new each time, as in every real answer. */
export async function benchCodec(): Promise<void> {
  const octets = recorded('cmp', 'recorded', 'pbm-ir-1.rsp.der');
  const signedOctets = recorded('cmp', 'recorded', 'ircsr-1.rsp.der');
  const root = Certificate.parse(
    decodeCertificates(recorded('pki', 'recorded', 'root.crt').toString())[0]?.der ?? octets,
  );
  const csr = parseCsr(recorded('pki', 'recorded', 'new.csr').toString());
  const message = decodeMessage(octets);
  const pbmSession = session(root, message.header.messageTime ?? new Date());
  const signedSession = { ...pbmSession, credential: { kind: 'signature' } } as unknown as CmpSession;
  const wish = { csr, usages: [], isCA: false, privateKey: () => Promise.reject(new Error('no key is needed')) };

  const accept = (der: Uint8Array, over: CmpSession) => {
    const { header } = decodeMessage(der);
    const none = new Uint8Array();
    return acceptAnswer(
      der,
      {
        transactionID: header.transactionID ?? none,
        lastNonce: header.recipNonce ?? none,
        seenNonces: [],
        knownSigners: [],
      },
      over,
    );
  };
  const certificateOf = (der: Uint8Array): Uint8Array => {
    const { body } = decodeMessage(der);
    const issued = body.type === 'ip' ? body.value.response[0]?.certifiedKeyPair?.certOrEncCert : undefined;
    if (issued?.type !== 'certificate') throw new Error('the recording holds no certificate');
    return issued.value;
  };
  const kept = {
    certReqId: 0,
    certificate: certificateOf(octets),
    caPubs: message.body.type === 'ip' ? (message.body.value.caPubs ?? []) : [],
    extraCerts: message.extraCerts,
    underMac: true,
  };

  const large = largeMessage(signedOctets);

  const bench = new Bench({ time: 1000, warmupTime: 300 });
  bench
    .add('decode the PBM ip', () => {
      decodeMessage(octets);
    })
    .add('decode the signed ip', () => {
      decodeMessage(signedOctets);
    })
    .add('re-encode its header and body', () => {
      encodeHeader(message.header);
      encodeBody(message.body);
    })
    .add('derive the PBM-500 key', async () => {
      await new PbmKeys(SECRET).key(PARAMETERS);
    })
    .add('accept the PBM ip, key new', async () => {
      await accept(octets, withNewKeys(pbmSession));
    })
    .add('accept the PBM ip, key known', async () => {
      await accept(octets, pbmSession);
    })
    .add('accept the signed ip, signer known', async () => {
      await accept(signedOctets, signedSession);
    })
    .add('accept the signed ip, signer new', async () => {
      await accept(signedOctets, {
        ...signedSession,
        signers: new SignerCache(),
        certificates: new CertificateReader(),
      });
    })
    .add('validate the certificate', () => {
      validateCertificate(kept, wish, pbmSession);
    })
    .add('parse a certificate', () => {
      Certificate.parse(kept.certificate);
    })
    .add(`inspect a message of ${(large.length / 1_000).toFixed(0)} kB`, () => {
      describeMessage(decodeMessage(large));
    });
  await bench.run();

  const medians = new Map<string, number>();
  for (const task of bench.tasks) {
    const { result } = task;
    if ('latency' in result) medians.set(task.name, result.latency.p50 ?? result.latency.mean);
    else throw new Error(`${task.name} did not run: ${JSON.stringify(result)}`);
  }
  printTable(`Codec (recorded ip: PBM-500 ${octets.length} octets, signed ${signedOctets.length} octets)`, [
    ['step', 'median'],
    ...[...medians].map(([name, value]) => [name, ms(value)]),
  ]);
  const of = (name: string) => medians.get(name) ?? Number.NaN;
  const whole = of('accept the PBM ip, key new') + of('validate the certificate');
  const rest = of('accept the PBM ip, key known') + of('validate the certificate');
  printTable('Decode and verify one PBM-500 ip, certificate included', [
    ['whole', 'of it PBM key derivation', 'the rest'],
    [ms(whole), `${ms(whole - rest)} (${((100 * (whole - rest)) / whole).toFixed(0)} %)`, ms(rest)],
  ]);
  await benchStall();
}

/** As many certificates as the limit of elements lets pass, and the rest of a megabyte in one value. */
function largeMessage(der: Uint8Array): Uint8Array {
  const { header, rawBody, protection, extraCerts } = decodeMessage(der);
  const infoValue = tlv(TAG.octetString, new Uint8Array(900_000));
  const certificates = Array.from({ length: 110 }, (_, i) => extraCerts[i % extraCerts.length] ?? der);
  const rawHeader = encodeHeader({ ...header, generalInfo: [{ infoType: '1.3.6.1.4.1.99999.1', infoValue }] });
  return assembleMessage({ rawHeader, rawBody, protection, extraCerts: certificates });
}

/** The dearest key that a CA may ask for, once and eight times at once: how long nothing else gets its turn. */
async function benchStall(): Promise<void> {
  const rows: string[][] = [['keys at once', 'whole', 'longest stall of the event loop']];
  for (const keys of [1, 8]) {
    let longest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    const start = performance.now();
    await Promise.all(
      Array.from({ length: keys }, (_, index) =>
        new PbmKeys(SECRET).key({
          ...PARAMETERS,
          salt: Buffer.alloc(16, index),
          iterationCount: DEFAULT_PBM_POLICY.maxIterations,
        }),
      ),
    );
    const whole = performance.now() - start;
    clearInterval(beat);
    rows.push([String(keys), ms(whole), ms(longest)]);
  }
  printTable(`PBM key of ${DEFAULT_PBM_POLICY.maxIterations} iterations`, rows);
}

const SECRET = Buffer.from('labsecret-0123456789');
const PARAMETERS = { salt: Buffer.alloc(16, 7), owf: 'sha256', iterationCount: 500 } as const;

const withNewKeys = (session: CmpSession): CmpSession =>
  session.credential.kind === 'mac'
    ? { ...session, credential: { ...session.credential, keys: new PbmKeys(SECRET) } }
    : session;

function session(root: Certificate, now: Date): CmpSession {
  const unused = () => Promise.reject(new Error('nothing is sent here'));
  return {
    transport: { open: unused, close: unused } as unknown as CmpSession['transport'],
    credential: {
      kind: 'mac',
      reference: 'labref',
      keys: new PbmKeys(SECRET),
      owf: 'sha256',
      mac: 'sha256',
      iterationCount: 500,
    },
    recipient: NULL_DN,
    anchors: [root],
    enrollment: 'ir',
    proofOfPossession: 'raVerified',
    implicitConfirm: false,
    responseProtection: 'allowSignature',
    pbmPolicy: DEFAULT_PBM_POLICY,
    ignoreKeyUsage: false,
    policy: { subject: 'Any', subjectAltNames: 'Any', usages: 'Any' },
    maxPollingMs: 60_000,
    signers: new SignerCache(),
    certificates: new CertificateReader(),
    clock: { now: () => now, monotonic: () => 0, sleep: unused, after: () => () => {} },
    random: systemRandom,
    logger: silentLogger,
  };
}
