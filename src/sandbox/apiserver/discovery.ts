import { createHash } from 'node:crypto';
import type { JsonObject } from './object.js';
import { apiVersionOf, doorsOf, type Registry, type Resource } from './resource.js';
import { metadataSchema } from './schema.js';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** GET /version. Reported as the minor whose behaviour this server imitates. */
export const version = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.0',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node ${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch}`,
};

const groupVersions = (registry: Registry) => [...new Set(registry.all().map(apiVersionOf))];

/** Plain discovery documents; undefined when the path is none of theirs. */
export function discovery(registry: Registry, path: string): JsonObject | undefined {
  const [root = '', ...rest] = path.split('/').filter((step) => step !== '');
  if (root === 'api' && rest.length === 0) {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }
  if (root === 'api' && rest.length === 1) return resourceList(registry, String(rest[0]));
  if (root !== 'apis') return undefined;
  if (rest.length === 0) {
    const groups = [...new Set(registry.all().map(({ group }) => group))].filter((group) => group !== '');
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupOf(registry, group)) };
  }
  if (rest.length === 1) {
    const group = groupOf(registry, String(rest[0]));
    return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...group };
  }
  return rest.length === 2 ? resourceList(registry, rest.join('/')) : undefined;
}

function groupOf(registry: Registry, group: string): JsonObject | undefined {
  const versions = [
    ...new Set(
      registry
        .all()
        .filter((r) => r.group === group)
        .map((r) => r.version),
    ),
  ].map((served) => ({ groupVersion: `${group}/${served}`, version: served }));
  return versions.length === 0 ? undefined : { name: group, versions, preferredVersion: versions[0] };
}

function resourceList(registry: Registry, groupVersion: string): JsonObject | undefined {
  const resources = registry.all().filter((resource) => apiVersionOf(resource) === groupVersion);
  if (resources.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: resources.flatMap(entries) };
}

function entries(resource: Resource): JsonObject[] {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource;
  const main: JsonObject = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const doors = doorsOf(resource).map((door) => ({
    name: `${plural}/${door}`,
    singularName: '',
    namespaced,
    kind,
    verbs: ['get', 'patch', 'update'],
  }));
  return [main, ...doors];
}

/** GET /openapi/v3: where the documents are. */
export function openApiIndex(registry: Registry): JsonObject {
  const paths = groupVersions(registry).map((groupVersion) => {
    const path = groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;
    const document = JSON.stringify(openApiDocument(registry, path));
    const hash = createHash('sha256').update(document).digest('hex').slice(0, 32).toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(paths) };
}

const schemaName = (resource: Resource) =>
  `${(resource.group === '' ? 'core' : resource.group).split('.').reverse().join('.')}.${resource.version}.${resource.kind}`;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The OpenAPI v3 document of one group and version, as far as kubectl and helm read it. `path` as in the index. */
export function openApiDocument(registry: Registry, path: string): JsonObject | undefined {
  const groupVersion = path.replace(/^apis?\//, '');
  const resources = registry.all().filter((resource) => apiVersionOf(resource) === groupVersion);
  if (resources.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: version.gitVersion },
    paths: Object.assign({}, ...resources.map((resource) => operations(resource, path))),
    components: {
      schemas: {
        [META]: metadataSchema,
        ...Object.fromEntries(resources.map((resource) => [schemaName(resource), schemaOf(resource)])),
      },
    },
  };
}

const kindOf = ({ group, version: served, kind }: Resource) => ({ group, version: served, kind });

function schemaOf(resource: Resource): JsonObject {
  return {
    ...resource.openApi,
    properties: {
      ...resource.openApi.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { allOf: [{ $ref: `#/components/schemas/${META}` }] },
    },
    'x-kubernetes-group-version-kind': [kindOf(resource)],
  };
}

function operations(resource: Resource, path: string): JsonObject {
  const collection = `/${path}/${resource.namespaced ? 'namespaces/{namespace}/' : ''}${resource.plural}`;
  const body = { $ref: `#/components/schemas/${schemaName(resource)}` };
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  const operation = (action: string, types: readonly string[]) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kindOf(resource),
    parameters,
    ...(types.length === 0
      ? {}
      : { requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema: body }])) } }),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: body } } } },
  });
  const patches = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];
  return {
    [collection]: { get: operation('list', []), post: operation('post', ['application/json']) },
    [`${collection}/{name}`]: {
      get: operation('get', []),
      put: operation('put', ['application/json']),
      patch: operation('patch', resource.custom ? patches : [...patches, 'application/strategic-merge-patch+json']),
      delete: operation('delete', []),
    },
  };
}
