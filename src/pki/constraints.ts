import { any, implicit, integer, optional, sequence, sequenceOf } from '../asn1/index.js';
import { unreachable } from '../runtime/unreachable.js';
import type { Certificate } from './certificate.js';
import { PkiError } from './error.js';
import { directoryName, type GeneralName, parseGeneralName } from './general-name.js';
import { canonicalRdns, isNullName, nameAttributes } from './name.js';
import { OID } from './oid.js';
import { decodeObject } from './schema.js';

// pkijs has a validation engine that knows name constraints, but it lets a certificate pass as soon as one of its names
// is permitted, where RFC 5280 section 4.2.1.10 demands it of all of them.

/** RFC 5280 section 4.2.1.10. */
const GeneralSubtrees = sequenceOf(
  sequence('GeneralSubtree', {
    base: any,
    minimum: optional(implicit(0, integer)),
    maximum: optional(implicit(1, integer)),
  }),
  { min: 1 },
);

const NameConstraints = sequence('NameConstraints', {
  permittedSubtrees: optional(implicit(0, GeneralSubtrees)),
  excludedSubtrees: optional(implicit(1, GeneralSubtrees)),
});

/** What is compared with a constraint: a name's type and its value. */
type ComparedName = Pick<GeneralName, 'type' | 'content' | 'text'>;

const HOST_NAME = /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/i;
const COMMON_NAME = '2.5.4.3';

/** Every name of the certificate that constraints apply to. */
function namesOf(certificate: Certificate): ComparedName[] {
  const names: ComparedName[] = [...certificate.extensions.subjectAltNames];
  if (isNullName(certificate.subject)) return names;
  const hasDns = names.some(({ type }) => type === 'dns');
  for (const { type, text = '' } of nameAttributes(certificate.subject).flat()) {
    const content = Buffer.from(text);
    if (type === OID.emailAddress) names.push({ type: 'email', content, text });
    // Old verifiers take the common name for a host name where no DNS name is given.
    if (type === COMMON_NAME && !hasDns && HOST_NAME.test(text)) names.push({ type: 'dns', content, text });
  }
  names.push(parseGeneralName(directoryName(certificate.subject)));
  return names;
}

/** Whether the host is the domain or below it; a leading dot in the domain excludes the domain itself. */
function isWithin(host: string, domain: string): boolean {
  if (domain === '' || host === domain) return true;
  return host.endsWith(domain.startsWith('.') ? domain : `.${domain}`);
}

/** E-mail and URI constraints: a host stands for itself alone, `.domain` for everything below it. */
function isHostOf(host: string, constraint: string): boolean {
  return constraint.startsWith('.') ? host.endsWith(constraint) : host === constraint;
}

function addressWithin(address: Uint8Array, range: Uint8Array): boolean {
  return (
    range.length === 2 * address.length &&
    address.every((octet, i) => ((octet ^ (range[i] ?? 0)) & (range[address.length + i] ?? 0xff)) === 0)
  );
}

function mailboxMatches(mailbox: string, constraint: string): boolean {
  const at = mailbox.lastIndexOf('@');
  const host = mailbox.slice(at + 1).toLowerCase();
  const constraintAt = constraint.lastIndexOf('@');
  if (constraintAt < 0) return isHostOf(host, constraint.toLowerCase());
  return (
    mailbox.slice(0, at) === constraint.slice(0, constraintAt) &&
    host === constraint.slice(constraintAt + 1).toLowerCase()
  );
}

/** The host name of a URI, or undefined where it has none; then RFC 5280 wants it refused. */
function hostOfUri(uri: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri)?.[1];
  return host !== undefined && HOST_NAME.test(host) && !/^[\d.]+$/.test(host) ? host.toLowerCase() : undefined;
}

