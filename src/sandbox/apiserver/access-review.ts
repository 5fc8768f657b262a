import { isAllowed, type User } from './auth.js';
import { type Exchange, type HttpContext, json, type Reply } from './exchange.js';
import { isJsonObject, type JsonObject } from './object.js';
import { decodeBody } from './request.js';
import { badRequest } from './status.js';
import { textOf } from './text.js';
import { bodyOf } from './write-request.js';

/** What the caller may do: needs no permission. */
export function selfSubjectAccessReview(exchange: Exchange): Reply {
  return answer('SelfSubjectAccessReview', specOf(exchange), exchange.user);
}

/** What somebody else may do. */
export function subjectAccessReview({ users }: HttpContext, exchange: Exchange): Reply {
  const spec = specOf(exchange);
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map(textOf) : [];
  if (textOf(spec['user']) === '' && groups.length === 0)
    throw badRequest('SubjectAccessReview: at least one of user or group must be specified');
  return answer('SubjectAccessReview', spec, users.named(textOf(spec['user']), groups));
}

function specOf(exchange: Exchange): JsonObject {
  const review = decodeBody(bodyOf(exchange.request), exchange.contentType, true);
  return isJsonObject(review) && isJsonObject(review['spec']) ? review['spec'] : {};
}

function answer(kind: string, spec: JsonObject, user: User): Reply {
  const wanted = isJsonObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  const text = (name: string) => (typeof wanted[name] === 'string' && wanted[name] !== '' ? wanted[name] : undefined);
  const allowed = isAllowed(user, {
    verb: text('verb') ?? '',
    group: text('group') ?? '',
    resource: text('resource') ?? '',
    ...optional('subresource', text('subresource')),
    ...optional('namespace', text('namespace')),
    ...optional('name', text('name')),
  });
  return json(201, { apiVersion: 'authorization.k8s.io/v1', kind, metadata: {}, spec, status: { allowed } });
}

const optional = <K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
