// Attempts that this node wants to start and may start only when a majority of its job's roster says
// so: their rounds, the waits between them, and what came of them.

import type { AttemptId, MemberId } from '../ids.ts'
import { isDispatch } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import { limits, type Timers } from '../limits.ts'
import type { Why } from '../execution/record.ts'
import type { Watch } from '../execution/takeover.ts'
import type { Turn } from '../turn.ts'
import type { Ballots } from './ballots.ts'
import { decodeAnswer, encodeQuestion } from './message.ts'
import {
  campaignFor,
  hear,
  openRound,
  type Campaign,
  type Progress,
  type Step,
} from './proposer.ts'
import {
  rosterOf,
  tickSeries,
  type Answer,
  type Ballot,
  type Claim,
  type Question,
  type Roster,
} from './register.ts'

/** As what this node would start it. */
export interface Role {
  readonly rank: number
  readonly why: Why
}

export interface ClaimsWorld {
  readonly self: MemberId
  hasLink(member: MemberId): boolean
  /** Whether the attempt is still waited for. */
  isWanted(attempt: AttemptId): boolean
  /** Nobody else may start it; starts it if that is still wanted. */
  won(watch: Watch, claim: Claim, role: Role): void
  nextRequest(): number
  randomBelow(n: number): number
}

interface Entry {
  readonly watch: Watch
  readonly role: Role
  campaign: Campaign
  rounds: number
  /** When the next round begins, monotonic; Infinity while one is open and after the last. */
  restsUntilMs: number
  takenBy: Claim | undefined
}

interface Asked {
  readonly entry: Entry
  readonly to: MemberId
  readonly ballot: Ballot
  readonly step: Step
}

const restMs = { first: 50, doublings: 6 }
const notesMax = 40

export class Claims {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #ballots: Ballots
  readonly #startId: string
  readonly #world: ClaimsWorld
  readonly #entries = new Map<AttemptId, Entry>()
  readonly #asked = new Map<number, Asked>()
  /** Rosters that took over, by job and generation, newest last. */
  readonly #rosters = new Map<string, readonly Roster[]>()
  #round = 0

