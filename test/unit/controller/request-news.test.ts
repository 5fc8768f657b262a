import { describe, expect, it } from '@jest/globals';
import { bounded, withNextTry } from '../../../src/controller/request-news.js';
import { NOW } from './objects.js';

describe('withNextTry', () => {
  it.each([
    ['no answer', 'no answer. Next try at 2030-01-02T03:04:05Z'],
    ['no answer.', 'no answer. Next try at 2030-01-02T03:04:05Z'],
  ])('goes on after "%s"', (message, expected) => expect(withNextTry(message, NOW)).toBe(expected));

  it('keeps the time, however long the message', () => {
    const message = withNextTry('x'.repeat(5_000), NOW);
    expect(bounded(message)).toBe(message);
    expect(message).toMatch(/^x{800,}\.\.\.\. Next try at 2030-01-02T03:04:05Z$/);
  });
});
