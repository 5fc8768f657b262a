import { createCertServiceEnroller } from '../../certservice/client/index.js';
import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import type { CmpEndpoint } from '../../enrollment/direct-config.js';
import type { Enroller } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { anchorsFinding, pairFinding } from './certificates.js';
import { anyFailed, configurationFinding, type Examination, NOTHING_YET } from './examination.js';
import { type Finding, failed, ok, skip } from './finding.js';
import { hangUp, routeTo } from './route.js';
import { type Step, takeSteps } from './step.js';
import { CONNECT_STEPS } from './steps.js';
import { ENROLL_STEP } from './throw-away.js';

interface ServiceCase {
  readonly config: CertServiceConfig;
  readonly examination: Examination;
}

const OWN_STEPS: readonly Step<ServiceCase>[] = [
  {
    name: 'credential',
    look: ({ config: { clientCertPem, clientKeyPem }, examination: { clock } }) =>
      pairFinding(
        'TLS client certificate',
        { certificatesPem: clientCertPem, privateKeyPem: clientKeyPem },
        clock.now(),
      ),
  },
  {
    name: 'trust',
    look: ({ config: { serverCaPem }, examination: { clock } }) =>
      anchorsFinding('CAs for the TLS certificate of CertService', serverCaPem, clock.now()),
  },
  {
    name: 'configuration',
    look: ({ config, examination }) =>
      configurationFinding(() => createCertServiceEnroller(config, examination), examination.nameField),
  },
];

async function health(enroller: Enroller, signal: AbortSignal): Promise<Finding> {
  try {
    await enroller.probe(signal);
    return ok('CertService says that it is well');
  } catch (error) {
    if (error instanceof EnrollmentError) return failed(error);
    throw error;
  }
}

const HEALTH_STEP: Step<Enroller> = { name: 'health', needs: ['tcp', 'tls'], look: health };

/** Looks at everything that the CertService backend needs. Asks for a certificate only if told so, and only if all else is well. */
export async function examineCertService(
  config: CertServiceConfig,
  examination: Examination,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, tell, enroll } = examination;
  const own = await takeSteps(
    OWN_STEPS,
    { config, examination },
    NOTHING_YET,
    (step, finding) => tell({ step, finding }),
    signal,
  );
  if (own.get('configuration') !== 'ok') return;
  const { url, serverCaPem, clientCertPem, clientKeyPem, limits } = config;
  const endpoint: CmpEndpoint = { url, tlsCaPem: serverCaPem, clientCertPem, clientKeyPem };
  const there = (step: Step<never>['name'], finding: Finding) => tell({ step, endpoint: url, finding });
  const route = routeTo(endpoint, limits, clock);
  const reached = await takeSteps(CONNECT_STEPS, route, own, there, signal);
  hangUp(route);
  const enroller = createCertServiceEnroller(config, examination);
  try {
    const outcomes = await takeSteps([HEALTH_STEP], enroller, reached, there, signal);
    if (enroll === undefined) return;
    if (anyFailed(outcomes)) {
      tell({ step: 'enroll', finding: skip('something failed before, so nothing was asked for') });
      return;
    }
    // CertService decides at once: there is nothing to call off.
    const throwAway = { ...enroll, random, enroller };
    await takeSteps([ENROLL_STEP], throwAway, own, (step, finding) => tell({ step, finding }), signal);
  } finally {
    await enroller.close();
  }
}
