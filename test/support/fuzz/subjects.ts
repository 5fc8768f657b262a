import { envelopeSubject } from './envelope.js';
import { recordedSubjects } from './recordings.js';
import type { Subject } from './subject.js';
import { freshSubjects } from './transactions.js';

/** Everything that is fuzzed, in groups that get equal shares: recorded messages, and the few answers of fresh transactions. */
export const subjectGroups = async (): Promise<readonly (readonly Subject[])[]> => [
  recordedSubjects(),
  [...(await freshSubjects()), await envelopeSubject()],
];
