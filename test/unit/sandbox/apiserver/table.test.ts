import { describe, expect, it } from '@jest/globals';
import { jsonPath } from '../../../../src/sandbox/apiserver/json-path.js';
import { humanDuration } from '../../../../src/sandbox/apiserver/table.js';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

it.each([
  [-5, '<invalid>'],
  [0, '0s'],
  [119, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 5, '2m5s'],
  [10 * MINUTE + 5, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + 20 * MINUTE, '3h20m'],
  [47 * HOUR, '47h'],
  [2 * DAY, '2d'],
  [2 * DAY + 3 * HOUR, '2d3h'],
  [100 * DAY, '100d'],
  [800 * DAY, '2y'],
])('%i seconds are %s', (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text);
});

describe('JSONPath of printer columns', () => {
  const object = {
    spec: { url: 'u', hosts: ['a', 'b'], 'odd-name': 1 },
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Other', status: 'False' },
      ],
    },
  };

  it.each([
    ['.spec.url', 'u'],
    ['.spec.hosts[1]', 'b'],
    ['.spec.hosts[*]', 'a'],
    ["['spec']['odd-name']", 1],
    ['.status.conditions[?(@.type=="Other")].status', 'False'],
    ['.status.conditions[?(@.type == "None")].status', undefined],
    ['.spec.hosts[7]', undefined],
    ['.nowhere.at.all', undefined],
  ])('%s', (path, expected) => {
    expect(jsonPath(path)(object)).toEqual(expected);
  });

  it.each(['.a[?(@.b > 1)]', '..deep', '.a[1:2]', '.a[', ''])('refuses %s, which it does not know', (path) => {
    expect(() => jsonPath(path)).toThrow(/not understood/);
  });
});
