// How one process gets a claim, or the next roster, decided: two round trips to a majority.
//
// The first thought, "ask all, and the first to be accepted by most wins", fails when two ask at once
// or one dies half-way: nobody can tell whether something was decided. So a round first makes a
// majority promise to ignore older rounds, and learns what was accepted in them. If that is a claim of
// the same or a later tick, the tick is taken: nobody may know yet whether its owner started it, and
// the one safe thing is never to start. Otherwise this claim is offered; a majority that accepts it
// has decided it.
//
// A claim belongs to one process, not to one member: who restarts cannot know whether its earlier
// process started the command, so a claim of an earlier start is as good as somebody else's.
//
// An acceptor may know a next roster that is only maybe decided. Before it is used it is decided here:
// the same two steps on its own register, adopting whatever most of the old acceptors hold.

import type { MemberId } from '../ids.ts'
import {
  compareBallots,
  majorityOf,
  type Accepted,
  type Answer,
  type Ballot,
  type Claim,
  type Question,
  type Roster,
  type Subject,
} from './register.ts'

/** A claim before it has its fence. */
export type Wish = Omit<Claim, 'fence'>

export type Goal =
  | { readonly kind: 'claim'; readonly series: string; readonly wish: Wish }
  | { readonly kind: 'roster'; readonly next: Roster }

export type Step = 'prepare' | 'accept'

interface Round {
  readonly kind: 'round'
  readonly ballot: Ballot
  readonly step: Step
  readonly yes: readonly MemberId[]
  readonly no: readonly MemberId[]
  /** Of what the promises told, what was accepted in the highest round. */
  readonly highest: Accepted<Claim | Roster> | null
  /** What is offered. */
  readonly value: Claim | Roster | null
}

type Phase = Round | { readonly kind: 'resting' } | { readonly kind: 'over' }

/** One goal on its way. Plain values: each step makes a new one. */
export interface Campaign {
  readonly goal: Goal
  readonly subject: Subject
  readonly startId: string
  /** A next roster that has to be decided before anything else. */
  readonly next: Roster | null
  readonly phase: Phase
}

export type CampaignEffect =
  | {
      readonly kind: 'ask'
      readonly to: MemberId
      readonly question: Question
    }
  /** The round is over without a result; `isUrgent`: the next one may begin at once. */
  | { readonly kind: 'rest'; readonly aboveRound: number; readonly isUrgent: boolean }
  /** Only this process may start the attempt. */
  | { readonly kind: 'won'; readonly claim: Claim }
  /** This process must never start the attempt. */
  | { readonly kind: 'taken'; readonly by: Claim }
  | { readonly kind: 'rosterDecided'; readonly roster: Roster }

export interface Progress {
  readonly campaign: Campaign
  readonly effects: readonly CampaignEffect[]
}

/** A campaign before its first round. */
export function campaignFor(goal: Goal, subject: Subject, startId: string): Campaign {
  const next = goal.kind === 'roster' ? goal.next : null
  return { goal, subject, startId, next, phase: { kind: 'resting' } }
}

/** Begins a round, whose number this process has never used before. */
export function openRound(campaign: Campaign, round: number): Progress {
  const ballot = { round, startId: campaign.startId }
  const phase: Round = {
    kind: 'round',
    ballot,
    step: 'prepare',
    yes: [],
    no: [],
    highest: null,
    value: null,
  }
  const opened = { ...campaign, phase }
  return { campaign: opened, effects: askAll(opened, prepareQuestion(opened, ballot)) }
}

/** Takes the answer of one acceptor to one step of one round; undefined: none came. */
export function hear(
  campaign: Campaign,
  from: MemberId,
  about: { readonly ballot: Ballot; readonly step: Step },
  answer: Answer | undefined,
): Progress {
  const { phase } = campaign
  const isLate =
    phase.kind !== 'round' ||
    phase.step !== about.step ||
    compareBallots(phase.ballot, about.ballot) !== 0 ||
    phase.yes.includes(from) ||
    phase.no.includes(from)
  if (isLate) return { campaign, effects: [] }
  switch (answer?.kind) {
    case undefined:
    case 'void':
      return refused(campaign, { ...phase, no: [...phase.no, from] })
    case 'refuse':
      // an echo of this very round says nothing new
      if (compareBallots(answer.promised, phase.ballot) <= 0) return { campaign, effects: [] }
      return rest(campaign, { aboveRound: answer.promised.round, isUrgent: false })
    case 'moved':
      if (campaign.next !== null) return { campaign, effects: [] }
      return rest({ ...campaign, next: answer.next }, { aboveRound: 0, isUrgent: true })
    case 'promise':
    case 'promiseRoster':
      return promised(campaign, phase, from, answer.accepted)
    case 'accepted':
      return accepted(campaign, { ...phase, yes: [...phase.yes, from] })
  }
}

