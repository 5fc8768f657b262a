import { createPrivateKey } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { CsrForm } from '../../../../src/certservice/client/csr-form.js';
import {
  goDuration,
  logProperties,
  propertiesOf,
  propertyNotes,
} from '../../../../src/certservice/client/properties.js';
import { readWish } from '../../../../src/cmp/wish.js';
import { createCsr, encodePem, parseName } from '../../../../src/pki/index.js';
import { fixture, MemoryLogger, request } from './support.js';

const logged = (wanted: Parameters<typeof readWish>[0], form: CsrForm['form']) => {
  const logger = new MemoryLogger();
  const properties = propertiesOf(readWish(wanted), form);
  logProperties(logger, {}, properties);
  return { lines: logger.lines.map(({ level, message }) => `${level} ${message}`), notes: propertyNotes(properties) };
};

it('says with the words of ONAP’s provider what becomes of each property', () => {
  const { lines, notes } = logged(request({ isCA: true, usages: ['digital signature', 'server auth'] }), 'asItCame');
  expect(lines).toEqual([
    "info + property 'common name' with value 'web.example.com' will be sent in certificate signing request to CMPv2 Server",
    "info + property 'organization' with value 'CMP Lab' will be sent in certificate signing request to CMPv2 Server",
    "info + property 'organization unit' with value 'Network' will be sent in certificate signing request to CMPv2 Server",
    "info + property 'country' with value 'DE' will be sent in certificate signing request to CMPv2 Server",
    "info + property 'dns names' with value 'web.example.com,*.web.example.com' will be sent in certificate signing request to CMPv2 Server",
    "info + property 'ipAddresses' with value '192.0.2.10' will be sent in certificate signing request to CMPv2 Server",
    "warn - property 'isCA' with value 'true' is not supported by Cert Service API",
    "info * property 'duration' with value '2160h0m0s' will be overridden by CMPv2 Server",
    // Ended by a separator there, too.
    "info * property 'usages' with value 'digital signature, server auth, ' will be overridden by CMPv2 Server",
  ]);
  expect(notes).toEqual([
    'not supported by CertService: isCA (true)',
    'left to the CA by CertService: duration (2160h0m0s), usages (digital signature, server auth)',
  ]);
});

it('drops uncommon names only where the CSR is reduced, and names no property that is not there', async () => {
  const key = createPrivateKey(fixture('csr', 'rsa2048.key'));
  const der = await createCsr(
    { subject: parseName('serialNumber=7,postalCode=10115,street=Main'), extensions: [] },
    key,
  );
  const { privateKey } = request();
  const wanted = { csrPem: encodePem('CERTIFICATE REQUEST', der), usages: [], isCA: false, privateKey };
  const lines = (form: CsrForm['form']) => logged(wanted, form).lines;
  const empty =
    "info + property 'common name' with value '' will be sent in certificate signing request to CMPv2 Server";
  expect(lines('reduced')).toEqual([
    empty,
    "warn - property 'subject.streetAddress' with value 'Main' is not supported by Cert Service API",
    "warn - property 'subject.postalCodes' with value '10115' is not supported by Cert Service API",
    "warn - property 'subject.serialNumber' with value '7' is not supported by Cert Service API",
  ]);
  expect(lines('asItCame').filter((line) => line.includes('not supported'))).toEqual([]);
  expect(logged(wanted, 'asItCame').notes).toEqual([]);
});

it.each([
  [7_776_000, '2160h0m0s'],
  [3_661, '1h1m1s'],
  [61, '1m1s'],
  [59, '59s'],
  [0, '0s'],
])('%i seconds are %s in Go', (seconds, text) => expect(goDuration(seconds)).toBe(text));
