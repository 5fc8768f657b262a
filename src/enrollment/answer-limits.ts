import { ANSWER_LIMIT_NAMES, ANSWER_LIMITS, type AnswerLimits, DEFAULT_ANSWER_LIMITS } from '../cmp/index.js';
import { invalid } from './invalid.js';

/** All limits, those that are not given as usual. Throws EnrollmentError `ConfigurationInvalid`. */
export function answerLimits(given: Partial<AnswerLimits> = {}): AnswerLimits {
  for (const name of ANSWER_LIMIT_NAMES) {
    const { least, most } = ANSWER_LIMITS[name];
    const value = given[name] ?? least;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw invalid(`answerLimits.${name}`, `it must be between ${least} and ${most}`);
    }
  }
  const limits = { ...DEFAULT_ANSWER_LIMITS, ...given };
  if (limits.minPollSeconds > limits.maxPollSeconds) {
    throw invalid(
      'answerLimits.minPollSeconds',
      `it must not be above maxPollSeconds, which is ${limits.maxPollSeconds}`,
    );
  }
  return limits;
}
