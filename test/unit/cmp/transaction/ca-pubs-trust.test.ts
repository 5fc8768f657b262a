import { describe, expect, it } from '@jest/globals';
import { CmpError } from '../../../../src/cmp/error.js';
import { type CmpSession, resumeEnrollment, startEnrollment } from '../../../../src/cmp/transaction/index.js';
import { type CaOptions, signingProtector, TestCa } from '../support/ca.js';
import { certificates, request, session } from '../support/session.js';

const { signal } = new AbortController();

function enroll(options: CaOptions, change: Partial<CmpSession> = {}) {
  const ca = new TestCa(options);
  const client = session({ transport: ca.transport, anchors: [], trustCaPubs: true, ...change });
  return { ca, client, result: startEnrollment(request(), client, signal) };
}

describe('without configured trust, where caPubs may bring it', () => {
  it('roots in caPubs of an answer under the shared secret vouch for the certificate in it', async () => {
    const result = await enroll({ caPubs: ['root.crt', 'root-two.crt'] }).result;
    if (result.kind !== 'issued') throw new Error('put off');
    expect(result.path.at(-1)?.sha256).toBe(certificates('root.crt')[0]?.sha256);
    expect(result.anchors).toHaveLength(2);
  });

  it('they still do after the confirmation got lost and was sent again', async () => {
    const lost = new CmpError({ code: 'Timeout', message: 'no answer' });
    const { client, result } = enroll({
      caPubs: ['root.crt'],
      twist: (_request, index) => (index === 1 ? { failure: lost } : undefined),
    });
    const pending = await result;
    if (pending.kind !== 'pending') throw new Error('not put off');
    const state = JSON.parse(JSON.stringify(pending.state));
    expect(await resumeEnrollment(request(), state, client, signal)).toMatchObject({ kind: 'issued' });
  });

  it.each<[string, CaOptions, Partial<CmpSession>, string]>([
    ['roots that merely came along (extraCerts)', { extraCerts: ['issuing.crt', 'root.crt'] }, {}, 'ChainIncomplete'],
    ['an issuing CA in caPubs without its root', { caPubs: ['issuing.crt'] }, {}, 'ChainIncomplete'],
    ['another root in caPubs', { caPubs: ['root-two.crt'] }, {}, 'ChainIncomplete'],
    [
      'roots in caPubs of a signed answer',
      { caPubs: ['root.crt'], protector: signingProtector() },
      {},
      'SignerUntrusted',
    ],
    [
      'roots in caPubs where that was not asked for',
      { caPubs: ['root.crt'] },
      { trustCaPubs: false },
      'ChainIncomplete',
    ],
  ])('%s vouch for nothing', async (_name, options, change, code) => {
    await expect(enroll(options, change).result).rejects.toMatchObject({ code });
  });

  it('a signed answer does not bring trust even where its signer is trusted', async () => {
    const { result } = enroll(
      { certificate: 'new-other-root.crt', caPubs: ['rogue-root.crt'], protector: signingProtector() },
      { anchors: certificates('root.crt') },
    );
    await expect(result).rejects.toMatchObject({ code: 'ChainIncomplete' });
  });
});
