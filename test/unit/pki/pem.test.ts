import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodePem, encodePem, pemBlocks } from '../../../src/pki/index.js';

const one = '-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n';
const key = '-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n';

describe('PEM', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 }), (list) => {
        const text = list.map((der) => encodePem('X509 CRL', der)).join('some text between\n');
        expect(decodePem(text, 'X509 CRL').map((der) => [...der])).toEqual(list.map((der) => [...der]));
        expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(64);
      }),
    );
  });

  it.each([
    ['CRLF line ends', one.replaceAll('\n', '\r\n')],
    ['no final newline', one.trimEnd()],
    ['blanks around lines', one.replace('AAEC', '  AA EC ')],
    ['text around blocks', `subject=CN=x\n${one}the end`],
  ])('tolerates %s', (_, text) => {
    expect(decodePem(text, 'CERTIFICATE')).toEqual([Uint8Array.of(0, 1, 2)]);
  });

  it.each([
    ['no block at all', 'hello', 'not PEM: no block found, expected "-----BEGIN CERTIFICATE-----"'],
    ['a foreign block', one + key, 'PEM block 2 is a PRIVATE KEY, expected CERTIFICATE'],
    ['text cut off', one + one.slice(0, 32), 'PEM block 2 (CERTIFICATE, line 4) has no END line: the text is cut off'],
    ['another label at the end', one.replace('END CERT', 'END X CERT'), 'is closed as "X CERTIFICATE" in line 3'],
    ['a block inside a block', `-----BEGIN CERTIFICATE-----\n${one}`, 'is not closed before line 2'],
    ['an end without a beginning', '-----END CERTIFICATE-----', 'ends a PEM block (CERTIFICATE) that was never begun'],
    ['a broken boundary', one.replace('-----\nAAEC', '\nAAEC'), 'line 1 looks like a PEM boundary, but is none'],
    ['a foreign character', one.replace('AAEC', 'AA*C'), 'is not valid base64: character 3 is not in the alphabet'],
    ['missing padding', one.replace('AAEC', 'AAE'), 'is not valid base64: the length or the padding is wrong'],
    ['an empty block', one.replace('AAEC', ''), 'PEM block 1 (CERTIFICATE, line 1) is empty'],
    ['headers in a certificate', one.replace('AAEC', 'A: b\n\nAAEC'), 'PEM block 1 (CERTIFICATE) has headers'],
  ])('refuses %s', (_, text, message) => {
    expect(() => decodePem(text, 'CERTIFICATE')).toThrow(message);
  });

  it('keeps headers and labels apart from the content', () => {
    const text = key.replace('AAEC', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAEC');
    expect(pemBlocks(text)).toEqual([
      {
        label: 'PRIVATE KEY',
        headers: ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-256-CBC,00'],
        der: Uint8Array.of(0, 1, 2),
      },
    ]);
  });
});
