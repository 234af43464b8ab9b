// The side of an enrolment that gives. Every decision is a function of the book of invites; it answers
// with the next book, which must be durable before the answer leaves: a crash between the two can lose
// a certificate, and never lets an invite give one more than it has uses.

import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { ok, refuse, type Result } from '../result.ts'
import type { Chain, Role } from './certificate.ts'
import type { Crypto } from './crypto.ts'
import {
  decodeApplication,
  decodeRequest,
  dialogMac,
  encodeAnswer,
  encodeWelcome,
  enrolVersion,
  type Answer,
  type Application,
  type Dialog,
  type JoinRequest,
  type Welcome,
} from './enrol-message.ts'
import {
  inviteName,
  stateOf,
  withInvite,
  type Guest,
  type Invite,
  type InviteBook,
} from './invites.ts'
import { areSame } from './mac.ts'

/** What a certificate is to say. */
export interface Grant {
  readonly member: MemberId
  readonly encryptionKey: Uint8Array
  readonly roles: readonly Role[]
  readonly tags: Readonly<Record<string, string>>
}

export interface EnrollerComponents {
  readonly crypto: Pick<Crypto, 'sha256'>
  /** Signs a certificate, and adds that of the issuer. */
  readonly issue: (grant: Grant) => Result<Chain>
  /** What a new member gets beside its certificate. */
  readonly welcome: () => Omit<Welcome, 'chain'>
}

/** What came of an application. */
export interface Verdict {
  /** To be durable before the answer leaves; the book itself where nothing changed. */
  readonly book: InviteBook
  /** Encoded. */
  readonly answer: Uint8Array
  /** Who has joined with it, for the log. */
  readonly joined?: Guest
  /** Something that an operator should hear. */
  readonly alarm?: string
}

interface Step {
  readonly book: InviteBook
  readonly answer: { readonly chain: Chain } | Exclude<Answer, { kind: 'welcome' }>
  readonly joined?: Guest
  readonly alarm?: string
}

/** Answers an application; `dialog` lacks the joiner's nonce, which the application holds. */
export function judgeApplication(
  components: EnrollerComponents,
  book: InviteBook,
  frame: Uint8Array,
  dialog: Omit<Dialog, 'joinerNonce'>,
  nowMs: number,
): Verdict {
  const application = decodeApplication(frame)
  if (!application.ok) return { book, answer: encodeAnswer(no(`malformed: ${application.reason}`)) }
  const { invite: id, nonce } = application.value
  const name = inviteName({ id })
  const invite = book.invites.find((one) => inviteName(one) === name)
  if (invite === undefined) return { book, answer: encodeAnswer(no('the invite is not known')) }
  const whole = { ...dialog, joinerNonce: nonce }
  const { answer, ...step } = judge(components, book, invite, application.value, whole, nowMs)
  if ('kind' in answer) return { ...step, answer: encodeAnswer(answer) }
  const body = encodeWelcome({ ...components.welcome(), ...answer })
  const mac = dialogMac(components.crypto, invite.secret, 'welcome', whole, body)
  return { ...step, answer: encodeAnswer({ kind: 'welcome', body, mac }) }
}

function judge(
  components: EnrollerComponents,
  book: InviteBook,
  invite: Invite,
  application: Application,
  dialog: Dialog,
  nowMs: number,
): Step {
  const refused = (reason: string): Step => ({ book, answer: no(reason) })
  if (application.v !== enrolVersion) return refused(`this node enrols by version ${enrolVersion}`)
  const state = stateOf(invite, nowMs)
  if (state !== 'open' && state !== 'used up') return refused(closedText[state])
  const mac = dialogMac(components.crypto, invite.secret, 'apply', dialog, application.request)
  if (!areSame(mac, application.mac)) return wrongMac(book, invite)
  const request = decodeRequest(application.request)
  if (!request.ok) return refused(`malformed request: ${request.reason}`)
  if (request.value.member !== dialog.joiner) return refused('the request is for another member')
  const known = invite.guests.find((guest) => areSame(guest.request, application.request))
  if (known?.state === 'joined') return { book, answer: { chain: known.chain } }
  if (known?.state === 'waiting') return { book, answer: { kind: 'wait' } }
  if (known !== undefined) return refused('an admin refused it')
  if (state === 'used up') return refused(closedText[state])
  const tags = grantedTags(invite, request.value.tags)
  if (!tags.ok) return refused(tags.refusal.message)
  return invite.confirm
    ? toWait(book, invite, application.request, request.value, nowMs)
    : admit(components, book, invite, newGuest(application.request, request.value, nowMs))
}

const no = (reason: string): { readonly kind: 'no'; readonly reason: string } => ({
  kind: 'no',
  reason,
})

const closedText = {
  'used up': 'the invite is used up',
  expired: 'the invite has expired',
  revoked: 'the invite was revoked',
  forged: `the invite was closed after ${limits.wrongMacsMax} wrong proofs`,
} as const

