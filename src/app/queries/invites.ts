import type { Invite as InviteAnswer, Pending } from '../../adapters/http/schema.ts'
import { decodeRequest } from '../../core/trust/enrol-message.ts'
import type { Waiting } from '../../core/trust/enroller.ts'
import { inviteName, stateOf, usesLeft, type Invite } from '../../core/trust/invites.ts'
import { toInstant } from './scene.ts'

/** An invite without its secret. */
export function showInvite(invite: Invite, nowMs: number): InviteAnswer {
  const { roles, tags, allowTags, uses, confirm, createdMs, untilMs, guests } = invite
  return {
    id: inviteName(invite),
    state: stateOf(invite, nowMs),
    roles,
    tags,
    allowTags,
    uses,
    usesLeft: usesLeft(invite),
    confirm,
    createdAt: toInstant(createdMs),
    until: toInstant(untilMs),
    guests: guests.map(({ member, name, state, atMs }) => {
      return { member, name, state, at: toInstant(atMs) }
    }),
  }
}

export function showPending({ invite, guest }: Waiting): Pending {
  const { member, name, request, atMs } = guest
  const asked = decodeRequest(request)
  return {
    member,
    shortId: member.slice(-8),
    name,
    invite: inviteName(invite),
    tags: { ...(asked.ok ? asked.value.tags : {}), ...invite.tags },
    roles: invite.roles,
    at: toInstant(atMs),
  }
}
