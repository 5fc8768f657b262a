import type { Condition, ConditionFacts } from '../api/conditions.js';
import type { Issuer } from '../api/issuer.js';
import type { RootFacts, TrustNews } from '../enrollment/enroller.js';
import { bounded } from './request-news.js';

/** What came of asking the CA about its roots. */
export type TrustAnswer =
  | { readonly kind: 'news'; readonly news: TrustNews }
  | { readonly kind: 'failed'; readonly message: string };

export const TRUST_CONDITION = 'TrustUpdateAvailable';

/** More would not fit into a message. */
const MOST_NAMED = 3;

/** Where the trust anchors of the issuer are kept, for a person who is to add one. */
export function trustHome({ spec }: Issuer, secretNamespace: string): string {
  const ref = spec.cmp?.trust.caSecretRef;
  return ref === undefined ? 'spec.cmp.trust.caBundle' : `key ${ref.key} of Secret ${secretNamespace}/${ref.name}`;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

const named = ({ subject, sha256, notBefore, notAfter }: RootFacts): string =>
  `"${subject}" (SHA-256 ${sha256}, valid ${day(notBefore)} to ${day(notAfter)})`;

/**
 * The condition that tells people what the CA said. It never becomes trust by itself. A failure takes no news back: what
 * was announced once is still to be dealt with.
 */
export function trustCondition(
  answer: TrustAnswer,
  home: string,
  generation: number,
  before: Condition | undefined,
): ConditionFacts {
  const condition = (status: 'True' | 'False' | 'Unknown', reason: string, message: string): ConditionFacts => ({
    type: TRUST_CONDITION,
    status,
    reason,
    message: bounded(message),
    observedGeneration: generation,
  });
  if (answer.kind === 'failed') {
    if (before?.status === 'True') return { ...before, observedGeneration: generation };
    return condition('Unknown', 'NoAnswer', `the CA does not tell about its roots: ${answer.message}`);
  }
  const { successors, unknownRoots, refused, unanswered } = answer.news;
  const roots = [
    ...successors.map(({ root, successor }) => `${named(successor)} follows the trusted "${root.subject}"`),
    ...[...unknownRoots]
      .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
      .map((root) => `${named(root)} is handed out by the CA, and no trusted root vouches for it`),
  ];
  if (roots.length > 0) {
    const more = roots.length > MOST_NAMED ? [`and ${roots.length - MOST_NAMED} more`] : [];
    return condition(
      'True',
      successors.length > 0 ? 'SuccessorAnnounced' : 'UnknownRoot',
      `Nothing trusts these roots until you compare their fingerprints with the operator of the CA and add them to ${home} ` +
        `(cmpv2-issuer cacerts fetches them): ${[...roots.slice(0, MOST_NAMED), ...more, ...refused].join('; ')}`,
    );
  }
  if (refused.length > 0) return condition('Unknown', 'NotBelieved', refused.join('; '));
  return condition(
    'False',
    'NothingNew',
    ['the CA tells of no root that is not trusted', ...unanswered].join('; unanswered: '),
  );
}
