import { describe, expect, it } from '@jest/globals';
import { CertificateReader } from '../../../src/cmp/certificate-reader.js';
import { der } from './support/fixture.js';

const NONSENSE = Uint8Array.of(0x30, 0x00);

describe('CertificateReader', () => {
  it('leaves out repetitions, what is unreadable, and what is too large', () => {
    const list = [der('server.crt'), Buffer.from(der('server.crt')), NONSENSE, new Uint8Array(16 * 1024 + 1)];
    expect(new CertificateReader().usable(list)).toHaveLength(1);
  });

  it('reads no more than 32 of a list', () => {
    const nonsense = Array.from({ length: 32 }, () => NONSENSE);
    const reader = new CertificateReader();
    expect(reader.usable([...nonsense.slice(1), der('server.crt')])).toHaveLength(1);
    expect(reader.usable([...nonsense, der('server.crt')])).toHaveLength(0);
  });

  it('does not take a certificate for another one that ends alike', () => {
    const reader = new CertificateReader();
    const [genuine] = reader.usable([der('server.crt')]);
    const forged = Buffer.from(der('server.crt'));
    const serial = forged.indexOf(Buffer.from(genuine?.serialHex ?? '', 'hex'));
    forged.writeUInt8(forged.readUInt8(serial + 1) ^ 1, serial + 1);
    const [read] = reader.usable([forged]);
    expect(read?.der).toEqual(forged);
    expect(reader.usable([der('server.crt')])[0]?.der).toEqual(genuine?.der);
  });

  it('reads the same octets once, and keeps no hold on the message around them', () => {
    const message = Buffer.concat([Buffer.alloc(100), der('server.crt')]);
    const reader = new CertificateReader();
    const [first] = reader.usable([message.subarray(100)]);
    const [second] = reader.usable([der('server.crt')]);
    expect(second).toBe(first);
    message.fill(0);
    expect(first?.der).toEqual(Buffer.from(der('server.crt')));
  });
});
