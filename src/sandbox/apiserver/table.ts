import type { KubeObject } from './object.js';
import type { Column, Resource } from './resource.js';
import { textOf } from './text.js';

/** `4s`, `3m`, `5h`, `12d`: durations as kubectl's columns show them (k8s.io/apimachinery/pkg/util/duration). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (days < 730) return `${days}d`;
  return `${Math.floor(days / 365)}y`;
}

function cell(column: Column, object: KubeObject, now: Date): unknown {
  const value = column.value(object);
  if (column.type === 'date') {
    if (typeof value !== 'string') return '<unknown>';
    const then = Date.parse(value);
    return Number.isNaN(then) ? '<invalid>' : humanDuration(now.getTime() - then);
  }
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return column.type === 'string' ? textOf(value) : value;
}

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** A meta.k8s.io/v1 Table of these objects. */
export function table(
  resource: Resource,
  objects: readonly KubeObject[],
  metadata: unknown,
  include: IncludeObject,
  now: Date,
): string {
  return JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: resource.columns.map(({ name, type, format = '', description = '', priority = 0 }) => ({
      name,
      type: type === 'date' ? 'string' : type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: resource.columns.map((column) => cell(column, object, now)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? object : partial(object) }),
    })),
  });
}

const partial = ({ metadata }: KubeObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});
