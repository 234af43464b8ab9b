// The side of an enrolment that asks. It says nothing before the other side has shown to be the node
// and of the cluster that the token names, and keeps nothing that the cluster key does not vouch for.

import type { MemberId } from '../ids.ts'
import { ok, refuse, type Result } from '../result.ts'
import { clusterIdOf, verifyCertificate, type Anchor, type Chain } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import type { Crypto } from './crypto.ts'
import {
  decodeAnswer,
  decodeOffer,
  decodeWelcome,
  dialogMac,
  encodeApplication,
  encodeRequest,
  enrolVersion,
  type Dialog,
  type JoinRequest,
  type Offer,
  type Welcome,
} from './enrol-message.ts'
import { toHex } from '../wire/text-forms.ts'
import type { JoinToken } from './join-token.ts'
import { areSame } from './mac.ts'

export interface JoinerComponents {
  readonly crypto: Pick<Crypto, 'sha256' | 'verify'>
  /** The raw key inside a member's id; undefined when it holds none. */
  readonly publicKeyOf: (member: MemberId) => Uint8Array | undefined
}

export interface JoinerInit {
  readonly token: JoinToken
  /** The id of the token's key. */
  readonly enroller: MemberId
  readonly request: JoinRequest
  readonly nonce: Uint8Array
}

/** What a node has after it joined. */
export interface Joined extends Welcome {
  readonly anchor: Anchor
}

export type Outcome =
  | { readonly kind: 'joined'; readonly joined: Joined }
  | { readonly kind: 'wait' }

/** One dialog: an offer, then an answer. */
export class Joiner {
  readonly #components: JoinerComponents
  readonly #init: JoinerInit
  #offer: Offer | undefined

  constructor(components: JoinerComponents, init: JoinerInit) {
    this.#components = components
    this.#init = init
  }

  /** The application, when the offer is of the node and the cluster that the token names. */
  onOffer(frame: Uint8Array): Result<Uint8Array> {
    const { crypto, publicKeyOf } = this.#components
    const { token, enroller, request, nonce } = this.#init
    const decoded = decodeOffer(frame)
    if (!decoded.ok) return notTrusted(`its offer is malformed: ${decoded.reason}`)
    const offer = decoded.value
    if (offer.v !== enrolVersion) return notTrusted(`it enrols by version ${offer.v}`)
    const key = publicKeyOf(offer.clusterKey)
    if (key === undefined || clusterIdOf(crypto.sha256, key) !== toHex(token.cluster)) {
      return notTrusted('it is of another cluster than the token')
    }
    const own = this.#verify([offer.certificate], offer)
    if (!own.ok) return own
    if (own.value.peerId !== enroller) return notTrusted('its certificate is another member’s')
    if (!own.value.roles.includes('admin')) return notTrusted('it is no admin of the cluster')
    this.#offer = offer
    const encoded = encodeRequest(request)
    const mac = dialogMac(crypto, token.secret, 'apply', this.#dialog(offer), encoded)
    return ok(
      encodeApplication({ v: enrolVersion, invite: token.invite, request: encoded, nonce, mac }),
    )
  }

  onAnswer(frame: Uint8Array): Result<Outcome> {
    const offer = this.#offer
    if (offer === undefined) return notTrusted('it answers before it was asked')
    const answer = decodeAnswer(frame)
    if (!answer.ok) return notTrusted(`its answer is malformed: ${answer.reason}`)
    if (answer.value.kind === 'wait') return ok({ kind: 'wait' })
    if (answer.value.kind === 'no') {
      const message = `the cluster does not take this node: ${answer.value.reason}`
      return refuse('MC_NOT_INVITED', message, 'ask for another token: `meshcron invite`')
    }
    const { body, mac } = answer.value
    const { secret } = this.#init.token
    const expected = dialogMac(
      this.#components.crypto,
      secret,
      'welcome',
      this.#dialog(offer),
      body,
    )
    if (!areSame(mac, expected)) return notTrusted('its welcome is not proved')
    const welcome = decodeWelcome(body)
    if (!welcome.ok) return notTrusted(`its welcome is malformed: ${welcome.reason}`)
    const own = this.#verify(welcome.value.chain, offer)
    if (!own.ok) return own
    const { member, encryptionKey } = this.#init.request
    if (own.value.peerId !== member || !areSame(own.value.encryptionKey, encryptionKey)) {
      return notTrusted('it has certified other keys than ours')
    }
    return ok({ kind: 'joined', joined: { ...welcome.value, anchor: anchorOf(offer) } })
  }

  /** Without an instant: the clock of a new node may stand at 1970. */
  #verify(chain: Chain, offer: Offer): Result<Certificate> {
    const { crypto } = this.#components
    const verified = verifyCertificate(chain, {
      crypto,
      anchor: anchorOf(offer),
      nowMs: undefined,
    })
    return verified.ok
      ? ok(verified.value.certificate)
      : notTrusted(`a certificate of it does not count: ${verified.reason}`)
  }

  #dialog(offer: Offer): Dialog {
    const { token, enroller, request, nonce } = this.#init
    return {
      cluster: token.cluster,
      enroller,
      joiner: request.member,
      enrollerNonce: offer.nonce,
      joinerNonce: nonce,
    }
  }
}

// a cluster from before certificates kept its id, which is no hash of its key
const anchorOf = ({ clusterId, clusterKey }: Offer): Anchor => ({ clusterId, clusterKey })

const notTrusted = (why: string): Result<never> =>
  refuse(
    'MC_NOT_INVITED',
    `the node at the token's address cannot enrol this one: ${why}`,
    'compare the token with the one that was made, or ask for another: `meshcron invite`',
  )
