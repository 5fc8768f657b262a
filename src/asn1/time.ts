import { type Codec, codec } from './codec.js';
import type { Element } from './element.js';
import { DerError } from './error.js';
import { TAG } from './tags.js';
import { tlv } from './writer.js';

const DIGIT_0 = 0x30;
const LETTER_Z = 0x5a;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** GeneralizedTime in its one DER form `YYYYMMDDHHMMSSZ`, without a fraction (RFC 5280 section 4.1.2.5.2). */
export const generalizedTime: Codec<Date> = codec(
  'GeneralizedTime',
  TAG.generalizedTime,
  (element) => decodeTime(element, 4, 'YYYYMMDDHHMMSSZ', (year) => year),
  (value) => tlv(TAG.generalizedTime, Buffer.from(digits(value), 'latin1')),
);

/** UTCTime `YYMMDDHHMMSSZ`: years 1950 to 2049 (RFC 5280 section 4.1.2.5.1). */
export const utcTime: Codec<Date> = codec(
  'UTCTime',
  TAG.utcTime,
  (element) => decodeTime(element, 2, 'YYMMDDHHMMSSZ', (year) => (year < 50 ? 2000 : 1900) + year),
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

function decodeTime(
  { source, start, contentStart, end }: Element,
  yearDigits: number,
  wanted: string,
  fullYear: (year: number) => number,
): Date {
  const last = end - 1;
  if (last - contentStart !== yearDigits + 10 || source[last] !== LETTER_Z) {
    throw new DerError(`a time that is not of the form ${wanted}`, start);
  }
  const number = (at: number, digits: number): number => {
    let value = 0;
    for (let i = at; i < at + digits; i++) {
      const digit = (source[i] ?? 0) - DIGIT_0;
      if (digit < 0 || digit > 9) throw new DerError(`a time that is not of the form ${wanted}`, start);
      value = value * 10 + digit;
    }
    return value;
  };
  const year = fullYear(number(contentStart, yearDigits));
  const rest = contentStart + yearDigits;
  const month = number(rest, 2);
  const day = number(rest + 2, 2);
  const hours = number(rest + 4, 2);
  const minutes = number(rest + 6, 2);
  const seconds = number(rest + 8, 2);
  // Date would roll 31 February over to March.
  if (month < 1 || day < 1 || day > daysIn(month, year) || hours > 23 || minutes > 59 || seconds > 59) {
    throw new DerError('a time that does not exist', start);
  }
  const value = new Date(Date.UTC(year, month - 1, day, hours, minutes, seconds));
  // Date.UTC takes the first hundred years for those of the last century.
  if (year < 100) value.setUTCFullYear(year, month - 1, day);
  return value;
}

/** 0 for a month that does not exist. */
function daysIn(month: number, year: number): number {
  if (month !== 2) return DAYS[month - 1] ?? 0;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

function digits(value: Date): string {
  const year = value.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new RangeError('a time outside the years 0 to 9999');
  const month = two(value.getUTCMonth() + 1);
  const day = two(value.getUTCDate());
  const time = two(value.getUTCHours()) + two(value.getUTCMinutes()) + two(value.getUTCSeconds());
  return `${String(year).padStart(4, '0')}${month}${day}${time}Z`;
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
