import type { Certificate } from './certificate.js';
import { nameConstraintObjection, unprocessedCriticalExtension } from './constraints.js';
import type { KeyUsageBit } from './key-usage.js';

const MAX_CANDIDATES = 64;
const MAX_SIGNATURE_CHECKS = 64;
const DEFAULT_MAX_LENGTH = 8;
const DEFAULT_SKEW_SECONDS = 300;

export interface PathOptions {
  /** Material from anywhere, e.g. extraCerts: used to find the way, never trusted. The first 64 different ones count. */
  readonly untrusted: readonly Certificate[];
  /** Where a path may end. Need not be self-signed. */
  readonly anchors: readonly Certificate[];
  /** The time at which every certificate of the path must be valid. */
  readonly at: Date;
  /** By how much clocks may differ; 300 by default. */
  readonly skewSeconds?: number;
  /** Most certificates in the path, leaf and anchor included; 8 by default. */
  readonly maxLength?: number;
  /** What the leaf must be allowed to do. A leaf without the KeyUsage extension may do everything. */
  readonly requiredKeyUsage?: KeyUsageBit;
  /** Accept a leaf with critical extensions unknown here; right for a certificate that others will use, wrong for a signer. */
  readonly allowUnknownCriticalInLeaf?: boolean;
}

export type PathResult =
  | {
      readonly ok: true;
      /** Leaf first, anchor last; one certificate when the leaf is itself an anchor. */
      readonly path: readonly Certificate[];
    }
  | {
      readonly ok: false;
      /** The longest way found, leaf first. */
      readonly partial: readonly Certificate[];
      /** For a person: why no path could be completed. */
      readonly reason: string;
    };

/** The same certificates without repetition, in order. */
export function dedupe(certificates: readonly Certificate[]): Certificate[] {
  const seen = new Set<string>();
  return certificates.filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256));
}

const quoted = (certificate: Certificate) => `"${certificate.subjectText}"`;

function validityObjection(certificate: Certificate, { at, skewSeconds = DEFAULT_SKEW_SECONDS }: PathOptions) {
  const skew = skewSeconds * 1000;
  if (at.getTime() + skew < certificate.notBefore.getTime()) {
    return `${quoted(certificate)} is not valid before ${certificate.notBefore.toISOString()}`;
  }
  if (at.getTime() - skew > certificate.notAfter.getTime()) {
    return `${quoted(certificate)} expired at ${certificate.notAfter.toISOString()}`;
  }
  return undefined;
}

function leafObjection(leaf: Certificate, options: PathOptions): string | undefined {
  const usage = options.requiredKeyUsage;
  if (usage !== undefined && leaf.extensions.keyUsage?.has(usage) === false) {
    return `the key usage of ${quoted(leaf)} does not include ${usage}`;
  }
  const strange = options.allowUnknownCriticalInLeaf ? undefined : unprocessedCriticalExtension(leaf);
  if (strange !== undefined) return `${quoted(leaf)} has the unknown critical extension ${strange}`;
  return validityObjection(leaf, options);
}

/** Why `issuer` may not stand above `below` (leaf first), signatures aside (RFC 5280 section 6.1.4). */
function issuerObjection(
  issuer: Certificate,
  below: readonly Certificate[],
  isAnchor: boolean,
  options: PathOptions,
): string | undefined {
  const { basicConstraints, keyUsage } = issuer.extensions;
  // Version 1 knows no extensions: such a root is a CA because the operator says so.
  if (basicConstraints?.ca !== true && !(isAnchor && issuer.version < 3)) return `${quoted(issuer)} is not a CA`;
  if (keyUsage?.has('keyCertSign') === false) return `the key usage of ${quoted(issuer)} does not include keyCertSign`;
  const intermediates = below.slice(1).filter((certificate) => !certificate.isSelfIssued).length;
  const pathLength = basicConstraints?.pathLength;
  if (pathLength !== undefined && intermediates > pathLength) {
    return `${quoted(issuer)} allows ${pathLength} CAs below it, found ${intermediates}`;
  }
  const strange = unprocessedCriticalExtension(issuer);
  if (strange !== undefined) return `${quoted(issuer)} has the unknown critical extension ${strange}`;
  return validityObjection(issuer, options);
}

/** One search, depth first, anchors before other candidates. Work is bounded, because candidates come from strangers. */
class Search {
  readonly #options: PathOptions;
  readonly #anchors: readonly Certificate[];
  readonly #candidates: readonly Certificate[];
  readonly #supplied: number;
  readonly #signatures = new Map<string, string | undefined>();
  #best: { path: readonly Certificate[]; reason: string };

