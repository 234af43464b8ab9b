// Both sides of an enrolment without a network, with real keys and certificates.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { publicKeyOf } from '../../../src/adapters/crypto/crypto.ts'
import type { MemberId } from '../../../src/core/ids.ts'
import { ok, type Result } from '../../../src/core/result.ts'
import type { Chain } from '../../../src/core/trust/certificate.ts'
import { encodeOffer, type JoinRequest } from '../../../src/core/trust/enrol-message.ts'
import {
  decideWaiting,
  judgeApplication,
  type EnrollerComponents,
  type Grant,
  type Verdict,
} from '../../../src/core/trust/enroller.ts'
import {
  decodeBook,
  encodeBook,
  openInvite,
  type Invite,
  type InviteBook,
} from '../../../src/core/trust/invites.ts'
import type { JoinToken } from '../../../src/core/trust/join-token.ts'
import { Joiner, type Outcome } from '../../../src/core/trust/joiner.ts'
import { anchor, certify, clusterKey, issuedMs, signer, type Signer } from './certificates.ts'

export const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
export const admin: Signer = signer('admin')
export const adminCertificate: Uint8Array = certify(clusterKey, admin, { roles: ['admin'] })
const byAdmin = { peerId: admin.peerId, serial: { ms: issuedMs, counter: 0 } }
export const cluster: Uint8Array = new Uint8Array(Buffer.from(anchor.clusterId, 'hex'))
export const networkKey: Uint8Array = filled(32, 0x4e)
export const secret: Uint8Array = new Uint8Array(createHash('md5').update('secret').digest())
export const encryptionKey: Uint8Array = filled(32, 3)
export const emptyBook: InviteBook = { enrolKey: filled(16, 0), invites: [] }

export const inviteOf = (fields: Partial<Invite> = {}): Invite => ({
  id: filled(8, 1),
  secret,
  roles: ['executor', 'viewer'],
  tags: {},
  allowTags: [],
  uses: 1,
  confirm: false,
  createdMs: 1_000_000,
  untilMs: 4_600_000,
  wrong: 0,
  closed: null,
  guests: [],
  ...fields,
})

const tokenOf = (fields: Partial<JoinToken>): JoinToken => ({
  cluster,
  enroller: publicKeyOf(admin.peerId)!,
  invite: filled(8, 1),
  secret,
  enrolKey: filled(16, 9),
  addresses: [filled(8, 4)],
  ...fields,
})

/** An enroller; its memory is its disk, so that it crashes whenever a book is not set. */
export class Desk {
  disk: Uint8Array
  readonly issued: Grant[] = []
  readonly alarms: string[] = []
  nowMs = 1_000_000
  /** What it shows as its own. */
  certificate: Uint8Array = adminCertificate
  #nonce = 0
  readonly #components: EnrollerComponents = {
    crypto: admin.crypto,
    issue: (grant): Result<Chain> => {
      this.issued.push(grant)
      const { member: peerId, roles, tags } = grant
      const key = grant.encryptionKey
      const fields = { peerId, encryptionKey: key, roles, tags, issuer: byAdmin } as const
      return ok([certify(admin, admin, fields), adminCertificate])
    },
    welcome: () => ({ networkKey, peers: [`/ip4/10.0.0.1/tcp/7171/p2p/${admin.peerId}`] }),
  }

  constructor(invite: Partial<Invite> = {}) {
    const book = openInvite(emptyBook, { enrolKey: filled(16, 9) }, inviteOf(invite))
    assert.ok(book.ok)
    this.disk = encodeBook(book.value)
  }

  get book(): InviteBook {
    const book = decodeBook(this.disk)
    assert.ok(book.ok, JSON.stringify(book))
    return book.value
  }

  get invite(): Invite {
    return this.book.invites[0]!
  }

  set(book: InviteBook): void {
    this.disk = encodeBook(book)
  }

  offer(): { readonly frame: Uint8Array; readonly nonce: Uint8Array } {
    const nonce = filled(16, ++this.#nonce)
    const { certificate } = this
    return {
      nonce,
      frame: encodeOffer({ v: 1, ...anchor, certificate, nonce }),
    }
  }

  judge(frame: Uint8Array, joiner: MemberId, enrollerNonce: Uint8Array): Verdict {
    const dialog = { cluster, enroller: admin.peerId, joiner, enrollerNonce }
    return judgeApplication(this.#components, this.book, frame, dialog, this.nowMs)
  }

  /** What is said to the joiner, after it is durable. */
  hear(frame: Uint8Array, joiner: MemberId, enrollerNonce: Uint8Array): Uint8Array {
    const verdict = this.judge(frame, joiner, enrollerNonce)
    this.set(verdict.book)
    if (verdict.alarm !== undefined) this.alarms.push(verdict.alarm)
    return verdict.answer
  }

  decide(who: string, isAccepted: boolean): void {
    const decided = decideWaiting(this.#components, this.book, who, isAccepted, this.nowMs)
    assert.ok(decided.ok, JSON.stringify(decided))
    this.set(decided.value.book)
  }
}

/** How a joiner differs from one that holds the right token. */
export interface Guesting {
  readonly token?: Partial<JoinToken>
  readonly tags?: Readonly<Record<string, string>>
  readonly enroller?: MemberId
}

export function joinerOf(
  member: MemberId,
  { token = {}, tags = {}, enroller = admin.peerId }: Guesting = {},
): Joiner {
  const request: JoinRequest = { member, name: 'field', encryptionKey, tags }
  return new Joiner(
    { crypto: signer('any').crypto, publicKeyOf },
    { token: tokenOf(token), enroller, request, nonce: filled(16, 0x6a) },
  )
}

/** A whole dialog. */
export function dial(desk: Desk, member: MemberId, how: Guesting = {}): Result<Outcome> {
  const joiner = joinerOf(member, how)
  const { frame, nonce } = desk.offer()
  const application = joiner.onOffer(frame)
  return application.ok ? joiner.onAnswer(desk.hear(application.value, member, nonce)) : application
}
