import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { runCommand } from '../support/command.js';
import {
  BY_SECRET,
  BY_SIGNATURE,
  type OpensslServer,
  REFERENCE,
  SECRET,
  startOpensslServer,
} from './support/openssl-server.js';

const fixture = (name: string) => join(packageRoot(), 'fixtures', 'cmp', 'pki', name);

let server: OpensslServer | undefined;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  writeFileSync(join(folder, 'secret'), `${SECRET}\n`);
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true });
});

it.each(['a shared secret', 'signatures'])(
  'doctor and the server of openssl cmp get along, by %s',
  async (protection) => {
    const bySecret = protection === 'a shared secret';
    server = await startOpensslServer(...(bySecret ? BY_SECRET : BY_SIGNATURE));
    const credential = bySecret
      ? ['--ref', REFERENCE, '--secret-file', join(folder, 'secret')]
      : [
          ...['--cert', fixture('ra-p256.crt'), '--cert-key', fixture('ra-p256.key')],
          ...['--cert-chain', fixture('issuing.crt')],
        ];
    const result = await runCommand(
      ...['doctor', '--server', server.url, '--recipient', 'CN=Test Issuing CA,O=CMP Test'],
      ...['--trusted', fixture('root.crt'), ...credential, '--timeout', '5', '--output', 'json'],
    );
    const { steps }: { steps: readonly { step: string; status: string }[] } = JSON.parse(result.stdout);
    const statuses = Object.fromEntries(steps.map(({ step, status }) => [step, status]));
    expect(statuses).toMatchObject({ tcp: 'ok', http: 'ok', protection: 'ok', recipient: 'ok', genm: 'ok' });
  },
);
