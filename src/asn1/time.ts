import { type Codec, codec } from './codec.js';
import type { Element } from './element.js';
import { DerError } from './error.js';
import { TAG } from './tags.js';
import { tlv } from './writer.js';

const GENERALIZED = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const UTC = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** GeneralizedTime in its one DER form `YYYYMMDDHHMMSSZ`, without a fraction (RFC 5280 section 4.1.2.5.2). */
export const generalizedTime: Codec<Date> = codec(
  'GeneralizedTime',
  TAG.generalizedTime,
  (element) => decodeTime(element, GENERALIZED, 'YYYYMMDDHHMMSSZ', Number),
  (value) => tlv(TAG.generalizedTime, Buffer.from(digits(value), 'latin1')),
);

/** UTCTime `YYMMDDHHMMSSZ`: years 1950 to 2049 (RFC 5280 section 4.1.2.5.1). */
export const utcTime: Codec<Date> = codec(
  'UTCTime',
  TAG.utcTime,
  (element) => decodeTime(element, UTC, 'YYMMDDHHMMSSZ', (year) => (Number(year) < 50 ? 2000 : 1900) + Number(year)),
  (value) => {
    const year = value.getUTCFullYear();
    if (year < 1950 || year > 2049) throw new RangeError(`UTCTime cannot hold the year ${year}`);
    return tlv(TAG.utcTime, Buffer.from(digits(value).slice(2), 'latin1'));
  },
);

/** CHOICE of both, written as RFC 5280 section 4.1.2.5 demands: UTCTime through 2049, GeneralizedTime from 2050 on. */
export const time: Codec<Date> = {
  name: 'Time',
  tag: undefined,
  accepts: (tag) => tag === TAG.utcTime || tag === TAG.generalizedTime,
  decode: (element) => (element.tag === TAG.utcTime ? utcTime : generalizedTime).decode(element),
  encode: (value) => {
    const year = value.getUTCFullYear();
    return (year >= 1950 && year < 2050 ? utcTime : generalizedTime).encode(value);
  },
};

function decodeTime(element: Element, form: RegExp, wanted: string, fullYear: (digits: string) => number): Date {
  const match = form.exec(Buffer.from(element.content).toString('latin1'));
  if (match === null) throw new DerError(`a time that is not of the form ${wanted}`, element.start);
  const [, year = '', month = '', day = '', hours = '', minutes = '', seconds = ''] = match;
  const value = new Date(0);
  value.setUTCFullYear(fullYear(year), Number(month) - 1, Number(day));
  value.setUTCHours(Number(hours), Number(minutes), Number(seconds));
  // Date rolls 31 February over to March: what comes out must be what went in.
  const same =
    value.getUTCMonth() === Number(month) - 1 &&
    value.getUTCDate() === Number(day) &&
    value.getUTCHours() === Number(hours) &&
    value.getUTCMinutes() === Number(minutes) &&
    value.getUTCSeconds() === Number(seconds);
  if (!same) throw new DerError('a time that does not exist', element.start);
  return value;
}

function digits(value: Date): string {
  const year = value.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new RangeError('a time outside the years 0 to 9999');
  return `${value.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
}
