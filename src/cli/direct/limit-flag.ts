import { InvalidArgumentError } from 'commander';
import { ANSWER_LIMIT_NAMES, ANSWER_LIMITS, type AnswerLimits } from '../../cmp/answer-limits.js';

/** Parser for a bound on answers, `NAME=NUMBER`; adds it to those given before. */
export function parseLimit(text: string, earlier: Partial<AnswerLimits> = {}): Partial<AnswerLimits> {
  const [given = '', digits = ''] = text.split('=', 2);
  const name = ANSWER_LIMIT_NAMES.find((known) => known === given);
  if (name === undefined) throw new InvalidArgumentError(`the limits are ${ANSWER_LIMIT_NAMES.join(', ')}.`);
  const { least, most } = ANSWER_LIMITS[name];
  const value = Number(digits);
  if (!/^\d+$/.test(digits) || value < least || value > most) {
    throw new InvalidArgumentError(`${name} is a whole number from ${least} to ${most}.`);
  }
  return { ...earlier, [name]: value };
}
