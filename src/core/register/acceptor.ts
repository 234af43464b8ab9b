// One voice of the durable register that decides who starts an at-most-once attempt.
//
// Any two majorities of a roster have a member in common, so what a majority remembers cannot be
// decided twice; that holds only while nobody forgets. Hence an acceptor writes down before it
// answers, and a member whose store was replaced has lost its seat. A promise makes late messages of
// older rounds harmless. An answer about a round is given from what is remembered alone, so it may be
// given again, late or out of order.
//
// A change of the roster is a register of its own on the old acceptors. Whoever accepted the next
// roster takes no more claims of its ticks, and whoever accepted such a claim refuses the roster:
// of the two at most one can have a majority, so no tick is decided under both.

import { limits } from '../limits.ts'
import { compareText } from '../order.ts'
import {
  compareBallots,
  nobody,
  type Ballot,
  type Answer,
  type Cell,
  type Claim,
  type Question,
  type Roster,
  type Seat,
} from './register.ts'

/** What one acceptor remembers of one roster of one job: claims by series, and the next roster. */
export interface Held {
  readonly claims: ReadonlyMap<string, Cell<Claim>>
  readonly next: Cell<Roster> | null
}

export const nothingHeld: Held = { claims: new Map(), next: null }

/** What the acceptor knows beside the register. */
export interface Facts {
  readonly seat: Seat
  readonly nowMs: number
  /** Why this job takes no claims here: deleted, superseded, not known. */
  readonly objection: string | undefined
}

/** Carried out in this order; an answer never leaves before what it says is on the disk. */
export type AcceptorEffect =
  | { readonly kind: 'persist'; readonly durability: 'full' | 'normal'; readonly change: Change }
  | { readonly kind: 'answer'; readonly answer: Answer }

/** The new content of one cell; `series` null is the register of the next roster. */
export type Change =
  | { readonly series: string; readonly cell: Cell<Claim> }
  | { readonly series: null; readonly cell: Cell<Roster> }

/** What is held after a change. */
export function changed(held: Held, change: Change): Held {
  if (change.series === null) return { ...held, next: change.cell }
  return { ...held, claims: new Map(held.claims).set(change.series, change.cell) }
}

/** Answers one question, after writing down what the answer binds it to. */
export function answerTo(held: Held, question: Question, facts: Facts): readonly AcceptorEffect[] {
  const reason = objectionTo(held, question, facts)
  if (reason !== undefined) return [tell({ kind: 'void', reason })]
  switch (question.kind) {
    case 'prepare':
    case 'accept':
      return onClaim(held, question)
    case 'prepareRoster':
    case 'acceptRoster':
      return onRoster(held, question)
  }
}

function objectionTo(held: Held, question: Question, facts: Facts): string | undefined {
  const { seat, nowMs, objection } = facts
  if (objection !== undefined) return objection
  const isSeated = question.roster.seats.some(
    ({ member, storeEpoch }) => member === seat.member && storeEpoch === seat.storeEpoch,
  )
  if (!isSeated) return 'this store has no seat in the roster'
  if (question.kind === 'prepareRoster') return undefined
  if (question.kind === 'acceptRoster') return objectionToNext(held, question.roster, question.next)
  const dueMs = question.kind === 'prepare' ? question.dueMs : question.claim.dueMs
  if (dueMs > nowMs + limits.claimAheadMs) return 'too early by the clock here'
  if (dueMs < question.roster.fromMs) return 'due before this roster begins'
  return undefined
}

/** A roster that claims have overtaken would decide their ticks anew. */
function objectionToNext(held: Held, roster: Roster, next: Roster): string | undefined {
  if (next.epoch !== roster.epoch + 1 || next.fromMs < roster.fromMs) return 'not the next roster'
  for (const { accepted } of held.claims.values()) {
    if (accepted !== null && accepted.value.dueMs >= next.fromMs) {
      return 'a tick of the next roster is claimed already'
    }
  }
  return undefined
}

function onClaim(
  held: Held,
  question: Extract<Question, { kind: 'prepare' | 'accept' }>,
): readonly AcceptorEffect[] {
  const { series, ballot } = question
  const dueMs = question.kind === 'prepare' ? question.dueMs : question.claim.dueMs
  const next = held.next?.accepted?.value
  if (next !== undefined && dueMs >= next.fromMs) return [tell({ kind: 'moved', next })]
  const cell = held.claims.get(series)
  if (question.kind === 'prepare') {
    const { refusal, accepted } = promise(cell, ballot)
    if (refusal !== undefined) return [tell(refusal)]
    const change = { series, cell: { promised: ballot, accepted } }
    return [persist(change), tell({ kind: 'promise', accepted })]
  }
  const refusal = refusalOfLower(cell, ballot)
  if (refusal !== undefined) return [tell(refusal)]
  const accepted = { ballot, value: question.claim }
  return [persist({ series, cell: { promised: ballot, accepted } }), tell({ kind: 'accepted' })]
}

function onRoster(
  held: Held,
  question: Extract<Question, { kind: 'prepareRoster' | 'acceptRoster' }>,
): readonly AcceptorEffect[] {
  const { ballot } = question
  const cell = held.next ?? undefined
  if (question.kind === 'prepareRoster') {
    const { refusal, accepted } = promise(cell, ballot)
    if (refusal !== undefined) return [tell(refusal)]
    const change = { series: null, cell: { promised: ballot, accepted } }
    return [persist(change), tell({ kind: 'promiseRoster', accepted })]
  }
  const refusal = refusalOfLower(cell, ballot)
  if (refusal !== undefined) return [tell(refusal)]
  const accepted = { ballot, value: question.next }
  const change = { series: null, cell: { promised: ballot, accepted } }
  return [persist(change), tell({ kind: 'accepted' })]
}

function promise<V>(
  cell: Cell<V> | undefined,
  ballot: Ballot,
): { readonly refusal: Answer | undefined; readonly accepted: Cell<V>['accepted'] } {
  const promised = cell?.promised ?? nobody
  const isHigher = compareBallots(ballot, promised) > 0
  return {
    refusal: isHigher ? undefined : { kind: 'refuse', promised },
    accepted: cell?.accepted ?? null,
  }
}

function refusalOfLower<V>(cell: Cell<V> | undefined, ballot: Ballot): Answer | undefined {
  const promised = cell?.promised ?? nobody
  return compareBallots(ballot, promised) < 0 ? { kind: 'refuse', promised } : undefined
}

const persist = (change: Change): AcceptorEffect => ({
  kind: 'persist',
  durability: 'full',
  change,
})

const tell = (answer: Answer): AcceptorEffect => ({ kind: 'answer', answer })

/** Whether two rosters are the same one. */
export function isSameRoster(a: Roster, b: Roster): boolean {
  if (a.epoch !== b.epoch || a.fromMs !== b.fromMs || a.seats.length !== b.seats.length)
    return false
  return a.seats.every(({ member, storeEpoch }, i) => {
    const other = b.seats[i]!
    return compareText(member, other.member) === 0 && storeEpoch === other.storeEpoch
  })
}
