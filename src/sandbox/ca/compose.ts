import { assembleMessage, decodeMessage, encodeBody, encodeHeader, type ReceivedMessage } from '../../cmp/message.js';
import {
  type HeaderToProtect,
  type PbmCredential,
  type Protector,
  pbmProtector,
  type SignatureCredential,
  signatureProtector,
} from '../../cmp/protection/index.js';
import type { PKIBody, PKIHeader } from '../../cmp/schema/index.js';
import { NULL_DN } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Answer } from './answer.js';
import { ANOTHER_SENDER, attackedBody, attackedOctets, attackingPbm, type SignerAttack } from './attack.js';
import { createIdentity, type Identity, intermediatesAbove } from './authority.js';
import type { Behaviour, MessageFault } from './behaviour.js';
import type { Hierarchy } from './hierarchy.js';
import type { Requester } from './requester.js';
import { spoiltPbmac1 } from './spoilt-pbmac1.js';

/** RFC 4210 wants at least 128 bits; so many octets have our salts and nonces. */
const OCTETS = 16;
const HOUR = 3_600_000;

const directoryName = (value: Uint8Array): PKIHeader['sender'] => ({ type: 'directoryName', value });

/** What an answer takes over from its request. All may be missing if the request could not be read. */
export type AnsweredHeader = Partial<Pick<PKIHeader, 'pvno' | 'sender' | 'transactionID' | 'senderNonce'>>;

export interface Composed {
  readonly der: Uint8Array;
  /** The nonce that the next message has to repeat. */
  readonly senderNonce: Uint8Array | undefined;
}

/** Puts header and protection around answers, and spoils them where that is asked for. */
export class Composer {
  readonly #hierarchy: Hierarchy;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #signer: Protector;
  /** Certified by this very CA, but for nothing that has to do with CMP. Made when first asked for. */
  #bystander: Promise<Identity> | undefined;

  constructor(hierarchy: Hierarchy, clock: Clock, random: Random) {
    this.#hierarchy = hierarchy;
    this.#clock = clock;
    this.#random = random;
    this.#signer = signatureProtector(credentialOf(hierarchy.signer));
  }

  get signer(): Protector {
    return this.#signer;
  }

