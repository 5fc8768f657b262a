import type { PathOptions } from '../../pki/index.js';
import type { AnswerLimits } from '../answer-limits.js';

export type PathLimits = Pick<AnswerLimits, 'maxPathLength' | 'clockSkewSeconds'>;

/** The limits as those of path building. */
export const pathOptions = ({
  maxPathLength,
  clockSkewSeconds,
}: PathLimits): Required<Pick<PathOptions, 'maxLength' | 'skewSeconds'>> => ({
  maxLength: maxPathLength,
  skewSeconds: clockSkewSeconds,
});
