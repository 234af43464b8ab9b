// The invites of one node, and who came with them: a value that is written as a whole, durably, before
// anything that it allows is said. What an invite may still give follows from what it has given, so no
// counter can disagree with it.

import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { ok, refuse, type Result } from '../result.ts'
import { decode, encode, type Cbor } from '../wire/cbor.ts'
import { toHex } from '../wire/text-forms.ts'
import { line, readMember, readTexts } from '../wire/forms.ts'
import {
  bool,
  bytes,
  list,
  nullable,
  oneOf,
  read,
  record,
  u16,
  u53,
  u8,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import { roles, type Role } from './certificate.ts'
import { inviteIdBytes, secretBytes } from './join-token.ts'

/** Somebody who proved to hold the invite. */
export interface Guest {
  readonly member: MemberId
  readonly name: string
  /** The request as it came: the same one asked again gets the same answer. */
  readonly request: Uint8Array
  readonly state: 'waiting' | 'refused' | 'joined'
  /** Its certificate and its issuer's, once it joined; empty before. */
  readonly chain: readonly Uint8Array[]
  readonly atMs: number
}

export type Closed = 'revoked' | 'forged'

export interface Invite {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly roles: readonly Role[]
  /** What every guest gets. */
  readonly tags: Readonly<Record<string, string>>
  /** Keys of tags that a guest may ask for; `*`: any. */
  readonly allowTags: readonly string[]
  readonly uses: number
  /** Each guest waits until somebody accepts it. */
  readonly confirm: boolean
  readonly createdMs: number
  readonly untilMs: number
  /** Wrong MACs so far. */
  readonly wrong: number
  /** Why it ended before its uses and its time did; null: it did not. */
  readonly closed: Closed | null
  readonly guests: readonly Guest[]
}

export interface InviteBook {
  /** Shields the enrolment host while any invite is open; another one when it opens again. */
  readonly enrolKey: Uint8Array
  readonly invites: readonly Invite[]
}

export type InviteState = 'open' | 'used up' | 'expired' | Closed

const readGuest: Reader<Guest> = record({
  member: readMember,
  name: line(63),
  request: bytes({ max: limits.certificateBytesMax }),
  state: oneOf('waiting', 'refused', 'joined'),
  chain: list(bytes({ max: limits.certificateBytesMax }), { max: 2 }),
  atMs: u53,
})
const readInvite: Reader<Invite> = record({
  id: bytes(inviteIdBytes),
  secret: bytes(secretBytes),
  roles: list(oneOf(...roles), { max: roles.length }),
  tags: readTexts,
  allowTags: list(line(63), { max: limits.tagsMax }),
  uses: u16,
  confirm: bool,
  createdMs: u53,
  untilMs: u53,
  wrong: u8,
  closed: nullable(oneOf('revoked', 'forged')),
  guests: list(readGuest, { max: limits.inviteUsesMax + limits.inviteWaitingMax }),
})
const readBook: Reader<InviteBook> = record({
  enrolKey: bytes(16),
  invites: list(readInvite, { max: limits.invitesMax }),
})

export const encodeBook = (book: InviteBook): Uint8Array =>
  encode({ v: 1, ...book } as unknown as { readonly [key: string]: Cbor })

export function decodeBook(file: Uint8Array): ReadResult<InviteBook> {
  const decoded = decode(file, { bytesMax: limits.inviteFileBytesMax })
  return decoded.ok ? read(readBook, decoded.value) : decoded
}

/** How many certificates an invite may still give. */
export const usesLeft = ({ uses, guests }: Invite): number =>
  uses - guests.filter(({ state }) => state === 'joined').length

export function stateOf(invite: Invite, nowMs: number): InviteState {
  if (invite.closed !== null) return invite.closed
  if (usesLeft(invite) <= 0) return 'used up'
  return nowMs >= invite.untilMs ? 'expired' : 'open'
}

export const isOpen = (invite: Invite, nowMs: number): boolean => stateOf(invite, nowMs) === 'open'

/** What invites are called outside: their id in hex. */
export const inviteName = ({ id }: Pick<Invite, 'id'>): string => toHex(id)

export const findInvite = ({ invites }: InviteBook, name: string): Invite | undefined =>
  invites.find((invite) => inviteName(invite) === name)

/** The book with an invite in the place of the one with its id. */
export const withInvite = (book: InviteBook, invite: Invite): InviteBook => ({
  ...book,
  invites: book.invites.map((one) => (inviteName(one) === inviteName(invite) ? invite : one)),
})

/** Adds an invite; the oldest that has ended makes room. `enrolKey` is taken when none was open. */
export function openInvite(
  book: InviteBook,
  fresh: { readonly enrolKey: Uint8Array },
  invite: Invite,
): Result<InviteBook> {
  const nowMs = invite.createdMs
  const isAny = book.invites.some((one) => isOpen(one, nowMs))
  let kept = book.invites
  if (kept.length >= limits.invitesMax) {
    const ended = kept.find((one) => !isOpen(one, nowMs))
    if (ended === undefined) {
      const message = `${kept.length} invites are open already`
      return refuse('MC_BUSY', message, 'revoke one with `meshcron invite revoke`')
    }
    kept = kept.filter((one) => one !== ended)
  }
  const enrolKey = isAny ? book.enrolKey : fresh.enrolKey
  return ok({ enrolKey, invites: [...kept, invite] })
}

/** Ends an invite at an operator's word. */
export function revokeInvite(book: InviteBook, name: string): Result<InviteBook> {
  const invite = findInvite(book, name)
  if (invite === undefined) return unknownInvite(name)
  return ok(withInvite(book, { ...invite, closed: invite.closed ?? 'revoked' }))
}

export const unknownInvite = (name: string): Result<never> =>
  refuse(
    'MC_UNKNOWN_INVITE',
    `no invite ${JSON.stringify(name)} is known on this node`,
    'list them with `meshcron invite ls`; an invite is known only where it was made',
  )
