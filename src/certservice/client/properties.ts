import { printable } from '../../cmp/text.js';
import type { Wish } from '../../cmp/wish.js';
import { type GeneralNameType, nameAttributes } from '../../pki/index.js';
import type { LogFields, Logger } from '../../runtime/logger.js';
import type { CsrForm } from './csr-form.js';

/** What becomes of one property of a request. */
interface Property {
  readonly fate: 'sent' | 'dropped' | 'overridden';
  readonly name: string;
  readonly value: string;
}

/** ONAP's names of the attributes, in the order of its log. */
const SUBJECT: readonly (readonly [string, string])[] = [
  ['common name', '2.5.4.3'],
  ['organization', '2.5.4.10'],
  ['organization unit', '2.5.4.11'],
  ['country', '2.5.4.6'],
  ['state', '2.5.4.8'],
  ['location', '2.5.4.7'],
];
const NAMES: readonly (readonly [string, GeneralNameType])[] = [
  ['dns names', 'dns'],
  ['email addresses', 'email'],
  ['ipAddresses', 'ip'],
  ['uris', 'uri'],
];
/** Dropped when the CSR is reduced. */
const UNCOMMON: readonly (readonly [string, string])[] = [
  ['subject.streetAddress', '2.5.4.9'],
  ['subject.postalCodes', '2.5.4.17'],
  ['subject.serialNumber', '2.5.4.5'],
];

/** The text of a Go duration in whole seconds, e.g. `2160h0m0s`. */
export function goDuration(seconds: number): string {
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = seconds % 60;
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}

/** What CertService will make of each property of the request; `form` is how the CSR is sent. */
export function propertiesOf({ csr, usages, isCA, durationSeconds }: Wish, form: CsrForm['form']): readonly Property[] {
  const attributes = nameAttributes(csr.subject).flat();
  const valuesOf = (wanted: string) =>
    attributes.flatMap(({ type, text }) => (type === wanted && text !== undefined ? [printable(text, 128)] : []));
  const property = (fate: Property['fate'], name: string, values: readonly string[]): Property[] =>
    values.length === 0 ? [] : [{ fate, name, value: printable(values.join(','), 1_000) }];
  const commonName: Property = { fate: 'sent', name: 'common name', value: valuesOf('2.5.4.3').join(',') };
  return [
    commonName,
    ...SUBJECT.slice(1).flatMap(([name, oid]) => property('sent', name, valuesOf(oid))),
    ...NAMES.flatMap(([name, wanted]) =>
      property(
        'sent',
        name,
        csr.extensions.subjectAltNames.filter(({ type }) => type === wanted).map(({ text }) => text),
      ),
    ),
    ...property('dropped', 'isCA', isCA ? ['true'] : []),
    ...UNCOMMON.flatMap(([name, oid]) => property(form === 'reduced' ? 'dropped' : 'sent', name, valuesOf(oid))),
    ...property('overridden', 'duration', durationSeconds === undefined ? [] : [goDuration(durationSeconds)]),
    // ONAP's provider puts the separator after each.
    ...(usages.length === 0
      ? []
      : [{ fate: 'overridden', name: 'usages', value: usages.map((u) => `${u}, `).join('') } as const]),
  ];
}

/** Logs each property with the text that ONAP's provider has for it. */
export function logProperties(logger: Logger, fields: LogFields, properties: readonly Property[]): void {
  for (const { fate, name, value } of properties) {
    const property = `property '${name}' with value '${value}'`;
    switch (fate) {
      case 'sent':
        logger.info(fields, `+ ${property} will be sent in certificate signing request to CMPv2 Server`);
        break;
      case 'dropped':
        logger.warn(fields, `- ${property} is not supported by Cert Service API`);
        break;
      case 'overridden':
        logger.info(fields, `* ${property} will be overridden by CMPv2 Server`);
        break;
    }
  }
}

/** The same for the event: what will not be as asked. Empty when everything is sent. */
export function propertyNotes(properties: readonly Property[]): readonly string[] {
  const told = (fate: Property['fate']) =>
    properties
      .filter((property) => property.fate === fate)
      .map(({ name, value }) => `${name} (${value.replace(/, $/, '')})`);
  const dropped = told('dropped');
  const overridden = told('overridden');
  return [
    ...(dropped.length === 0 ? [] : [`not supported by CertService: ${dropped.join(', ')}`]),
    ...(overridden.length === 0 ? [] : [`left to the CA by CertService: ${overridden.join(', ')}`]),
  ];
}
