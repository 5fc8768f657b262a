/** A tree of plain values: what JSON prints, and YAML for people. Fields that are absent in the message are left out. */
export type Description =
  | string
  | number
  | boolean
  | null
  | readonly Description[]
  | { readonly [field: string]: Description };

export const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
/** RFC 3339 in whole seconds. */
export const utc = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** The fields that are there. */
export const present = (fields: Readonly<Record<string, Description | undefined>>): Description =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Description;
