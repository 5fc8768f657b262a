import type { CertificateRequest } from '../../api/certificate-request.js';
import { findCondition } from '../../api/conditions.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { SandboxCa } from '../../sandbox/index.js';
import type { DemoCase } from './cases.js';
import { certificates, chainFaults } from './verify.js';

/** A request's line in the closing table, and what is wrong with it. */
export interface CaseOutcome {
  readonly result: string;
  readonly body: string;
  readonly protection: string;
  readonly serial: string;
  readonly chainLength: string;
  readonly cas: string;
  readonly faults: readonly string[];
}

const NOTHING = { body: '-', protection: '-', serial: '-', chainLength: '-', cas: '-' };
const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8');

/** Whether the request has come to rest. One that nobody approved always has. */
export const isSettled = ({ expected }: DemoCase, request: CertificateRequest): boolean => {
  const ready = findCondition(request.status?.conditions, 'Ready');
  return expected.kind === 'untouched' || (ready?.reason !== undefined && ready.reason !== 'Pending');
};

/** Holds what became of the request against what must. */
export function judge(
  demoCase: DemoCase,
  request: CertificateRequest,
  ca: SandboxCa,
  context: { readonly publicKeyPem: string; readonly now: Date },
): CaseOutcome {
  const { expected } = demoCase;
  const ready = findCondition(request.status?.conditions, 'Ready');
  const result = ready?.reason ?? 'untouched';
  const faults: string[] = [];
  const must = (condition: boolean, fault: string) => {
    if (!condition) faults.push(fault);
  };
  const outcome = { ...NOTHING, result, faults };

  switch (expected.kind) {
    case 'issued': {
      must(result === 'Issued', `ended ${result}: ${ready?.message ?? 'no message'}`);
      if (result !== 'Issued') return outcome;
      const chainPem = text(request.status?.certificate);
      const caPem = text(request.status?.ca);
      faults.push(...chainFaults(chainPem, caPem, { ...context, rootPem: ca.rootPem, cas: expected.cas }));
      const chain = certificates(chainPem);
      const serial = chain[0]?.serialNumber.toLowerCase() ?? '-';
      const entry = ca.ledger.find(serial);
      must(entry !== undefined, 'the CA knows no such certificate');
      must(entry?.body === expected.body, `asked for with ${entry?.body} instead of ${expected.body}`);
      must(entry?.state === expected.confirmed, `the CA has it as ${entry?.state} instead of ${expected.confirmed}`);
      return {
        ...outcome,
        body: entry?.body ?? '-',
        protection: entry?.protection ?? '-',
        serial,
        chainLength: String(chain.length),
        cas: String(certificates(caPem).length),
      };
    }
    case 'failed':
      must(result === 'Failed', `ended ${result}`);
      must(request.status?.failureTime !== undefined, 'has no failureTime');
      must(expected.message.test(ready?.message ?? ''), `its message does not say why: ${ready?.message}`);
      return outcome;
    case 'denied':
      must(result === 'Denied', `ended ${result}`);
      must(request.status?.failureTime !== undefined, 'has no failureTime');
      return outcome;
    case 'untouched':
      must(request.status === undefined, `has the status ${JSON.stringify(request.status)}`);
      return outcome;
    default:
      return unreachable(expected);
  }
}
