import type { FastifyRequest } from 'fastify';
import type { Exchange } from './exchange.js';
import { decodeBody, flag, parseJson, parseYamlBody } from './request.js';
import type { Resource } from './resource.js';
import * as status from './status.js';
import type { PatchType, WriteOptions } from './write.js';

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

export const bodyOf = (request: FastifyRequest) => (Buffer.isBuffer(request.body) ? request.body : undefined);
export const body = ({ request, contentType }: Exchange, resource: Resource) =>
  decodeBody(bodyOf(request), contentType, !resource.custom);

export function patchOf({ request, contentType }: Exchange, resource: Resource): { type: PatchType; patch: unknown } {
  const type = PATCH_TYPES[contentType ?? ''];
  if (type === undefined || (type === 'strategic' && resource.custom)) {
    throw status.unsupportedMediaType(
      Object.keys(PATCH_TYPES).filter((name) => !resource.custom || PATCH_TYPES[name] !== 'strategic'),
    );
  }
  const octets = bodyOf(request) ?? Buffer.alloc(0);
  return { type, patch: type === 'apply' ? parseYamlBody(octets) : parseJson(octets) };
}

export function dryRun(url: URL): boolean {
  const given = url.searchParams.getAll('dryRun');
  if (given.some((value) => value !== 'All' && value !== '')) {
    throw status.invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' }, '', [
      status.cause.notSupported('dryRun', given[0], ['All']),
    ]);
  }
  return given.includes('All');
}

export function writeOptions({ request, reply, url, user }: Exchange, patch?: PatchType): WriteOptions {
  const { searchParams } = url;
  const options = (causes: readonly status.Cause[]) =>
    status.invalid(
      { group: 'meta.k8s.io', plural: '', kind: patch === undefined ? 'CreateOptions' : 'PatchOptions' },
      '',
      causes,
    );
  const manager = searchParams.get('fieldManager') ?? '';
  if (manager.length > 128) throw options([status.cause.tooLong('fieldManager', 128)]);
  if (patch === 'apply' && manager === '') {
    throw options([status.cause.required('fieldManager', 'is required for apply patch')]);
  }
  if (patch !== 'apply' && searchParams.has('force') && patch !== undefined) {
    throw options([status.cause.forbidden('force', 'may not be specified for non-apply patch')]);
  }
  const validation = searchParams.get('fieldValidation') ?? 'Warn';
  if (validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore') {
    throw options([status.cause.notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn'])]);
  }
  const warnings: string[] = [];
  return {
    user,
    manager:
      manager === '' ? (request.headers['user-agent'] ?? 'unknown').split('/')[0]?.split(' ')[0] || 'unknown' : manager,
    dryRun: dryRun(url),
    fieldValidation: validation,
    force: flag(searchParams, 'force'),
    warn(text) {
      warnings.push(`299 - ${JSON.stringify(text)}`);
      reply.header('warning', warnings);
    },
  };
}
