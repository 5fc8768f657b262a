import { ordered } from './door.js';
import { isJsonObject, type KubeObject, type Meta } from './object.js';
import { apiVersionOf, type Resource } from './resource.js';
import * as status from './status.js';
import { malformedMetadata } from './validate.js';
import type { WriteOptions } from './write.js';

/** The body as an object of this type: right kind, right namespace, unknown fields gone or refused. */
export function decodeObject(
  resource: Resource,
  body: unknown,
  namespace: string | undefined,
  options: WriteOptions,
): KubeObject {
  const expected = apiVersionOf(resource);
  if (!isJsonObject(body)) throw status.badRequest('the body of the request must be a JSON object');
  if (!resource.custom) {
    body['apiVersion'] ??= expected;
    body['kind'] ??= resource.kind;
  }
  const { apiVersion, kind } = body;
  if (typeof kind !== 'string' || kind === '') throw status.badRequest("Object 'Kind' is missing in the request body");
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    throw status.badRequest("Object 'apiVersion' is missing in the request body");
  }
  if (apiVersion !== expected) {
    throw status.badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== resource.kind) {
    throw status.badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${kind}: the kind in the data does not match the resource`,
    );
  }
  const cannot = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
  body['metadata'] ??= {};
  const unknown = resource.checks.prune(body);
  if (unknown.length > 0) unknownFields(unknown, cannot, options);
  const malformed = malformedMetadata(body);
  if (malformed !== undefined) throw status.badRequest(`${cannot}: ${malformed}`);
  if (!resource.custom) {
    // What cannot be decoded. Items that occur twice can: they are for the type's own validation.
    const causes = resource.checks.validate(body).filter(({ reason }) => reason !== 'FieldValueDuplicate');
    const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
    if (texts.length > 0) throw status.badRequest(`${cannot}: ${texts.join(', ')}`);
  }
  const object = ordered(body as KubeObject);
  for (const field of Object.keys(object.metadata)) {
    if (object.metadata[field as keyof Meta] === null) delete object.metadata[field as keyof Meta];
  }
  const given = object.metadata.namespace;
  if (given !== undefined && given !== '' && given !== namespace) {
    throw status.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace === undefined) delete object.metadata.namespace;
  else object.metadata.namespace = namespace;
  return object;
}

function unknownFields(unknown: readonly string[], cannot: string, options: WriteOptions): void {
  const texts = unknown.map((field) => `unknown field "${field}"`);
  if (options.fieldValidation === 'Strict') {
    throw status.badRequest(`${cannot}: strict decoding error: ${texts.join(', ')}`);
  }
  if (options.fieldValidation === 'Warn') for (const text of texts) options.warn(text);
}