const quorum = (campaign: Campaign): number => majorityOf(campaign.subject.roster.seats.length)

function refused(campaign: Campaign, round: Round): Progress {
  const left = campaign.subject.roster.seats.length - round.no.length
  if (left >= quorum(campaign)) return { campaign: { ...campaign, phase: round }, effects: [] }
  return rest(campaign, { aboveRound: 0, isUrgent: false })
}

function rest(
  campaign: Campaign,
  how: { readonly aboveRound: number; readonly isUrgent: boolean },
): Progress {
  return {
    campaign: { ...campaign, phase: { kind: 'resting' } },
    effects: [{ kind: 'rest', ...how }],
  }
}

function promised(
  campaign: Campaign,
  before: Round,
  from: MemberId,
  told: Accepted<Claim | Roster> | null,
): Progress {
  const isHigher =
    told !== null &&
    (before.highest === null || compareBallots(told.ballot, before.highest.ballot) > 0)
  const round = {
    ...before,
    yes: [...before.yes, from],
    highest: isHigher ? told : before.highest,
  }
  if (round.yes.length < quorum(campaign)) {
    return { campaign: { ...campaign, phase: round }, effects: [] }
  }
  const current = round.highest?.value ?? null
  const value =
    campaign.next === null
      ? claimOver(campaign, current as Claim | null)
      : ((current as Roster | null) ?? campaign.next)
  if (value === null) {
    return over(campaign, { kind: 'taken', by: current as Claim })
  }
  const phase: Round = { ...round, step: 'accept', yes: [], no: [], value }
  const offering = { ...campaign, phase }
  return {
    campaign: offering,
    effects: askAll(offering, acceptQuestion(offering, phase.ballot, value)),
  }
}

/** What may be offered over the claim that stands: ours, or nothing. */
function claimOver({ goal, subject }: Campaign, current: Claim | null): Claim | null {
  if (goal.kind !== 'claim') return null
  const { wish } = goal
  const base = Math.max(subject.roster.epoch * 2 ** 32, fenceOf(wish))
  if (current === null) return { ...wish, fence: base }
  if (isBefore(current, wish)) return { ...wish, fence: Math.max(current.fence + 1, base) }
  const isOurs =
    current.owner === wish.owner &&
    current.startId === wish.startId &&
    current.execution === wish.execution &&
    current.attempt === wish.attempt
  return isOurs ? current : null
}

/** A dispatch may be due at two instants, as two members received it; it is one execution all the same. */
function isBefore(a: Wish, b: Wish): boolean {
  return a.execution === b.execution ? a.attempt < b.attempt : a.dueMs < b.dueMs
}

const fencesPerInstant = 64

/** Orders ticks and attempts of one job over all its series, generations and ways of delivery. */
export function fenceOf({ dueMs, attempt }: Pick<Claim, 'dueMs' | 'attempt'>): number {
  return dueMs * fencesPerInstant + Math.min(attempt, fencesPerInstant - 1)
}

function accepted(campaign: Campaign, round: Round): Progress {
  if (round.yes.length < quorum(campaign)) {
    return { campaign: { ...campaign, phase: round }, effects: [] }
  }
  if (campaign.next === null) return over(campaign, { kind: 'won', claim: round.value as Claim })
  return rosterDecided(campaign, round.value as Roster)
}

function rosterDecided(campaign: Campaign, roster: Roster): Progress {
  const decided = { kind: 'rosterDecided', roster } as const
  const { goal } = campaign
  if (goal.kind === 'roster') return over(campaign, decided)
  const isForUs = goal.wish.dueMs >= roster.fromMs
  const subject = isForUs ? { ...campaign.subject, roster } : campaign.subject
  const rested = rest({ ...campaign, subject, next: null }, { aboveRound: 0, isUrgent: isForUs })
  return { ...rested, effects: [decided, ...rested.effects] }
}

function over(campaign: Campaign, effect: CampaignEffect): Progress {
  return { campaign: { ...campaign, phase: { kind: 'over' } }, effects: [effect] }
}

function askAll(campaign: Campaign, question: Question): readonly CampaignEffect[] {
  return campaign.subject.roster.seats.map(({ member: to }) => ({ kind: 'ask', to, question }))
}

function prepareQuestion({ goal, next, subject }: Campaign, ballot: Ballot): Question {
  if (next !== null || goal.kind === 'roster') return { ...subject, kind: 'prepareRoster', ballot }
  const { series, wish } = goal
  return { ...subject, kind: 'prepare', series, dueMs: wish.dueMs, ballot }
}

function acceptQuestion(
  { goal, next, subject }: Campaign,
  ballot: Ballot,
  value: Claim | Roster,
): Question {
  if (next !== null || goal.kind === 'roster') {
    return { ...subject, kind: 'acceptRoster', next: value as Roster, ballot }
  }
  return { ...subject, kind: 'accept', series: goal.series, claim: value as Claim, ballot }
}