function wrongMac(book: InviteBook, invite: Invite): Step {
  const wrong = invite.wrong + 1
  const isLast = wrong >= limits.wrongMacsMax
  const next = withInvite(book, { ...invite, wrong, closed: isLast ? 'forged' : null })
  const answer = no('the proof does not fit the invite')
  const alarm = `invite ${inviteName(invite)} is closed: ${wrong} wrong proofs`
  return { book: next, answer, ...(isLast && { alarm }) }
}

/** The tags of the invite and those asked for, when the invite lets a guest ask for them. */
function grantedTags(
  invite: Invite,
  asked: Readonly<Record<string, string>>,
): Result<Readonly<Record<string, string>>> {
  const { tags, allowTags } = invite
  for (const [key, value] of Object.entries(asked)) {
    if (Object.hasOwn(tags, key)) {
      if (tags[key] === value) continue
      return notGranted(`the invite says ${key}=${tags[key]}, not ${value}`)
    }
    if (!allowTags.includes(key) && !allowTags.includes('*')) {
      return notGranted(`the invite does not open the tag ${key}`)
    }
  }
  const granted = { ...asked, ...tags }
  if (Object.keys(granted).length > limits.tagsMax) return notGranted('too many tags')
  return ok(granted)
}

const notGranted = (message: string): Result<never> =>
  refuse('MC_NOT_INVITED', message, 'ask for an invite with --allow-tag')

const newGuest = (request: Uint8Array, { member, name }: JoinRequest, atMs: number): Guest => ({
  member,
  name,
  request,
  state: 'waiting',
  chain: [],
  atMs,
})

function toWait(
  book: InviteBook,
  invite: Invite,
  request: Uint8Array,
  asked: JoinRequest,
  nowMs: number,
): Step {
  // who asks anew for something else no longer wants what it asked for before
  const others = invite.guests.filter(
    ({ member, state }) => state !== 'waiting' || member !== asked.member,
  )
  if (others.filter(({ state }) => state !== 'joined').length >= limits.inviteWaitingMax) {
    return { book, answer: no('too many wait to be accepted') }
  }
  const guests = [...others, newGuest(request, asked, nowMs)]
  return { book: withInvite(book, { ...invite, guests }), answer: { kind: 'wait' } }
}

function admit(
  { issue }: Pick<EnrollerComponents, 'issue'>,
  book: InviteBook,
  invite: Invite,
  guest: Guest,
): Step {
  const request = decodeRequest(guest.request)
  const tags = request.ok ? grantedTags(invite, request.value.tags) : undefined
  if (!request.ok || tags?.ok !== true) return { book, answer: no('the request cannot be granted') }
  const { member, encryptionKey } = request.value
  const issued = issue({ member, encryptionKey, roles: invite.roles, tags: tags.value })
  if (!issued.ok) return { book, answer: no(issued.refusal.message.slice(0, 255)) }
  const chain = issued.value
  const joined: Guest = { ...guest, state: 'joined', chain }
  const guests = [...invite.guests.filter((one) => one !== guest), joined]
  return { book: withInvite(book, { ...invite, guests }), answer: { chain }, joined }
}

/** Someone who waits, with the invite that it came with. */
export interface Waiting {
  readonly invite: Invite
  readonly guest: Guest
}

export const waitingIn = ({ invites }: InviteBook, nowMs: number): readonly Waiting[] =>
  invites
    .filter((invite) => stateOf(invite, nowMs) === 'open')
    .flatMap((invite) =>
      invite.guests.flatMap((guest) => (guest.state === 'waiting' ? [{ invite, guest }] : [])),
    )

/** Accepts or refuses a guest that waits; `who` is its id or the end of it. */
export function decideWaiting(
  components: Pick<EnrollerComponents, 'issue'>,
  book: InviteBook,
  who: string,
  isAccepted: boolean,
  nowMs: number,
): Result<Pick<Verdict, 'book'> & { readonly guest: Guest }> {
  const found = waitingIn(book, nowMs).filter(
    ({ guest }) => guest.member === who || (who.length >= 4 && guest.member.endsWith(who)),
  )
  const [one] = found
  if (one === undefined || found.length > 1) {
    const message = `${found.length === 0 ? 'nobody' : 'more than one'} waits under ${JSON.stringify(who)}`
    return refuse('MC_UNKNOWN_MEMBER', message, 'list who waits with `meshcron pending ls`')
  }
  const { invite, guest } = one
  if (!isAccepted) {
    const guests = invite.guests.map((other): Guest =>
      other === guest ? { ...guest, state: 'refused' } : other,
    )
    return ok({ book: withInvite(book, { ...invite, guests }), guest })
  }
  const step = admit(components, book, invite, guest)
  if (step.joined !== undefined) return ok({ book: step.book, guest: step.joined })
  const why = 'reason' in step.answer ? step.answer.reason : ''
  return refuse('MC_NOT_INVITED', why, 'make another invite')
}
