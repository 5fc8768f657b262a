import { describe, expect, it } from '@jest/globals';
import { decodeMessage, type ReceivedMessage } from '../../../../src/cmp/message.js';
import {
  type ProtectionKind,
  protectionConsistent,
  protectionKind,
  protectionKindAllowed,
  protectionPresent,
  type ResponseProtection,
} from '../../../../src/cmp/rules/index.js';
import { recorded } from '../support/fixture.js';

const mac = decodeMessage(recorded('pbm-ir-1.rsp.der'));
const signed = decodeMessage(recorded('sig-ir-1.rsp.der'));
const bare = decodeMessage(recorded('unprot-ir.rsp.der'));
const with_ = (message: ReceivedMessage, change: Partial<ReceivedMessage>) => ({ ...message, ...change });
const withAlgorithm = (algorithm: string) =>
  with_(mac, { header: { ...mac.header, protectionAlg: { der: new Uint8Array(), value: { algorithm } } } });

describe('protectionConsistent', () => {
  it.each([
    ['both', mac],
    ['neither', bare],
  ])('takes %s', (_name, message) => expect(() => protectionConsistent(message)).not.toThrow());

  it.each([
    ['an algorithm without protection', with_(mac, { protection: undefined })],
    ['protection without an algorithm', with_(bare, { protection: new Uint8Array(20) })],
  ])('refuses %s', (_name, message) =>
    expect(() => protectionConsistent(message)).toThrow(expect.objectContaining({ code: 'ProtectionInvalid' })),
  );
});

describe('protectionPresent', () => {
  it('takes a protected answer', () => expect(() => protectionPresent(mac)).not.toThrow());

  it('refuses an unprotected one, whatever it brings', () =>
    expect(() => protectionPresent(bare)).toThrow(
      expect.objectContaining({ code: 'ProtectionMissing', retry: 'unauthenticated' }),
    ));
});

describe('protectionKind', () => {
  it.each([
    ['a MAC', mac, 'mac'],
    ['a signature', signed, 'signature'],
  ])('knows %s', (_name, message, kind) => expect(protectionKind(message)).toBe(kind));

  it.each([
    ['DHBasedMac', '1.2.840.113533.7.66.30'],
    ['KemBasedMac', '1.2.840.113533.7.66.16'],
  ])('names %s as unsupported', (name, algorithm) =>
    expect(() => protectionKind(withAlgorithm(algorithm))).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid', message: expect.stringContaining(name) }),
    ),
  );
});

describe('protectionKindAllowed', () => {
  it.each<[ProtectionKind, ProtectionKind, ResponseProtection]>([
    ['mac', 'mac', 'strict'],
    ['signature', 'signature', 'strict'],
    ['signature', 'mac', 'allowSignature'],
  ])('takes a %s in answer to a %s (%s)', (response, request, policy) =>
    expect(() => protectionKindAllowed(response, request, policy)).not.toThrow(),
  );

  it.each<[ProtectionKind, ProtectionKind, ResponseProtection]>([
    ['mac', 'signature', 'allowSignature'],
    ['mac', 'signature', 'strict'],
    ['signature', 'mac', 'strict'],
  ])('refuses a %s in answer to a %s (%s)', (response, request, policy) =>
    expect(() => protectionKindAllowed(response, request, policy)).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid' }),
    ),
  );
});
