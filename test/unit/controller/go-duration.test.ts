import { expect, it } from '@jest/globals';
import { goDurationSeconds } from '../../../src/controller/go-duration.js';

it.each([
  ['2160h0m0s', 7_776_000],
  ['1h30m', 5400],
  ['90s', 90],
  ['1.5h', 5400],
  ['1500ms', 1],
  ['.5m', 30],
  ['2562047h', 9_223_369_200],
  ['2562048h', undefined],
  ['', undefined],
  ['1d', undefined],
  ['-1h', undefined],
  ['1h ', undefined],
  ['h', undefined],
  ['10', undefined],
])('%j is %p seconds', (text, seconds) => expect(goDurationSeconds(text)).toBe(seconds));
