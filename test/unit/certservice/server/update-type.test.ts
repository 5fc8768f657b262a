import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { updateType } from '../../../../src/certservice/server/update-type.js';
import { Certificate, createCsr, parseCsr, parseName } from '../../../../src/pki/index.js';
import { subjectAltName } from '../../../support/certservice-server.js';
import { der, text } from '../../cmp/support/fixture.js';

const key = createPrivateKey(text('new.key'));
const old = Certificate.parse(der('new.crt'));
const NAMES = [
  ['dns', 'new.example.com'],
  ['dns', 'www.example.com'],
  ['ip', '192.0.2.1'],
] as const;
const SUBJECT = 'CN=new.example.com,O=CMP Test';

const typeFor = async (subject: string, names: readonly (typeof NAMES)[number][]) => {
  const extensions = names.length === 0 ? [] : [subjectAltName(names)];
  return updateType(parseCsr(await createCsr({ subject: parseName(subject), extensions }, key)), old);
};

describe('the type of an update', () => {
  it.each([
    ['the same', SUBJECT, NAMES, 'kur'],
    ['the subject in another order', 'O=CMP Test,CN=new.example.com', NAMES, 'kur'],
    ['the subject in other case', 'CN=NEW.example.com,O=CMP  Test', NAMES, 'kur'],
    ['the names in another order', SUBJECT, [...NAMES].reverse(), 'kur'],
    ['a name twice', SUBJECT, [...NAMES, NAMES[0]], 'kur'],
    ['another subject', 'CN=new.example.com,O=Other', NAMES, 'cr'],
    ['a longer subject', `${SUBJECT},C=US`, NAMES, 'cr'],
    ['fewer names', SUBJECT, NAMES.slice(1), 'cr'],
    ['no names', SUBJECT, [], 'cr'],
    ['more names', SUBJECT, [...NAMES, ['dns', 'more.example.com'] as never], 'cr'],
  ])('with %s', async (_name, subject, names, expected) => expect(await typeFor(subject, names)).toBe(expected));
});
