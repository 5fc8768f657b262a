import { X509Certificate } from 'node:crypto';
import type { LedgerEntry } from '../../../src/sandbox/ca/index.js';
import type { Asked, ChaosCluster } from './chaos-cluster.js';

/** What came of one request, as its object, the CA's ledger, the logs and the events tell. */
export interface Verdict {
  readonly asked: Asked;
  /** What the CA issued for it beyond the certificate that it got. */
  readonly extras: readonly LedgerEntry[];
  /** Promises that were broken, for a person. */
  readonly problems: readonly string[];
}

const ORPHANED = 'CertificateOrphaned';

/**
 * Holds the end of one request against the promises: it has its certificate; the CA regards just that one as accepted;
 * whatever else it issued is named to the people who can have it revoked.
 */
export function judge(cluster: ChaosCluster, asked: Asked): Verdict {
  const certificates = cluster.certificates(asked);
  const problems: string[] = [];
  const serial = serialOf(cluster, asked);
  if (serial === undefined) problems.push(`has no certificate: ${cluster.reason(asked) ?? 'nothing is said about it'}`);
  const delivered = certificates.find((entry) => entry.serial === serial);
  if (serial !== undefined && delivered === undefined)
    problems.push(`got ${serial}, which the CA did not issue for it`);
  if (delivered !== undefined && delivered.state !== (delivered.implicit ? 'implicitlyConfirmed' : 'confirmed')) {
    problems.push(`got ${delivered.serial}, which is "${delivered.state}" at the CA`);
  }
  const extras = certificates.filter((entry) => entry !== delivered);
  for (const extra of extras) {
    if (extra.state === 'confirmed') problems.push(`${extra.serial} was confirmed, too`);
    for (const place of unnamedIn(cluster, asked, extra)) problems.push(`${nameOf(extra)} is not named in ${place}`);
  }
  return { asked, extras, problems };
}

/** The same once everything has had time to be written: events come a little later than certificates. */
export async function judgeAll(cluster: ChaosCluster, all: readonly Asked[]): Promise<readonly Verdict[]> {
  const verdicts = () => all.map((asked) => judge(cluster, asked));
  const end = performance.now() + 10_000;
  while (performance.now() < end && verdicts().some(({ problems }) => problems.length > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return verdicts();
}

/** The promises that were broken, with the requests that they were made to. */
export const brokenPromises = (verdicts: readonly Verdict[]): readonly string[] =>
  verdicts.flatMap(({ asked, problems }) => problems.map((problem) => `${asked.namespace}/${asked.name} ${problem}`));

const nameOf = ({ serial, transactionID, state }: LedgerEntry): string =>
  `${serial} (transaction ${transactionID}, "${state}")`;

function serialOf(cluster: ChaosCluster, asked: Asked): string | undefined {
  const encoded = cluster.get(asked)?.status?.certificate;
  if (encoded === undefined || !cluster.isIssued(asked)) return undefined;
  return new X509Certificate(Buffer.from(encoded, 'base64')).serialNumber.toLowerCase();
}

/** A certificate may be named by its serial, or by the transaction it was issued in where nobody ever saw it. */
function unnamedIn(cluster: ChaosCluster, { namespace }: Asked, extra: LedgerEntry): readonly string[] {
  const names = (text: string): boolean => text.includes(extra.serial) || text.includes(extra.transactionID);
  const warned = cluster.controllers
    .flatMap(({ lines }) => lines)
    .filter(({ level }) => level === 'warn' || level === 'error');
  const events = cluster.sandbox.api.objects
    .list('events.events.k8s.io', namespace)
    .filter((event) => event['reason'] === ORPHANED);
  return [
    ...(warned.some((line) => names(JSON.stringify(line))) ? [] : ['the log']),
    ...(events.some((event) => names(String(event['note']))) ? [] : [`an event ${ORPHANED}`]),
  ];
}