/** Whether `name` lies in the subtree below `base`, both of the same type. */
function isInside(name: ComparedName, base: GeneralName, excluding: boolean): boolean {
  switch (base.type) {
    case 'dns': {
      const [host, domain] = [name.text.toLowerCase(), base.text.toLowerCase()];
      // A wildcard stands for names that may be excluded one by one.
      const covers = excluding && host.startsWith('*.') && domain.slice(domain.indexOf('.')) === host.slice(1);
      return covers || isWithin(host, domain);
    }
    case 'email':
      return mailboxMatches(name.text, base.text);
    case 'uri': {
      const host = hostOfUri(name.text);
      return host === undefined ? excluding : isHostOf(host, base.text.toLowerCase());
    }
    case 'ip':
      return addressWithin(name.content, base.content);
    case 'directoryName': {
      const rdns = canonicalRdns(name.content);
      return canonicalRdns(base.content).every((rdn, i) => rdn === rdns[i]);
    }
    case 'otherName':
    case 'x400':
    case 'ediParty':
    case 'registeredID':
      // Nobody here can compare these: never permitted, always excluded.
      return excluding;
    default:
      return unreachable(base.type);
  }
}

interface Subtrees {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

function subtreesOf(ca: Certificate): Subtrees | undefined {
  const extension = ca.extensions.find(OID.nameConstraints);
  if (extension === undefined) return undefined;
  const constraints = decodeObject(NameConstraints, extension.value, 'extension nameConstraints');
  const bases = (subtrees: typeof constraints.permittedSubtrees) =>
    (subtrees ?? []).map(({ base, minimum = 0, maximum }) => {
      if (minimum !== 0 || maximum !== undefined) {
        throw new PkiError('DerInvalid', 'extension nameConstraints: minimum and maximum are not supported');
      }
      return parseGeneralName(base);
    });
  return { permitted: bases(constraints.permittedSubtrees), excluded: bases(constraints.excludedSubtrees) };
}

function nameObjection(name: ComparedName, { permitted, excluded }: Subtrees): string | undefined {
  const shown = `${name.type} "${name.text}"`;
  const sameType = ({ type }: GeneralName) => type === name.type;
  if (excluded.filter(sameType).some((base) => isInside(name, base, true))) return `${shown} is excluded`;
  const allowed = permitted.filter(sameType);
  if (allowed.length > 0 && !allowed.some((base) => isInside(name, base, false))) return `${shown} is not permitted`;
  return undefined;
}

/**
 * Why the path (leaf first, anchor last) breaks the name constraints of one of its CAs, the anchor included, or undefined
 * (RFC 5280 sections 4.2.1.10 and 6.1.3 b and c).
 */
export function nameConstraintObjection(path: readonly Certificate[]): string | undefined {
  for (const [index, ca] of path.entries()) {
    if (index === 0) continue;
    try {
      const subtrees = subtreesOf(ca);
      if (subtrees === undefined) continue;
      // Self-issued certificates are exempt, except as leaf.
      const below = path.slice(0, index).filter((certificate, depth) => depth === 0 || !certificate.isSelfIssued);
      for (const certificate of below) {
        for (const name of namesOf(certificate)) {
          const objection = nameObjection(name, subtrees);
          if (objection !== undefined) return `name constraints of "${ca.subjectText}": ${objection}`;
        }
      }
    } catch (error) {
      if (error instanceof PkiError) return `name constraints of "${ca.subjectText}": ${error.message}`;
      throw error;
    }
  }
  return undefined;
}

/**
 * Critical extensions that path building honours. Certificate policies, mappings and inhibitAnyPolicy matter only where
 * some policy is required, which we never do; policyConstraints can require one, so that it is not in the list.
 */
const PROCESSED = new Set<string>([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.issuerAltName,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.nameConstraints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.inhibitAnyPolicy,
]);

/** The OID of a critical extension that is not processed here, if there is one: RFC 5280 section 4.2 says to refuse. */
export function unprocessedCriticalExtension(certificate: Certificate): string | undefined {
  return certificate.extensions.list.find(({ critical, oid }) => critical && !PROCESSED.has(oid))?.oid;
}
