import { pairFinding } from './certificates.js';
import { clock } from './clock.js';
import { genm } from './genm.js';
import { HTTP_STEP } from './http.js';
import { protection } from './protection.js';
import { PROXY_STEP } from './proxy.js';
import { recipient } from './recipient.js';
import { REACH_STEPS, type Route } from './route.js';
import type { Step } from './step.js';
import type { Talk } from './talk.js';
import { TLS_STEP } from './tls.js';

/** From the name of the host to an open, trusted connection. */
export const CONNECT_STEPS: readonly Step<Route>[] = [...REACH_STEPS, PROXY_STEP, TLS_STEP];

/** The certificate that we show to the server, if we have one. */
const CLIENT_CERT_STEP: Step<Route> = {
  name: 'client-cert',
  applies: ({ endpoint }) => endpoint.clientCertPem !== undefined,
  look: ({ endpoint: { clientCertPem = '', clientKeyPem = '' }, clock: time }) =>
    pairFinding('TLS client certificate', { certificatesPem: clientCertPem, privateKeyPem: clientKeyPem }, time.now()),
};

export const ROUTE_STEPS: readonly Step<Route>[] = [CLIENT_CERT_STEP, ...CONNECT_STEPS, HTTP_STEP];

/** What is asked in these changes nothing at the CA. */
export const TALK_STEPS: readonly Step<Talk>[] = [
  { name: 'protection', needs: ['tcp', 'proxy', 'tls', 'http'], look: protection },
  { name: 'recipient', needs: ['protection'], look: recipient },
  { name: 'clock', needs: ['tcp', 'proxy', 'tls', 'http'], look: clock },
  { name: 'genm', needs: ['protection'], look: genm },
];