  /** What protects the answers to this requester: the same kind of protection, with a fresh salt, unless told otherwise. */
  protectorFor(requester: Requester, behaviour: Behaviour, fallback: PbmCredential): Protector {
    const wanted = behaviour.responseProtection ?? 'same';
    const kind = wanted === 'same' ? requester.kind : wanted;
    const { pbm } = behaviour.attack ?? {};
    if (pbm !== undefined && kind === 'mac') {
      return attackingPbm(requester.kind === 'mac' ? requester.credential : fallback, pbm, this.#random);
    }
    if (behaviour.pbmac1 !== undefined && kind === 'mac') {
      return spoiltPbmac1(requester.kind === 'mac' ? requester.credential : fallback, behaviour.pbmac1, this.#random);
    }
    switch (kind) {
      case 'signature':
        return this.#signer;
      case 'mac':
        return requester.kind === 'mac'
          ? requester.protector(this.#random(OCTETS))
          : pbmProtector(fallback, { salt: this.#random(OCTETS), owf: 'sha256', iterationCount: 500, mac: 'sha256' });
      default:
        return unreachable(kind);
    }
  }

  /** The answer as the client gets it. Without a protector it is not protected. */
  async compose(
    answer: Answer,
    request: AnsweredHeader,
    behaviour: Behaviour,
    protector: Protector | undefined,
  ): Promise<Composed> {
    const faults = faultsOf(behaviour, answer);
    const { body: bodyAttack, octets: octetAttack, signer: signerAttack } = behaviour.attack ?? {};
    const kind = signerAttack === undefined ? (protector?.kind ?? 'signature') : 'signature';
    const header = this.#header(answer, request, behaviour, faults, kind);
    const honest = spoiltBody(answer.body, faults);
    const body = bodyAttack === undefined ? honest : attackedBody(honest, bodyAttack, await this.#stranger());
    const { senderNonce } = header;
    if (protector === undefined || faults.has('unprotected')) {
      const unprotected = { ...header, sender: header.sender ?? directoryName(this.#hierarchy.signer.name) };
      const extraCerts = faults.has('noExtraCerts') ? [] : answer.chain;
      const der = assembleMessage({ rawHeader: encodeHeader(unprotected), rawBody: encodeBody(body), extraCerts });
      return { der, senderNonce };
    }
    const chosen =
      signerAttack === undefined ? await this.#protector(protector, faults) : await this.#attacker(signerAttack);
    const known = chosen === this.#signer ? intermediatesAbove(this.#hierarchy.signer).map((ca) => ca.certificate) : [];
    const extraCerts = faults.has('noExtraCerts') ? [] : answer.chain.filter((der) => !known.includes(der));
    const sender = signerAttack === 'otherSender' ? { sender: ANOTHER_SENDER } : {};
    const whole = await chosen.protect({ ...header, ...sender }, body, extraCerts);
    const der = octetAttack === undefined ? whole : attackedOctets(whole, octetAttack);
    return { der: faults.has('badProtection') ? withBadProtection(decodeMessage(der)) : der, senderNonce };
  }

  /** The certificate of a root that nobody trusts. */
  async #stranger(): Promise<Uint8Array> {
    const { issuing } = await this.#hierarchy.untrusted();
    return issuing.issuer?.certificate ?? issuing.certificate;
  }

  async #attacker(attack: SignerAttack): Promise<Protector> {
    switch (attack) {
      case 'bystander':
        this.#bystander ??= createIdentity({
          keys: this.#hierarchy.signer.keys,
          now: this.#clock.now(),
          random: this.#random,
          name: [['CN', 'Bystander']],
          profile: 'tlsServer',
          issuer: this.#hierarchy.issuing,
        });
        return signatureProtector(credentialOf(await this.#bystander));
      case 'withoutKeyUsage':
        return signatureProtector(credentialOf(this.#hierarchy.issuing));
      case 'otherSender':
        return this.#signer;
      default:
        return unreachable(attack);
    }
  }

  async #protector(protector: Protector, faults: ReadonlySet<MessageFault>): Promise<Protector> {
    if (faults.has('untrustedSigner')) {
      const { signer } = await this.#hierarchy.untrusted();
      return signatureProtector(credentialOf(signer));
    }
    if (faults.has('noExtraCerts') && protector.kind === 'signature') {
      return signatureProtector({ ...credentialOf(this.#hierarchy.signer), certificates: [] });
    }
    return protector;
  }

  #header(
    answer: Answer,
    request: AnsweredHeader,
    behaviour: Behaviour,
    faults: ReadonlySet<MessageFault>,
    kind: Protector['kind'],
  ): HeaderToProtect {
    const transactionID = faults.has('wrongTransactionID') ? this.#random(OCTETS) : request.transactionID;
    const recipNonce = faults.has('wrongRecipNonce') ? this.#random(OCTETS) : request.senderNonce;
    const senderNonce = this.#senderNonce(request, faults);
    const now = this.#clock.now().getTime();
    const macSender = behaviour.macSender === 'nullDn' ? NULL_DN : this.#hierarchy.issuing.name;
    return {
      pvno: faults.has('oldPvno') ? 1 : request.pvno === 3 ? 3 : 2,
      ...(kind === 'mac' ? { sender: directoryName(macSender) } : {}),
      recipient: request.sender ?? directoryName(NULL_DN),
      messageTime: new Date(faults.has('staleMessageTime') ? now - HOUR : now),
      ...(transactionID === undefined || faults.has('missingTransactionID') ? {} : { transactionID }),
      ...(senderNonce === undefined ? {} : { senderNonce }),
      ...(recipNonce === undefined || faults.has('missingRecipNonce') ? {} : { recipNonce }),
      ...(answer.generalInfo.length === 0 ? {} : { generalInfo: answer.generalInfo }),
    };
  }

  #senderNonce(request: AnsweredHeader, faults: ReadonlySet<MessageFault>): Uint8Array | undefined {
    if (faults.has('missingSenderNonce')) return undefined;
    if (faults.has('repeatedSenderNonce')) return request.senderNonce;
    return this.#random(faults.has('shortSenderNonce') ? 8 : OCTETS);
  }
}

function credentialOf(identity: Identity): SignatureCredential {
  return {
    certificates: [identity, ...intermediatesAbove(identity)].map(({ certificate }) => certificate),
    subject: identity.name,
    subjectKeyIdentifier: identity.keyIdentifier,
    privateKey: identity.privateKey,
  };
}

function faultsOf({ faults }: Behaviour, { stage }: Answer): ReadonlySet<MessageFault> {
  return new Set((faults?.stages ?? ['certificate']).includes(stage) ? faults?.list : []);
}

function spoiltBody(body: PKIBody, faults: ReadonlySet<MessageFault>): PKIBody {
  if (faults.has('wrongBodyType')) {
    if (body.type === 'ip') return { type: 'cp', value: body.value };
    if (body.type === 'cp' || body.type === 'kup') return { type: 'ip', value: body.value };
    return { type: 'genp', value: [] };
  }
  if (!faults.has('wrongCertReqId')) return body;
  const other = <T extends { readonly certReqId: number }>(entry: T): T => ({ ...entry, certReqId: 4711 });
  if (body.type === 'ip' || body.type === 'cp' || body.type === 'kup') {
    return { type: body.type, value: { ...body.value, response: body.value.response.map(other) } };
  }
  return body.type === 'pollRep' ? { type: 'pollRep', value: body.value.map(other) } : body;
}

/** The last octet belongs to the value in every kind of protection, so the message stays well-formed. */
export function withBadProtection(message: ReceivedMessage): Uint8Array {
  const protection = Uint8Array.from(message.protection ?? []);
  const last = protection.length - 1;
  protection[last] = (protection[last] ?? 0) ^ 1;
  return assembleMessage({ ...message, protection });
}
