import type { DirectClient } from '../../enrollment/direct-client.js';
import { buildPath, type Certificate, encodePem } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { withClient } from '../direct/exchange.js';
import type { ConnectionFlags } from '../direct/flags.js';
import { writeOutput } from '../files.js';
import { formatTable, type Terminal, writeLine } from '../terminal.js';
import { usage } from '../usage.js';

export interface CaCertsFlags extends ConnectionFlags {
  readonly out?: string;
  readonly rootUpdates?: string;
}

/** How a certificate from the CA stands to the configured trust. */
type Standing = 'trust anchor' | 'chains to trust' | 'not trusted';

function standing(certificate: Certificate, others: readonly Certificate[], anchors: readonly Certificate[]): Standing {
  if (anchors.some((anchor) => anchor.equals(certificate))) return 'trust anchor';
  const found = buildPath(certificate, { untrusted: others, anchors, at: systemClock.now() });
  return found.ok ? 'chains to trust' : 'not trusted';
}

const describe = (certificate: Certificate) => ({
  subject: certificate.subjectText,
  issuer: certificate.issuerText,
  serial: certificate.serialHex,
  sha256: certificate.sha256,
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
});

/** Roots that the operator trusts, each with its verified successor. */
async function successors(client: DirectClient, signal: AbortSignal) {
  const found: { readonly root: Certificate; readonly successor: Certificate | undefined }[] = [];
  for (const root of client.anchors.filter(({ isSelfSigned }) => isSelfSigned)) {
    found.push({ root, successor: (await client.rootCaUpdate(root, signal))?.newWithNew });
  }
  return found;
}

function write(option: string, file: string | undefined, certificates: readonly Certificate[], terminal: Terminal) {
  if (file === undefined) return;
  const pem = certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('');
  if (file === '-') terminal.out.write(pem);
  else writeOutput(option, file, pem);
}

/** Asks, writes the files, reports how each certificate stands to the configured trust. Throws CliError. */
export async function runCaCerts(flags: CaCertsFlags, terminal: Terminal): Promise<void> {
  const { out, rootUpdates, output } = flags;
  if (out === '-' && rootUpdates === '-') throw usage('--out and --root-updates cannot both be standard output');
  const { anchors, caCerts, roots } = await withClient(flags, terminal, async (client, signal) => ({
    anchors: client.anchors,
    caCerts: await client.caCertificates(signal),
    roots: rootUpdates === undefined ? [] : await successors(client, signal),
  }));
  const found = caCerts.map((certificate) => ({
    certificate,
    trust: standing(certificate, caCerts, anchors),
  }));
  const updated = roots.flatMap(({ root, successor }) => (successor === undefined ? [] : [{ root, successor }]));
  write('--out', out, caCerts, terminal);
  write(
    '--root-updates',
    rootUpdates,
    updated.map(({ successor }) => successor),
    terminal,
  );
  if (output === 'json') {
    const summary = {
      caCerts: found.map(({ certificate, trust }) => ({ ...describe(certificate), trust })),
      ...(rootUpdates !== undefined && {
        rootUpdates: roots.map(({ root, successor }) => ({
          root: describe(root),
          successor: successor === undefined ? null : describe(successor),
        })),
      }),
    };
    const stream = out === '-' || rootUpdates === '-' ? terminal.err : terminal.out;
    writeLine(stream, JSON.stringify(summary, null, 2));
    return;
  }
  if (found.length === 0) writeLine(terminal.err, 'the CA hands out no CA certificates');
  else {
    const rows = found.map(({ certificate: { subjectText, sha256 }, trust }) => [trust, sha256, subjectText]);
    for (const line of formatTable([['TRUST', 'SHA-256', 'SUBJECT'], ...rows])) writeLine(terminal.err, line);
  }
  for (const { root, successor } of roots) {
    writeLine(
      terminal.err,
      successor === undefined
        ? `"${root.subjectText}" has no successor`
        : `"${root.subjectText}" vouches for a successor, SHA-256 ${successor.sha256}, valid from ${successor.notBefore.toISOString()}; nobody trusts it before you add it to your trust anchors`,
    );
  }
}
