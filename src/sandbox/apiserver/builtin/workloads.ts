import { isJsonObject, type JsonObject, type KubeObject } from '../object.js';
import type { Schema } from '../schema.js';
import { type Cause, cause } from '../status.js';
import { textOf } from '../text.js';
import { AGE, builtIn, NAME, object } from './define.js';

const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const at = (o: KubeObject, field: string) => record(o[field]);
const ports = (service: KubeObject) => {
  const given = at(service, 'spec')['ports'];
  return (Array.isArray(given) ? given : []).filter(isJsonObject);
};

const column = (name: string, value: (object: KubeObject) => unknown) => ({ name, type: 'string', value });

/** core/v1 Services: stored, with the defaults people see. Nothing is behind them; no cluster IP is given out. */
export const services = builtIn({
  group: '',
  version: 'v1',
  plural: 'services',
  kind: 'Service',
  shortNames: ['svc'],
  statusSubresource: true,
  schema: object({ spec: anything, status: anything }),
  columns: [
    NAME,
    column('Type', (o) => at(o, 'spec')['type']),
    column('Cluster-IP', (o) => textOf(at(o, 'spec')['clusterIP']) || '<none>'),
    column('External-IP', (o) => textOf(at(o, 'spec')['externalName']) || '<none>'),
    column('Port(s)', (o) =>
      ports(o)
        .map((port) => `${textOf(port['port'])}/${textOf(port['protocol'])}`)
        .join(','),
    ),
    AGE,
  ],
  rules: {
    prepare(service) {
      service['spec'] = { type: 'ClusterIP', ...at(service, 'spec') };
      for (const port of ports(service)) {
        port['protocol'] ??= 'TCP';
        port['targetPort'] ??= port['port'];
      }
    },
    validate(service) {
      const { type, clusterIP } = at(service, 'spec');
      const causes: Cause[] = ports(service)
        .map((port, i) => [port['port'], `spec.ports[${i}].port`] as const)
        .filter(([port]) => typeof port !== 'number' || port < 1 || port > 65_535)
        .map(([port, field]) => cause.invalid(field, port ?? 0, 'must be between 1 and 65535, inclusive'));
      if (type !== 'ExternalName' && clusterIP !== 'None' && ports(service).length === 0)
        causes.push(cause.required('spec.ports'));
      return causes;
    },
  },
});

function deploymentCauses(deployment: KubeObject, old: KubeObject | undefined): Cause[] {
  const { selector, template } = at(deployment, 'spec');
  const wanted = record(record(selector)['matchLabels']);
  if (!isJsonObject(selector)) return [cause.required('spec.selector')];
  const labels = record(record(record(template)['metadata'])['labels']);
  const causes: Cause[] = [];
  if (Object.entries(wanted).some(([name, value]) => labels[name] !== value)) {
    causes.push(cause.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  const containers = record(record(template)['spec'])['containers'];
  if (!Array.isArray(containers) || containers.length === 0)
    causes.push(cause.required('spec.template.spec.containers'));
  const before = at(old ?? deployment, 'spec')['selector'];
  if (JSON.stringify(before) !== JSON.stringify(selector))
    causes.push(cause.invalid('spec.selector', selector, 'field is immutable'));
  return causes;
}

const replicas = (o: KubeObject, field: string) => Number(at(o, 'status')[field] ?? 0);

/** apps/v1 Deployments: stored. No controller works on them, so no Pod ever comes of one. */
export const deployments = builtIn({
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  shortNames: ['deploy'],
  statusSubresource: true,
  generation: true,
  schema: object({ spec: anything, status: anything }),
  columns: [
    NAME,
    column('Ready', (o) => `${replicas(o, 'readyReplicas')}/${textOf(at(o, 'spec')['replicas'])}`),
    { name: 'Up-to-date', type: 'integer', value: (o) => replicas(o, 'updatedReplicas') },
    { name: 'Available', type: 'integer', value: (o) => replicas(o, 'availableReplicas') },
    AGE,
  ],
  rules: {
    prepare(deployment) {
      deployment['spec'] = { replicas: 1, ...at(deployment, 'spec') };
    },
    validate: deploymentCauses,
  },
});
