import type { PKIFailureInfoName } from '../../cmp/schema/index.js';

/** The CA says no to a certificate request, and why: becomes status rejection in ip or cp. */
export class RequestRefused extends Error {
  readonly failInfo: PKIFailureInfoName;

  constructor(failInfo: PKIFailureInfoName, message: string) {
    super(message);
    this.name = 'RequestRefused';
    this.failInfo = failInfo;
  }
}

/** The CA cannot go on with a message at all, and why: becomes an error message. */
export class MessageRefused extends Error {
  readonly failInfo: PKIFailureInfoName;

  constructor(failInfo: PKIFailureInfoName, message: string) {
    super(message);
    this.name = 'MessageRefused';
    this.failInfo = failInfo;
  }
}
