import type { InviteState } from '../../../core/trust/invites.ts'
import type { Role } from '../../../core/trust/certificate.ts'
import { closed, flag, instant, listOf, mapOf, oneOf, text, whole } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** Who came with an invite. */
export interface Guest {
  readonly member: string
  readonly name: string
  readonly state: 'waiting' | 'refused' | 'joined'
  readonly at: Instant
}

/** An invite of the asked node, without what it takes to use it. */
export interface Invite {
  readonly id: string
  readonly state: InviteState
  readonly roles: readonly Role[]
  /** What every guest gets. */
  readonly tags: Readonly<Record<string, string>>
  /** Keys of tags that a guest may ask for; `*`: any. */
  readonly allowTags: readonly string[]
  readonly uses: number
  readonly usesLeft: number
  /** Each guest waits until somebody accepts it. */
  readonly confirm: boolean
  readonly createdAt: Instant
  readonly until: Instant
  readonly guests: readonly Guest[]
}

/** Answer of `GET /invites`, oldest first. */
export interface InviteList {
  readonly items: readonly Invite[]
}

/** A new invite. */
export interface InviteMade extends Invite {
  /** What a joiner is given; it is shown this once. */
  readonly token: string
}

/** Somebody who waits to be accepted. */
export interface Pending {
  readonly member: string
  /** The end of its id, which the joining node shows as well. */
  readonly shortId: string
  readonly name: string
  readonly invite: string
  /** The tags that it would get. */
  readonly tags: Readonly<Record<string, string>>
  readonly roles: readonly Role[]
  readonly at: Instant
}

/** Answer of `GET /pending`. */
export interface PendingList {
  readonly items: readonly Pending[]
}

const role: SchemaOf<Role> = oneOf('admin', 'author', 'executor', 'viewer')

const invite = {
  id: text,
  state: oneOf<InviteState>('open', 'used up', 'expired', 'revoked', 'forged'),
  roles: listOf(role),
  tags: mapOf(text),
  allowTags: listOf(text),
  uses: whole,
  usesLeft: whole,
  confirm: flag,
  createdAt: instant,
  until: instant,
  guests: listOf(
    closed({
      member: text,
      name: text,
      state: oneOf('waiting', 'refused', 'joined'),
      at: instant,
    }),
  ),
}

/** Schema of {@link InviteList}. */
export const inviteListSchema: SchemaOf<InviteList> = closed(
  { items: listOf(closed(invite, 'Invite')) },
  'InviteList',
)

/** Schema of {@link InviteMade}. */
export const inviteMadeSchema: SchemaOf<InviteMade> = closed(
  { ...invite, token: text },
  'InviteMade',
)

/** Schema of {@link PendingList}. */
export const pendingListSchema: SchemaOf<PendingList> = closed(
  {
    items: listOf(
      closed(
        {
          member: text,
          shortId: text,
          name: text,
          invite: text,
          tags: mapOf(text),
          roles: listOf(role),
          at: instant,
        },
        'Pending',
      ),
    ),
  },
  'PendingList',
)