  constructor(leaf: Certificate, options: PathOptions) {
    this.#options = options;
    this.#anchors = dedupe(options.anchors);
    const anchors = new Set(this.#anchors.map(({ sha256 }) => sha256));
    const candidates = dedupe(options.untrusted).filter(({ sha256 }) => !anchors.has(sha256));
    this.#supplied = candidates.length;
    this.#candidates = candidates.slice(0, MAX_CANDIDATES);
    this.#best = { path: [leaf], reason: 'no way was tried' };
  }

  run(leaf: Certificate): PathResult {
    const objection = leafObjection(leaf, this.#options);
    if (objection !== undefined) return { ok: false, partial: [leaf], reason: objection };
    const path = this.#extend([leaf]);
    return path === undefined ? { ok: false, partial: this.#best.path, reason: this.#best.reason } : { ok: true, path };
  }

  #extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const top = path.at(-1);
    if (top === undefined) return undefined;
    if (this.#anchors.some((anchor) => anchor.equals(top))) return this.#complete(path);
    const maxLength = this.#options.maxLength ?? DEFAULT_MAX_LENGTH;
    if (path.length >= maxLength) {
      return this.#fail(path, `the chain is longer than ${maxLength} certificates`);
    }
    let tried = false;
    for (const issuer of this.#issuersOf(top, path)) {
      tried = true;
      const isAnchor = this.#anchors.includes(issuer);
      const objection = issuerObjection(issuer, path, isAnchor, this.#options) ?? this.#signatureObjection(top, issuer);
      if (objection !== undefined) {
        this.#fail(path, objection);
        continue;
      }
      const found = this.#extend([...path, issuer]);
      if (found !== undefined) return found;
    }
    return tried ? undefined : this.#fail(path, this.#incomplete(top));
  }

  /** Issuers by name and key identifier that are not in the path; the same key under the same name counts as in it. */
  #issuersOf(child: Certificate, path: readonly Certificate[]): Certificate[] {
    return [...this.#anchors, ...this.#candidates].filter(
      (issuer) =>
        child.mayBeIssuedBy(issuer) &&
        !path.some((used) => Buffer.compare(used.spki, issuer.spki) === 0 && issuer.subjectText === used.subjectText),
    );
  }

  #signatureObjection(child: Certificate, issuer: Certificate): string | undefined {
    const pair = `${child.sha256} ${issuer.sha256}`;
    if (this.#signatures.has(pair)) return this.#signatures.get(pair);
    if (this.#signatures.size >= MAX_SIGNATURE_CHECKS) {
      return `more than ${MAX_SIGNATURE_CHECKS} signatures would have to be checked: send fewer certificates`;
    }
    const problem = child.signatureObjection(issuer);
    const objection = problem && `${quoted(child)}, checked with the key of ${quoted(issuer)}: ${problem}`;
    this.#signatures.set(pair, objection);
    return objection;
  }

  #complete(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const objection = nameConstraintObjection(path);
    return objection === undefined ? path : this.#fail(path, objection);
  }

  #incomplete(top: Certificate): string {
    if (top.isSelfSigned) {
      return `untrusted: the chain ends at self-signed ${quoted(top)}, which is not among the ${this.#anchors.length} trust anchors`;
    }
    const candidates =
      this.#supplied === this.#candidates.length
        ? `${this.#supplied} candidates`
        : `the first ${MAX_CANDIDATES} of ${this.#supplied} candidates`;
    return `incomplete: no issuer certificate for ${quoted(top)}, issued by "${top.issuerText}", among ${candidates} and ${this.#anchors.length} anchors`;
  }

  /** Remembers what stopped the longest way, for the message. */
  #fail(path: readonly Certificate[], reason: string): undefined {
    if (this.#best.reason === 'no way was tried' || path.length > this.#best.path.length) this.#best = { path, reason };
    return undefined;
  }
}

/**
 * Finds a path from `leaf` to one of the anchors and validates it (RFC 5280 section 6.1): names, key identifiers,
 * signatures, CA flag, keyCertSign, path length, validity, critical extensions and name constraints. Revocation and
 * policies are not looked at. Never throws for what is in the certificates.
 */
export function buildPath(leaf: Certificate, options: PathOptions): PathResult {
  return new Search(leaf, options).run(leaf);
}

/**
 * A path as cert-manager wants it: the leaf and the intermediates upward without the self-signed root, and the root
 * apart. A lone self-signed certificate is both. Without a self-signed top there is no root.
 */
export function normalizeChain(path: readonly Certificate[]): {
  readonly chain: readonly Certificate[];
  readonly root?: Certificate;
} {
  const top = path.at(-1);
  if (top === undefined || !top.isSelfSigned) return { chain: path };
  return { chain: path.length === 1 ? path : path.slice(0, -1), root: top };
}
