import type { ApiError } from '../kube/api-error.js';
import type { ObjectEvent } from '../kube/event-object.js';
import type { Action } from './decide.js';
import type { SigningRequest } from './signing-request.js';

/** What the event for a status change says; undefined where the approver has said it already. */
export function requestEvent(request: SigningRequest, action: Action): ObjectEvent | undefined {
  const event = (type: ObjectEvent['type'], reason: string, verb: string, note: string): ObjectEvent => ({
    regarding: request,
    type,
    reason,
    action: verb,
    note,
  });
  switch (action.kind) {
    case 'publish': {
      const { details, notes } = action.outcome;
      const facts = `Certificate issued: serial ${details.serial}, valid until ${details.notAfter.toISOString()}`;
      return event('Normal', 'CertificateIssued', 'Issue', [facts, ...notes].join('. '));
    }
    case 'decline':
      return event('Warning', 'SignerNotSupported', 'Issue', action.message);
    case 'fail':
    case 'awaitIssuer':
      return event('Warning', action.reason, 'Issue', action.message);
    case 'wait':
      return action.cause === 'ca'
        ? event('Normal', 'WaitingForCA', 'Issue', action.message)
        : event('Warning', 'RetryableError', 'Issue', action.message);
    case 'ignore':
    case 'deny':
    case 'awaitApproval':
    case 'enroll':
    case 'resume':
      return undefined;
  }
}

/** The status may not be written. It is tried again; until then only an event can say so. */
export const forbiddenEvent = (request: SigningRequest, { message }: ApiError): ObjectEvent => ({
  regarding: request,
  type: 'Warning',
  reason: 'StatusForbidden',
  action: 'Issue',
  note: `The answer cannot be written, which is tried again: ${message}. Are the roles of helm/permissions.yaml bound?`,
});
