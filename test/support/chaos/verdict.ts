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
  /** Names that no event tells. Events are lost where the API server is out of order for long. */
  readonly withoutEvent: readonly string[];
}

/** A request, and the serial of the certificate that it got, if any. */
export interface Delivery {
  readonly asked: Asked;
  readonly serial: string | undefined;
}

/** Everything hexadecimal that people were told as a warning. */
interface Warnings {
  readonly logged: ReadonlySet<string>;
  /** In events `CertificateOrphaned`. */
  readonly events: ReadonlySet<string>;
}

const HEX = /[0-9a-f]{8,}/g;

function warnings(cluster: ChaosCluster): Warnings {
  const hex = (texts: readonly string[]) => new Set(texts.flatMap((text) => text.match(HEX) ?? []));
  const lines = cluster.controllers
    .flatMap((controller) => controller.lines)
    .filter(({ level }) => level === 'warn' || level === 'error');
  const events = cluster.sandbox.api.objects
    .list('events.events.k8s.io')
    .filter((event) => event['reason'] === 'CertificateOrphaned');
  return {
    logged: hex(lines.map((line) => JSON.stringify(line))),
    events: hex(events.map((event) => String(event['note']))),
  };
}

/** The certificate that the request holds now. */
export function deliveryOf(cluster: ChaosCluster, asked: Asked): Delivery {
  const encoded = cluster.get(asked)?.status?.certificate;
  if (encoded === undefined || !cluster.isIssued(asked)) return { asked, serial: undefined };
  const { serialNumber } = new X509Certificate(Buffer.from(encoded, 'base64'));
  return { asked, serial: serialNumber.toLowerCase() };
}

/**
 * Holds the end of requests against the promises: each has its certificate; the CA regards just that one as accepted;
 * whatever else it issued is named to the people who can have it revoked.
 */
export function judgeDeliveries(cluster: ChaosCluster, deliveries: readonly Delivery[]): readonly Verdict[] {
  const told = warnings(cluster);
  return deliveries.map((delivery) => judge(cluster, delivery, told));
}

/**
 * The same for requests that are still there, once everything had time to be written: events come a little later. Each
 * certificate that is left over must have one.
 */
export async function judgeAll(cluster: ChaosCluster, all: readonly Asked[]): Promise<readonly Verdict[]> {
  const verdicts = () => {
    const deliveries = all.map((asked) => deliveryOf(cluster, asked));
    return judgeDeliveries(cluster, deliveries).map((verdict) => ({
      ...verdict,
      problems: [...verdict.problems, ...verdict.withoutEvent],
    }));
  };
  const end = performance.now() + 10_000;
  while (performance.now() < end && verdicts().some(({ problems }) => problems.length > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return verdicts();
}

/** The promises that were broken, with the requests that they were made to. */
export const brokenPromises = (verdicts: readonly Verdict[]): readonly string[] =>
  verdicts.flatMap(({ asked, problems }) => problems.map((problem) => `${asked.namespace}/${asked.name} ${problem}`));

function judge(cluster: ChaosCluster, { asked, serial }: Delivery, told: Warnings): Verdict {
  const certificates = cluster.certificates(asked);
  const problems: string[] = [];
  const withoutEvent: string[] = [];
  const delivered = certificates.find((entry) => entry.serial === serial);
  if (serial === undefined) problems.push(`has no certificate: ${cluster.reason(asked) ?? 'nothing is said about it'}`);
  else if (delivered === undefined) problems.push(`got ${serial}, which the CA did not issue for it`);
  else if (delivered.state !== (delivered.implicit ? 'implicitlyConfirmed' : 'confirmed')) {
    problems.push(`got ${serial}, which is "${delivered.state}" at the CA`);
  }
  const extras = certificates.filter((entry) => entry !== delivered);
  for (const { serial: extra, transactionID, state } of extras) {
    if (state === 'confirmed') problems.push(`${extra} was confirmed, too`);
    const name = `${extra} (transaction ${transactionID}, "${state}")`;
    // Where nobody ever saw the certificate, the transaction is all there is to name.
    const isIn = (names: ReadonlySet<string>) => names.has(extra) || names.has(transactionID);
    if (!isIn(told.logged)) problems.push(`${name} is not named in the log`);
    if (!isIn(told.events)) withoutEvent.push(`${name} is not named in an event CertificateOrphaned`);
  }
  return { asked, extras, problems, withoutEvent };
}
