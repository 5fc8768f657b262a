import { describe, expect, it } from '@jest/globals';
import { clientSettings, parseEnvironment } from '../../../../src/cli/convert/client-environment.js';

const GOOD = {
  OUTPUT_PATH: '/var/certs',
  CA_NAME: 'RA',
  COMMON_NAME: 'onap.org',
  ORGANIZATION: 'Linux-Foundation',
  STATE: 'California',
  COUNTRY: 'US',
};

const settings = (changes: Readonly<Record<string, string>>) =>
  clientSettings(new Map(Object.entries({ ...GOOD, ...changes })));

const problems = (changes: Readonly<Record<string, string>>): readonly string[] => {
  const result = settings(changes);
  return result.ok ? [] : result.problems;
};

describe('clientSettings', () => {
  it('fills in what the client fills in', () => {
    expect(settings({ ORGANIZATION_UNIT: '', SANS: '', OUTPUT_TYPE: '' })).toMatchObject({
      ok: true,
      settings: {
        requestUrl: 'https://oom-cert-service:8443/v1/certificate/',
        outputType: 'P12',
        subject: { organization: 'Linux-Foundation', province: 'California', country: 'US' },
        sans: { dnsNames: [] },
      },
    });
  });

  it.each(Object.keys(GOOD))('wants %s', (name) => {
    expect(problems({ [name]: '' })).toEqual([`${name} is missing`]);
  });

  it.each([
    ['REQUEST_URL', 'http://cert-service:8080/v1/certificate/'],
    ['REQUEST_TIMEOUT', '0'],
    ['OUTPUT_PATH', '/'],
    ['OUTPUT_PATH', '/a/b_c/d-e'],
    ['CA_NAME', 'a_b.c~d-1'],
    ['OUTPUT_TYPE', 'JKS'],
    ['OUTPUT_TYPE', 'PEM'],
    ['COMMON_NAME', 'dcae-ves-collector'],
    ['COMMON_NAME', 'two words'],
    ['STATE', 'anything #1'],
    ['COUNTRY', 'DE'],
    ['SANS', 'a.org,1.2.3.4'],
  ])('takes %s=%s', (name, value) => {
    expect(problems({ [name]: value })).toEqual([]);
  });

  it.each([
    ['REQUEST_URL', 'oom-cert-service', 'is no URL'],
    ['REQUEST_TIMEOUT', '30s', 'is not a whole number of milliseconds'],
    ['OUTPUT_PATH', 'var/certs', 'is not an absolute path'],
    ['OUTPUT_PATH', '/var/c.rts', 'is not an absolute path'],
    ['CA_NAME', 'R A', 'is not 1 to 128'],
    ['CA_NAME', 'x'.repeat(129), 'is not 1 to 128'],
    ['OUTPUT_TYPE', 'p12', 'is not one of P12, JKS and PEM'],
    ['COMMON_NAME', 'onap.org:8443', 'must not end with a port'],
    ['COMMON_NAME', 'https://onap.org', 'is a URL'],
    ['COMMON_NAME', '10.0.0.1', 'is an IP address'],
    ['COMMON_NAME', '10.0.0.1:80', 'is an IP address'],
    ['COMMON_NAME', '*.onap.org', 'must not contain "*"'],
    ['COMMON_NAME', 'x'.repeat(65), 'is longer than 64 characters'],
    ['ORGANIZATION', 'Linux#Foundation', 'must not contain "#"'],
    ['COUNTRY', 'USA', 'is not a country code'],
    ['COUNTRY', 'us', 'is not a country code'],
    ['COUNTRY', 'ZZ', 'is not a country code'],
    ['SANS', 'a.org,not a name', '"not a name" is no email address'],
  ])('refuses %s=%s', (name, value, reason) => {
    const [problem, ...more] = problems({ [name]: value });
    expect(problem).toContain(`${name}: `);
    expect(problem).toContain(reason);
    expect(more).toEqual([]);
  });

  it.each('~#@*$+%!()?/{}<>|_^'.split(''))('refuses "%s" in names', (character) => {
    expect(problems({ COMMON_NAME: `a${character}b` })).toHaveLength(1);
    expect(problems({ ORGANIZATION: `a${character}b` })).toHaveLength(1);
  });

  it('tells everything that is wrong at once', () => {
    expect(problems({ COMMON_NAME: '', COUNTRY: 'XX', SANS: '-,_' })).toHaveLength(4);
  });
});

describe('parseEnvironment', () => {
  it('reads files of docker, shells and env', () => {
    const text = '# comment\r\n\r\nA=1\r\nexport B="two words"\nC=\'x=y\'\nD=\n  E=a"b\n';
    expect(parseEnvironment(text)).toEqual(
      new Map([
        ['A', '1'],
        ['B', 'two words'],
        ['C', 'x=y'],
        ['D', ''],
        ['E', 'a"b'],
      ]),
    );
  });

  it('says which line is none', () => {
    expect(parseEnvironment('A=1\nB\n')).toEqual({ badLine: 2 });
    expect(parseEnvironment('{"a": 1}')).toEqual({ badLine: 1 });
  });
});
