import { isAllowed } from './auth.js';
import { type Exchange, json, type Reply } from './exchange.js';
import { isJsonObject } from './object.js';
import { decodeBody } from './request.js';
import { bodyOf } from './write-request.js';

/** SelfSubjectAccessReview: needs no permission. */
export function accessReview(exchange: Exchange): Reply {
  const review = decodeBody(bodyOf(exchange.request), exchange.contentType, true);
  const spec = isJsonObject(review) && isJsonObject(review['spec']) ? review['spec'] : {};
  const wanted = isJsonObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  const text = (name: string) => (typeof wanted[name] === 'string' && wanted[name] !== '' ? wanted[name] : undefined);
  const allowed = isAllowed(exchange.user, {
    verb: text('verb') ?? '',
    group: text('group') ?? '',
    resource: text('resource') ?? '',
    ...optional('subresource', text('subresource')),
    ...optional('namespace', text('namespace')),
    ...optional('name', text('name')),
  });
  const answer = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec,
    status: { allowed },
  };
  return json(201, answer);
}

const optional = <K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
