import { type Finding, fail, ok, skip, warn } from './finding.js';
import type { Talk } from './talk.js';

const WARN_SECONDS = 30;
const FAIL_SECONDS = 300;

/** How far our clock is from that of the CA, or of its HTTP server where the CA does not tell. */
export function clock({ route, answer, outcome }: Talk): Finding {
  const authentic = outcome !== undefined && outcome.kind !== 'unproven';
  const messageTime = authentic ? answer?.message.header.messageTime : undefined;
  const seen =
    messageTime !== undefined && answer !== undefined
      ? { by: 'messageTime of the CA', theirs: messageTime, ours: answer.at }
      : route.date && { by: 'Date of the HTTP server', ...route.date };
  if (seen === undefined) return skip('neither the CA nor the HTTP server tells its time');
  const seconds = Math.round((seen.theirs.getTime() - seen.ours.getTime()) / 1000);
  const apart = Math.abs(seconds);
  if (apart < WARN_SECONDS) return ok(`${seen.by} and our clock agree to ${Math.max(apart, 1)} s`);
  const detail = `${seen.by} is ${apart} s ${seconds > 0 ? 'ahead of' : 'behind'} our clock`;
  const remedy =
    'Have both machines set their clocks by NTP: CAs refuse messages, and we refuse certificates, of another time.';
  return apart < FAIL_SECONDS ? warn(detail, remedy) : fail(detail, remedy);
}
