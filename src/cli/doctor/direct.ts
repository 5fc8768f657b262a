import { createDirectEnroller } from '../../enrollment/direct.js';
import type { CmpEndpoint, DirectBackendConfig } from '../../enrollment/direct-config.js';
import { directSession } from '../../enrollment/direct-session.js';
import { checkEndpoint } from '../../enrollment/direct-setup.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { anchorsFinding, pairFinding } from './certificates.js';
import { credentialFinding } from './credential.js';
import { anyFailed, configurationFinding, type Examination, NOTHING_YET } from './examination.js';
import { skip } from './finding.js';
import { routeTo } from './route.js';
import { type Outcomes, type Step, takeSteps } from './step.js';
import { ROUTE_STEPS, TALK_STEPS } from './steps.js';
import { startTalk } from './talk.js';
import { ENROLL_STEP } from './throw-away.js';

/** Longest time a question may be put off. */
const PATIENCE_MS = 30_000;

interface DirectCase {
  readonly config: DirectBackendConfig;
  readonly examination: Examination;
}

const OWN_STEPS: readonly Step<DirectCase>[] = [
  {
    name: 'credential',
    look: ({ config, examination: { clock } }) => credentialFinding(config, clock.now()),
  },
  {
    name: 'envelope',
    applies: ({ config }) => config.nested !== undefined,
    look: ({ config: { nested }, examination: { clock } }) =>
      nested === undefined
        ? skip('there is no envelope')
        : pairFinding('certificate of the envelope', nested, clock.now()),
  },
  {
    name: 'trust',
    look: ({ config, examination: { clock } }) => anchorsFinding('trust anchors', config.trustPem, clock.now()),
  },
  {
    name: 'configuration',
    look: ({ config, examination }) =>
      configurationFinding(() => directSession(config, examination).transport, examination.nameField),
  },
];

const isUsable = (endpoint: CmpEndpoint): boolean => {
  try {
    checkEndpoint(endpoint, 'endpoint');
    return true;
  } catch (error) {
    if (error instanceof EnrollmentError) return false;
    throw error;
  }
};

/** Looks at one endpoint by itself: the client would go on to the next one, and nobody would know. */
async function examineEndpoint(
  { config, examination }: DirectCase,
  endpoint: CmpEndpoint,
  earlier: Outcomes,
  signal: AbortSignal,
): Promise<Outcomes> {
  const { clock, tell } = examination;
  const record = (step: Step<never>['name'], finding: Parameters<typeof tell>[0]['finding']) =>
    tell({ step, endpoint: endpoint.url, finding });
  const route = routeTo(endpoint, config.limits, clock);
  const outcomes = await takeSteps(ROUTE_STEPS, route, earlier, record, signal);
  if (earlier.get('configuration') !== 'ok') {
    for (const { name } of TALK_STEPS) record(name, skip('needs configuration, which failed'));
    return outcomes;
  }
  const limits = { ...config.limits, maxPollingMs: Math.min(config.limits.maxPollingMs, PATIENCE_MS) };
  const talk = startTalk(route, (onAnswer) =>
    directSession(
      { ...config, limits, endpoints: [endpoint] },
      {
        ...examination,
        onMessage: (direction, der) => {
          examination.onMessage?.(direction, der);
          if (direction === 'response') onAnswer(der);
        },
      },
    ),
  );
  try {
    return await takeSteps(TALK_STEPS, talk, outcomes, record, signal);
  } finally {
    await talk.session.transport.close();
  }
}

/** Looks at everything that direct CMP needs. Asks for a certificate only if told so, and only if all else is well. */
export async function examineDirect(
  config: DirectBackendConfig,
  examination: Examination,
  signal: AbortSignal,
): Promise<void> {
  const patient = { config, examination };
  const own = await takeSteps(
    OWN_STEPS,
    patient,
    NOTHING_YET,
    (step, finding) => examination.tell({ step, finding }),
    signal,
  );
  let failed = anyFailed(own);
  for (const endpoint of config.endpoints.filter(isUsable)) {
    failed = anyFailed(await examineEndpoint(patient, endpoint, own, signal)) || failed;
  }
  const { enroll, random, tell } = examination;
  if (enroll === undefined) return;
  if (failed) {
    tell({ step: 'enroll', finding: skip('something failed before, so nothing was asked for') });
    return;
  }
  const enroller = createDirectEnroller(config, examination);
  try {
    await takeSteps(
      [ENROLL_STEP],
      { ...enroll, random, enroller },
      own,
      (step, finding) => tell({ step, finding }),
      signal,
    );
  } finally {
    await enroller.close();
  }
}
