import { describe, expect, it } from '@jest/globals';
import { OID } from '../../../../src/cmp/oids.js';
import {
  identifiersOursIfPresent,
  implicitConfirmGranted,
  messageTimeRecent,
  pvnoSupported,
  recipNonceMatches,
  senderNonceFresh,
  transactionIdEqual,
} from '../../../../src/cmp/rules/index.js';
import type { PKIBodyType, PKIHeader } from '../../../../src/cmp/schema/index.js';

const octets = (value: number, length = 16) => new Uint8Array(length).fill(value);
const nobody = { type: 'directoryName', value: Uint8Array.of(0x30, 0x00) } as const;
const header = (change: Partial<PKIHeader> = {}): PKIHeader => ({
  pvno: 2,
  sender: nobody,
  recipient: nobody,
  transactionID: octets(1),
  recipNonce: octets(2),
  senderNonce: octets(3),
  ...change,
});
const mismatch = expect.objectContaining({ code: 'HeaderMismatch', retry: 'unauthenticated' });

describe('pvnoSupported', () => {
  it.each<[number, PKIBodyType]>([
    [2, 'ip'],
    [3, 'ip'],
    [1, 'error'],
  ])('takes version %i on %s', (pvno, body) => expect(() => pvnoSupported(header({ pvno }), body)).not.toThrow());

  it.each<[number, PKIBodyType]>([
    [1, 'ip'],
    [1, 'pkiconf'],
    [0, 'error'],
    [4, 'ip'],
    [-2, 'cp'],
  ])('refuses version %i on %s', (pvno, body) => expect(() => pvnoSupported(header({ pvno }), body)).toThrow(mismatch));
});

describe('transactionIdEqual', () => {
  it('takes ours', () => expect(() => transactionIdEqual(header(), octets(1))).not.toThrow());

  it.each([
    ['another', octets(9)],
    ['a longer one', octets(1, 17)],
    ['none', undefined],
  ])('refuses %s', (_name, transactionID) =>
    expect(() => transactionIdEqual(header({ transactionID }), octets(1))).toThrow(mismatch),
  );
});

describe('recipNonceMatches', () => {
  it.each([
    ['our last nonce', [octets(2)]],
    ['the nonce of a delayed message', [octets(7), octets(2)]],
  ])('takes %s', (_name, accepted) => expect(() => recipNonceMatches(header(), accepted)).not.toThrow());

  it.each([
    ['another', octets(9)],
    ['none', undefined],
    ['an empty one', octets(0, 0)],
  ])('refuses %s', (_name, recipNonce) =>
    expect(() => recipNonceMatches(header({ recipNonce }), [octets(2)])).toThrow(mismatch),
  );
});

describe('senderNonceFresh', () => {
  it.each([16, 17, 64])('takes one of %i octets', (length) =>
    expect(() => senderNonceFresh(header({ senderNonce: octets(3, length) }), [octets(2)])).not.toThrow(),
  );

  it.each([
    ['none', undefined],
    ['one of 15 octets', octets(3, 15)],
    ['one seen before', octets(4)],
    ['our own, sent back', octets(2)],
  ])('refuses %s', (_name, senderNonce) =>
    expect(() => senderNonceFresh(header({ senderNonce }), [octets(2), octets(4)])).toThrow(mismatch),
  );
});

describe('messageTimeRecent', () => {
  const now = new Date('2027-01-01T00:00:00Z');
  const at = (seconds: number) => header({ messageTime: new Date(now.getTime() + seconds * 1000) });

  it.each([
    ['within the window', at(300), 300_000],
    ['behind within the window', at(-300), 300_000],
    ['any time without a window', at(-999_999), undefined],
    ['no time', header(), 300_000],
  ])('takes %s', (_name, candidate, window) => expect(() => messageTimeRecent(candidate, now, window)).not.toThrow());

  it.each([301, -301])('refuses %i s', (seconds) =>
    expect(() => messageTimeRecent(at(seconds), now, 300_000)).toThrow(mismatch),
  );
});

describe('identifiersOursIfPresent', () => {
  it.each([
    ['ours', header()],
    ['none', header({ transactionID: undefined, recipNonce: undefined })],
  ])('takes %s', (_name, candidate) =>
    expect(() => identifiersOursIfPresent(candidate, octets(1), [octets(2)])).not.toThrow(),
  );

  it.each([
    ['another transactionID', header({ transactionID: octets(9) })],
    ['another recipNonce', header({ recipNonce: octets(9) })],
  ])('refuses %s', (_name, candidate) =>
    expect(() => identifiersOursIfPresent(candidate, octets(1), [octets(2)])).toThrow(mismatch),
  );
});

describe('implicitConfirmGranted', () => {
  const granting = header({ generalInfo: [{ infoType: OID.implicitConfirm }] });
  const grantingWithNull = header({ generalInfo: [{ infoType: OID.implicitConfirm, infoValue: Uint8Array.of(5, 0) }] });

  it.each([
    ['asked and granted', granting, true, true],
    ['asked and granted with the value NULL', grantingWithNull, true, true],
    ['granted, but never asked', granting, false, false],
    ['asked, not granted', header(), true, false],
    ['asked, something else granted', header({ generalInfo: [{ infoType: OID.certProfile }] }), true, false],
  ])('%s', (_name, candidate, asked, expected) => expect(implicitConfirmGranted(candidate, asked)).toBe(expected));
});
