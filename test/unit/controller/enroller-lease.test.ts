import { expect, it } from '@jest/globals';
import { EnrollerLease } from '../../../src/controller/enroller-lease.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ScriptedEnroller } from './scripted-enroller.js';

it('closes once it is retired and the last user is through', async () => {
  const enroller = new ScriptedEnroller();
  const lease = new EnrollerLease({ revision: 'r1', backend: 'cmp', enroller }, silentLogger);
  let finish = () => {};
  const using = lease.use(() => new Promise<void>((resolve) => (finish = resolve)));
  lease.retire();
  lease.retire();
  expect(lease.use(async () => 1)).toBeUndefined();
  expect(enroller.closed).toBe(0);
  finish();
  await using;
  expect(enroller.closed).toBe(1);
});

it('closes after a user that failed, too', async () => {
  const enroller = new ScriptedEnroller();
  const lease = new EnrollerLease({ revision: 'r1', backend: 'cmp', enroller }, silentLogger);
  await expect(lease.use(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(enroller.closed).toBe(0);
  lease.retire();
  expect(enroller.closed).toBe(1);
});
