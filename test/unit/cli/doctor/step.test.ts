import { describe, expect, it } from '@jest/globals';
import { fail, ok, skip, warn } from '../../../../src/cli/doctor/finding.js';
import { type Step, takeSteps } from '../../../../src/cli/doctor/step.js';

const signal = new AbortController().signal;

async function told(steps: readonly Step<undefined>[]) {
  const lines: string[] = [];
  await takeSteps(
    steps,
    undefined,
    new Map(),
    (step, { status, detail }) => lines.push(`${status} ${step}: ${detail}`),
    signal,
  );
  return lines;
}

describe('takeSteps', () => {
  it('skips what needs a step that failed, and what needs a skipped one', async () => {
    const lines = await told([
      { name: 'dns', look: () => ok('a') },
      { name: 'tcp', needs: ['dns'], look: async () => fail('b', 'do') },
      { name: 'tls', needs: ['dns', 'tcp'], look: () => ok('never') },
      { name: 'http', needs: ['tls'], look: () => ok('never') },
      { name: 'clock', needs: ['dns'], look: () => ok('c') },
    ]);
    expect(lines).toEqual([
      'ok dns: a',
      'fail tcp: b',
      'skip tls: needs tcp, which failed',
      'skip http: needs tls, which was not looked at',
      'ok clock: c',
    ]);
  });

  it('goes on after a warning, and misses no step that does not apply', async () => {
    const lines = await told([
      { name: 'tcp', look: () => warn('slow', 'wait') },
      { name: 'tls', needs: ['tcp'], applies: () => false, look: () => fail('never', '') },
      { name: 'http', needs: ['tcp', 'tls'], look: () => ok('d') },
    ]);
    expect(lines).toEqual(['warn tcp: slow', 'ok http: d']);
  });

  it('ends with the reason of the signal', async () => {
    const stop = new AbortController();
    const interrupt = () => {
      stop.abort(new Error('interrupted'));
      return skip('');
    };
    const steps: readonly Step<undefined>[] = [
      { name: 'dns', look: interrupt },
      { name: 'tcp', look: () => ok('never') },
    ];
    await expect(takeSteps(steps, undefined, new Map(), () => {}, stop.signal)).rejects.toThrow('interrupted');
  });
});
