// The words of the register: who votes, on what, and in which round.

import type { ExecutionId, JobName, MemberId } from '../ids.ts'

/** One voice: a member with the store in which it remembers what it said. Another store is another voice. */
export interface Seat {
  readonly member: MemberId
  readonly storeEpoch: string
}

/** Who votes on claims of ticks due at `fromMs` or later, until a roster of the next epoch takes over. */
export interface Roster {
  readonly epoch: number
  readonly fromMs: number
  readonly seats: readonly Seat[]
}

/** Numbers a round; the process is part of it, so two proposers never share one. */
export interface Ballot {
  readonly round: number
  readonly startId: string
}

/** That this process, and nobody else ever, may start this attempt. */
export interface Claim {
  readonly execution: ExecutionId
  readonly dueMs: number
  readonly attempt: number
  readonly owner: MemberId
  readonly startId: string
  readonly fence: number
}

/** What was accepted last, and in which round. */
export interface Accepted<V> {
  readonly ballot: Ballot
  readonly value: V
}

/** What one acceptor remembers of one register. */
export interface Cell<V> {
  readonly promised: Ballot
  readonly accepted: Accepted<V> | null
}

/** Which job is voted on; a dispatch has a register of its own, named by its execution. */
export interface Subject {
  readonly job: JobName
  readonly generation: number
  readonly roster: Roster
}

export type Question = Subject &
  (
    | {
        readonly kind: 'prepare'
        readonly series: string
        readonly dueMs: number
        readonly ballot: Ballot
      }
    | {
        readonly kind: 'accept'
        readonly series: string
        readonly claim: Claim
        readonly ballot: Ballot
      }
    | { readonly kind: 'prepareRoster'; readonly ballot: Ballot }
    | { readonly kind: 'acceptRoster'; readonly next: Roster; readonly ballot: Ballot }
  )

export type Answer =
  /** Nothing of a lower round will be accepted here any more. */
  | { readonly kind: 'promise'; readonly accepted: Accepted<Claim> | null }
  | { readonly kind: 'promiseRoster'; readonly accepted: Accepted<Roster> | null }
  | { readonly kind: 'accepted' }
  /** A higher round was promised to somebody. */
  | { readonly kind: 'refuse'; readonly promised: Ballot }
  /** Another roster may have taken over for this tick. */
  | { readonly kind: 'moved'; readonly next: Roster }
  /** This acceptor does not vote on it. */
  | { readonly kind: 'void'; readonly reason: string }

/** Series of a job's ticks and their retries. */
export const tickSeries = 'ticks'

export const nobody: Ballot = { round: 0, startId: '' }

/** Negative when `a` is lower. */
export function compareBallots(a: Ballot, b: Ballot): number {
  if (a.round !== b.round) return a.round - b.round
  if (a.startId === b.startId) return 0
  return a.startId < b.startId ? -1 : 1
}

/** The roster that a generation begins with. */
export const rosterOf = (life: {
  readonly seats: readonly Seat[]
  readonly fromMs: number
}): Roster => ({ epoch: 1, fromMs: life.fromMs, seats: life.seats })

/** The smallest number of voices of which any two have one in common. */
export const majorityOf = (seats: number): number => Math.floor(seats / 2) + 1
