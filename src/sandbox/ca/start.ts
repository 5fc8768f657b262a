import { PbmKeys } from '../../cmp/protection/index.js';
import { decodePem, encodePem } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { silentLogger } from '../../runtime/logger.js';
import { systemRandom } from '../../runtime/random.js';
import { Gate } from '../gate.js';
import { createIdentity, type Identity, intermediatesAbove, rfc4514, slashed } from './authority.js';
import { BehaviourRegistry } from './behaviour.js';
import { Composer } from './compose.js';
import { Enrolment } from './enrolment.js';
import { createHierarchy } from './hierarchy.js';
import { startHttpServer } from './http-server.js';
import { Inquiries } from './inquiries.js';
import { issueCertificate } from './issuing.js';
import { tlsKeyKind } from './key-kind.js';
import { Ledger } from './ledger.js';
import type { MessageGate } from './message-gate.js';
import type { ClientCertificate, SandboxCa, SandboxCaOptions } from './options.js';
import { Authenticator } from './requester.js';
import { Responder } from './responder.js';
import { standardBehaviours } from './standard-behaviours.js';
import { TransactionTable } from './transactions.js';

const certificatePem = (identity: Identity): string => encodePem('CERTIFICATE', identity.certificate);
const keyPem = ({ privateKey }: Identity): string => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

/** Makes the CA's keys and certificates and starts to listen. */
export async function startSandboxCa(options: SandboxCaOptions = {}): Promise<SandboxCa> {
  const { clock = systemClock, random = systemRandom, logger = silentLogger, keys = 'ec-p256' } = options;
  const host = options.host ?? '127.0.0.1';
  const hierarchy = await createHierarchy(keys, clock.now(), random);
  const ledger = new Ledger();
  const gate: MessageGate = new Gate();
  const behaviours = new BehaviourRegistry({ ...standardBehaviours, ...options.behaviours });
  behaviours.default = options.behaviour ?? {};
  behaviours.selector = options.selector;

  const credentials = { reference: 'sandbox', secret: Buffer.from(random(24)).toString('base64url') };
  const clientRoots = options.clientRoots?.flatMap((pem) => decodePem(pem, 'CERTIFICATE'));
  const authenticator = new Authenticator(
    { ...options.secrets, [credentials.reference]: credentials.secret },
    // Who updates a certificate of ours may leave its issuer out.
    clientRoots ?? [hierarchy.root.certificate, hierarchy.issuing.certificate],
  );
  const transactionLifetimeSeconds = options.transactionLifetimeSeconds ?? 600;
  const transactions = new TransactionTable(clock, options.maximumTransactions ?? 20_000, transactionLifetimeSeconds);
  const policy = {
    defaultValidityDays: options.defaultValidityDays ?? 90,
    maximumValidityDays: options.maximumValidityDays ?? 825,
  };
  const responder = new Responder({
    behaviours,
    gate,
    authenticator,
    composer: new Composer(hierarchy, clock, random),
    enrolment: new Enrolment({ hierarchy, policy, ledger, transactions, clock, random, transactionLifetimeSeconds }),
    inquiries: new Inquiries({ hierarchy, ledger, transactions, clock, random }),
    transactions,
    ledger,
    clock,
    random,
    logger,
    credential: {
      reference: credentials.reference,
      keys: new PbmKeys(Buffer.from(credentials.secret, 'utf8')),
    },
  });

  const identity = { keys: tlsKeyKind(keys), now: clock.now(), random };
  const tlsRoot =
    options.tls === true
      ? await createIdentity({ ...identity, name: [['CN', 'Sandbox TLS Root']], profile: 'rootCa' })
      : undefined;
  const tlsServer =
    tlsRoot &&
    (await createIdentity({
      ...identity,
      name: [['CN', host]],
      profile: 'tlsServer',
      issuer: tlsRoot,
      hosts: [...new Set([host, 'localhost', '127.0.0.1'])],
    }));
  const server = await startHttpServer({
    host,
    port: options.port ?? 0,
    tls: tlsServer && { key: keyPem(tlsServer), cert: certificatePem(tlsServer) },
    clock,
    logger,
    serves: (path) => behaviours.forPath(path) !== undefined,
    answer: (path, body) => responder.answer(path, body),
    onConnection: () => ledger.countConnection(),
  });

  return {
    url: `${tlsServer === undefined ? 'http' : 'https'}://${host}:${server.port}`,
    port: server.port,
    rootPem: certificatePem(hierarchy.root),
    roots: [certificatePem(hierarchy.root), certificatePem(hierarchy.secondRoot)],
    chainPem: certificatePem(hierarchy.issuing),
    caName: rfc4514(hierarchy.issuing.nameParts),
    caNameSlashed: slashed(hierarchy.issuing.nameParts),
    signerName: rfc4514(hierarchy.signer.nameParts),
    signerPem: certificatePem(hierarchy.signer),
    credentials,
    ledger,
    behaviours,
    gate,
    tlsRootPem: tlsRoot && certificatePem(tlsRoot),
    issueClientCertificate: async (commonName, { keys: clientKeys = keys, issuer = 'trusted' } = {}) => {
      const { issuing } = issuer === 'trusted' ? hierarchy : await hierarchy.untrusted();
      const client = await createIdentity({
        keys: clientKeys,
        now: clock.now(),
        random,
        name: [
          ['O', 'CMP Sandbox'],
          ['CN', commonName],
        ],
        profile: 'client',
        issuer: issuing,
      });
      return clientCertificate(client);
    },
    certify: (request, certificate) =>
      issueCertificate(request, certificate ? { certificate } : {}, hierarchy, policy, clock.now(), random),
    close: () => {
      gate.open();
      return server.close();
    },
  };
}

const clientCertificate = (client: Identity): ClientCertificate => ({
  certificatePem: certificatePem(client),
  chainPem: intermediatesAbove(client).map(certificatePem).join(''),
  keyPem: keyPem(client),
});
