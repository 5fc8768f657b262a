import { expect, it } from '@jest/globals';
import { certServiceHeaders, headerOctets } from '../../../../src/certservice/client/headers.js';

it('carries whole PEM texts in one line of padded base64', () => {
  const pem = '-----BEGIN X-----\nYQ==\n-----END X-----\n';
  const base64 = Buffer.from(pem).toString('base64');
  expect(certServiceHeaders({ csrPem: pem, privateKeyPem: pem })).toEqual({ CSR: base64, PK: base64 });
  const previous = { certificatesPem: pem, privateKeyPem: pem };
  expect(Object.keys(certServiceHeaders({ csrPem: pem, privateKeyPem: pem, previous }))).toEqual([
    'CSR',
    'PK',
    'OLD_CERT',
    'OLD_PK',
  ]);
});

it('counts request line, names, separators and line ends', () => {
  const headers = { CSR: 'abc', PK: 'd' };
  const text =
    'GET /v1/x HTTP/1.1\r\nhost: h:8443\r\nconnection: keep-alive\r\naccept: application/json\r\nCSR: abc\r\nPK: d\r\n\r\n';
  expect(headerOctets('https://h:8443', '/v1/x', headers)).toBe(text.length);
});
