import { expect, it } from '@jest/globals';
import { type IssuerVerdict, viewIssuer } from '../../../src/controller/issuer-view.js';
import { issuer } from './objects.js';

const verdict: IssuerVerdict = {
  uid: 'issuer-1',
  generation: 3,
  revision: 'r1',
  ready: true,
  reason: 'Verified',
  message: 'fine',
};

it.each([
  ['no object', undefined, verdict, { state: 'missing' }],
  ['being deleted', issuer({ metadata: { deletionTimestamp: 'x' } }), verdict, { state: 'missing' }],
  ['never verified', issuer(), undefined, { state: 'unverified' }],
  ['verdict of an older generation', issuer({ metadata: { generation: 4 } }), verdict, { state: 'unverified' }],
  ['verdict of another incarnation', issuer({ metadata: { uid: 'issuer-2' } }), verdict, { state: 'unverified' }],
  [
    'our copy lags behind the verdict',
    issuer({ metadata: { generation: 2 } }),
    verdict,
    { state: 'ready', uid: 'issuer-1', revision: 'r1' },
  ],
  ['ready', issuer(), verdict, { state: 'ready', uid: 'issuer-1', revision: 'r1' }],
  ['not ready', issuer(), { ...verdict, ready: false, message: 'broken' }, { state: 'notReady', message: 'broken' }],
])('%s', (_name, object, found, expected) => expect(viewIssuer(object, found)).toEqual(expected));