  constructor(
    components: { turn: Turn; timers: Timers; ballots: Ballots; world: ClaimsWorld },
    init: { readonly startId: string },
  ) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#ballots = components.ballots
    this.#world = components.world
    this.#startId = init.startId
  }

  /** Goes for an attempt, unless that is under way. */
  seek(watch: Watch, job: Job, role: Role): void {
    const isKnown = this.#entries.get(watch.attempt)?.watch === watch
    if (isKnown || this.#entries.size >= limits.campaignsMax) return
    const entry: Entry = {
      watch,
      role,
      campaign: this.#campaign(watch, job),
      rounds: 0,
      restsUntilMs: Infinity,
      takenBy: undefined,
    }
    this.#entries.set(watch.attempt, entry)
    this.#open(entry, 0)
  }

  #campaign(watch: Watch, job: Job): Campaign {
    const { execution, dueMs, number: attempt } = watch
    const known = this.#rosters.get(keyOf(job.name, job.generation)) ?? []
    const roster = known.findLast(({ fromMs }) => fromMs <= dueMs) ?? rosterOf(job.groups.life)
    const wish = { execution, dueMs, attempt, owner: this.#world.self, startId: this.#startId }
    const series = isDispatch(execution) ? execution : tickSeries
    const subject = { job: job.name, generation: job.generation, roster }
    return campaignFor({ kind: 'claim', series, wish }, subject, this.#startId)
  }

  /** Whose claim stands in the way of an attempt that was sought here. */
  takenBy(attempt: AttemptId): Claim | undefined {
    return this.#entries.get(attempt)?.takenBy
  }

  /** Whether an attempt was sought here. */
  isSought(attempt: AttemptId): boolean {
    return this.#entries.has(attempt)
  }

  #open(entry: Entry, aboveRound: number): void {
    // one count for all registers: a process that used a round twice could be promised two things in it
    this.#round = Math.max(this.#round, aboveRound) + 1
    entry.rounds += 1
    entry.restsUntilMs = Infinity
    this.#note(entry, `round ${this.#round}: asks the roster`)
    this.#take(entry, openRound(entry.campaign, this.#round))
  }

  #take(entry: Entry, { campaign, effects }: Progress): void {
    entry.campaign = campaign
    const { phase } = campaign
    const asks = effects.filter((effect) => effect.kind === 'ask')
    if (phase.kind === 'round') {
      const { ballot, step } = phase
      // our own voice last: it answers at once, and may be the one that decides
      const isOwn = ({ to }: { to: MemberId }): boolean => to === this.#world.self
      for (const { to, question } of [...asks.filter((a) => !isOwn(a)), ...asks.filter(isOwn)]) {
        this.#ask({ entry, to, ballot, step }, question)
      }
    }
    for (const effect of effects) {
      if (effect.kind === 'rest') this.#rest(entry, effect)
      if (effect.kind === 'taken') this.#taken(entry, effect.by)
      if (effect.kind === 'rosterDecided') this.#learn(entry, effect.roster)
      if (effect.kind === 'won') this.#won(entry, effect.claim)
    }
  }

  #ask(asked: Asked, question: Question): void {
    const { to } = asked
    if (to === this.#world.self) {
      this.#hear(asked, this.#ballots.answer(question))
      return
    }
    if (!this.#world.hasLink(to)) {
      this.#hear(asked, undefined)
      return
    }
    const id = this.#world.nextRequest()
    this.#asked.set(id, asked)
    this.#turn.emit({
      kind: 'request',
      id,
      to,
      protocol: 'register',
      bytes: encodeQuestion(question),
      timeoutMs: this.#timers.probeMs,
    })
  }

  /** The answer to one of our questions; false when it was not one of ours. */
  onResponse(id: number, bytes: Uint8Array | undefined): boolean {
    const asked = this.#asked.get(id)
    if (asked === undefined) return false
    this.#asked.delete(id)
    const answer = bytes === undefined ? undefined : decodeAnswer(bytes)
    if (answer?.ok === false) {
      const { reason } = answer
      this.#turn.report({ kind: 'refused', from: asked.to, what: 'register', reason })
    }
    this.#hear(asked, answer?.ok === true ? answer.value : undefined)
    return true
  }

  #hear({ entry, to, ballot, step }: Asked, answer: Answer | undefined): void {
    if (this.#entries.get(entry.watch.attempt) !== entry) return
    this.#note(entry, `round ${ballot.round}: ${to} ${wordsOf(answer)}`)
    this.#take(entry, hear(entry.campaign, to, { ballot, step }, answer))
  }

  #rest(
    entry: Entry,
    { aboveRound, isUrgent }: { readonly aboveRound: number; readonly isUrgent: boolean },
  ): void {
    if (isUrgent) {
      this.#open(entry, aboveRound)
      return
    }
    this.#round = Math.max(this.#round, aboveRound)
    const most = Math.min(
      2 * this.#timers.probeMs,
      restMs.first * 2 ** Math.min(restMs.doublings, entry.rounds),
    )
    // two that always rest equally long would stop each other for ever
    entry.restsUntilMs = this.#turn.monoMs + restMs.first + this.#world.randomBelow(most)
  }

  #taken(entry: Entry, by: Claim): void {
    entry.takenBy = by
    this.#note(entry, `${by.owner} has claimed ${by.execution}, attempt ${by.attempt}`)
  }

  #learn({ watch, campaign }: Entry, roster: Roster): void {
    const key = keyOf(watch.job, campaign.subject.generation)
    const known = (this.#rosters.get(key) ?? []).filter(({ epoch }) => epoch !== roster.epoch)
    this.#rosters.set(key, [...known, roster].sort((a, b) => a.epoch - b.epoch).slice(-rostersMax))
  }

  #won(entry: Entry, claim: Claim): void {
    const { watch, role, campaign } = entry
    this.#note(entry, `the roster lets it start, fence ${claim.fence}`)
    this.#entries.delete(watch.attempt)
    if (campaign.goal.kind === 'claim')
      this.#ballots.confirm(campaign.subject, campaign.goal.series)
    this.#world.won(watch, claim, role)
  }

  #note({ watch }: Entry, text: string): void {
    if (watch.notes.length < notesMax) watch.notes.push(text)
  }

  /** Begins the rounds whose time has come, and forgets what nobody waits for. */
  wake(): void {
    for (const [attempt, entry] of this.#entries) {
      if (!this.#world.isWanted(attempt)) this.#entries.delete(attempt)
      else if (this.#turn.monoMs >= entry.restsUntilMs) this.#open(entry, 0)
    }
  }

  /** Monotonic instant of the next round. */
  nextMs(): number {
    let next = Infinity
    for (const { restsUntilMs } of this.#entries.values()) next = Math.min(next, restsUntilMs)
    return next
  }
}

const rostersMax = 4

const keyOf = (job: string, generation: number): string => `${job}~${generation}`

function wordsOf(answer: Answer | undefined): string {
  switch (answer?.kind) {
    case undefined:
      return 'did not answer'
    case 'promise':
    case 'promiseRoster':
      return 'promised'
    case 'accepted':
      return 'accepted'
    case 'refuse':
      return `refused: it has promised round ${answer.promised.round}`
    case 'moved':
      return 'knows of another roster'
    case 'void':
      return `does not vote: ${answer.reason}`
  }
}
