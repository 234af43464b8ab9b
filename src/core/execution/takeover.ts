// Who starts an attempt, and when another takes over.
//
// First answer: the best-ranked live member starts. It fails because views differ for seconds after a
// death, and then nobody starts. Next answer: lower ranks start after a wait. That fails too: a slow
// or half-cut link makes a waiting rank start what was started long ago. So whoever takes over asks
// first: the better ranks directly, and, when one stays silent, through members that can see it. Only
// what nobody has started and nobody is willing to start is claimed. In a stable view rank 0 starts
// at once without a message; the next two alive ranks watch; all others stand by at no cost.

import type { AttemptId, ExecutionId, JobName, MemberId, Slot } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Turn } from '../turn.ts'
import type { ExecMessage, ProbeAnswer, RelayedAnswer } from '../wire/exec-message.ts'
import { Agenda } from '../scheduler/agenda.ts'
import type { Order } from './order.ts'
import type { Why } from './record.ts'

/** An attempt that has come or is to come due. */
export interface Wanted {
  readonly attempt: AttemptId
  readonly execution: ExecutionId
  readonly job: JobName
  readonly slot: Slot
  readonly number: number
  /** Planned start P, cluster time. */
  readonly plannedMs: number
  /** No start after this instant. */
  readonly cutoffMs: number
  readonly dueMs: number
  /** Of a child: the execution that its graph began with. */
  readonly root?: ExecutionId
  readonly why: Why
  /** Wait per alive better rank. */
  readonly graceMs: number
  /** Members that this attempt must avoid while others are left. */
  readonly avoid: readonly MemberId[]
  /** What somebody asked for. */
  readonly order?: Order
  /** Its job is gone: nobody starts it, and somebody says so. */
  readonly isWithdrawn?: true
}

/** The same attempt, which nobody starts any more. */
export const withdrawn = (wanted: Wanted, nowMs: number): Wanted => ({
  ...wanted,
  cutoffMs: nowMs - 1,
  isWithdrawn: true,
})

type Phase =
  | { readonly kind: 'waiting' | 'standby' | 'watching' }
  | { readonly kind: 'asking' | 'relaying'; readonly question: Question }
  /** A better rank was asked to start it, and has until the alarm. */
  | { readonly kind: 'nudged'; readonly member: MemberId; readonly wasAlive: boolean }

interface Question {
  readonly open: Set<MemberId>
  readonly silent: Set<MemberId>
  /** Who would start it, in how many milliseconds, and through whom that is known. */
  readonly willing: Map<MemberId, { readonly inMs: number; readonly via: MemberId | undefined }>
}

export interface Watch extends Wanted {
  phase: Phase
  readonly refused: Map<MemberId, string>
  readonly nudges: Map<MemberId, number>
  /** Members that were asked over a link. */
  readonly asked: Set<MemberId>
  /** Members that did not know it before we told them. */
  readonly taught: Set<MemberId>
  called: boolean
  /** From when on starts are allowed, after calendars denied them. */
  openMs: number
  /** Members that asked about it and are to hear of the claim. */
  readonly askers: Set<MemberId>
  /** What happened, for `explain`. */
  readonly notes: string[]
}

/** What the ladder needs to know of the rest of the node. */
export interface TakeoverWorld {
  readonly self: MemberId
  /** Candidates in rank order, as of now's knowledge. */
  rank(watch: Watch): readonly MemberId[]
  isAlive(member: MemberId): boolean
  hasLink(member: MemberId): boolean
  /** Alive members with a link to us that observe this one. */
  observersOf(member: MemberId): readonly MemberId[]
  isDecided(watch: Watch): boolean
  /** Until when calendars deny its start; undefined when they do not. */
  deniedUntil(watch: Watch): number | undefined
  /** A watch ends because others have decided its attempt. */
  decided(watch: Watch): void
  /** Whether this node became ready or resumed so shortly before P that others may not know. */
  isFresh(plannedMs: number): boolean
  home(job: JobName): readonly MemberId[]
  /** Claims and starts, or says why this node cannot. */
  claim(watch: Watch, rank: number, why: Why): string | undefined
  /** Nobody started it in time. */
  expire(watch: Watch): void
  send(to: MemberId, message: ExecMessage): void
  /** Sends a member what it lacks to judge this attempt itself: the job's writes, the dispatch. */
  teach(member: MemberId, watch: Watch): void
}

const wordsMax = 40

/** All attempts that are due and not decided, and their questions. */
export class Takeover {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #world: TakeoverWorld
  readonly #watches = new Map<AttemptId, Watch>()
  /** Next action of each watch, monotonic. */
  readonly #alarms = new Agenda()

  constructor(components: { turn: Turn; timers: Timers; world: TakeoverWorld }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#world = components.world
  }

  get size(): number {
    return this.#watches.size
  }

  get(attempt: AttemptId): Watch | undefined {
    return this.#watches.get(attempt)
  }

  /** Everything watched now; dropping some while going through is fine. */
  watches(): readonly Watch[] {
    return [...this.#watches.values()]
  }

  /** Monotonic instant of the next action. */
  nextMs(): number | undefined {
    return this.#alarms.peekMs()
  }

  /** Watches an attempt from now on; P may lie ahead. */
  want(wanted: Wanted): void {
    if (this.#watches.has(wanted.attempt)) return
    if (this.#watches.size >= limits.watchesMax) {
      this.#turn.report({ kind: 'standbyDropped', execution: wanted.execution })
      return
    }
    const watch: Watch = {
      ...wanted,
      phase: { kind: 'waiting' },
      refused: new Map(),
      nudges: new Map(),
      asked: new Set(),
      taught: new Set(),
      called: false,
      openMs: wanted.plannedMs,
      askers: new Set(),
      notes: [],
    }
    this.#watches.set(watch.attempt, watch)
    this.#due(watch)
  }

  /** Forgets a watch: its attempt is decided, or its job has changed. */
  drop(attempt: AttemptId): Watch | undefined {
    const watch = this.#watches.get(attempt)
    this.#watches.delete(attempt)
    this.#alarms.delete(attempt)
    return watch
  }

  /** Forgets a watch whose attempt is decided; false when it is not. */
  #dropDecided(watch: Watch): boolean {
    if (!this.#world.isDecided(watch)) return false
    this.drop(watch.attempt)
    this.#world.decided(watch)
    return true
  }

  /** Looks at a watch again after a while. */
  later(watch: Watch, inMs: number): void {
    this.#setPhase(watch, { kind: 'watching' }, inMs)
  }

  /** Acts on everything whose instant has come. */
  wake(): void {
    for (const { name } of this.#alarms.popDue(this.#turn.monoMs, limits.ticksPerWakeMax)) {
      const watch = this.#watches.get(name as AttemptId)
      if (watch !== undefined) this.#onAlarm(watch)
    }
  }

  /** Judges again who waits for whom: a member came or went. */
  viewChanged(): void {
    for (const watch of this.watches()) {
      const { phase } = watch
      if (phase.kind === 'asking' || phase.kind === 'relaying') continue
      // news about others does not shorten the time that a willing member was given
      if (phase.kind === 'nudged' && this.#world.isAlive(phase.member) === phase.wasAlive) continue
      this.#due(watch)
    }
  }

  /** The same for one attempt, after news about its execution. */
  rejudge(attempt: AttemptId): void {
    const watch = this.#watches.get(attempt)
    const kind = watch?.phase.kind
    if (watch === undefined || kind === 'asking' || kind === 'relaying' || kind === 'nudged') return
    this.#due(watch)
  }

  #onAlarm(watch: Watch): void {
    switch (watch.phase.kind) {
      case 'waiting':
      case 'standby':
      case 'watching':
      case 'nudged':
        // what kept this node from starting it may be over
        watch.refused.delete(this.#world.self)
        this.#due(watch)
        return
      case 'asking':
        this.#closeQuestion(watch, watch.phase.question)
        this.#judge(watch, watch.phase.question)
        return
      case 'relaying':
        this.#judgeRelayed(watch, watch.phase.question)
        return
    }
  }

  #setPhase(watch: Watch, phase: Phase, inMs: number): void {
    watch.phase = phase
    this.#alarms.set(watch.attempt, this.#turn.monoMs + Math.max(0, inMs))
  }

  /** Adds to what `explain` tells of an attempt. */
  note(watch: Watch, text: string): void {
    if (watch.notes.length < wordsMax) watch.notes.push(text)
  }

  /** Is it our turn, does somebody better have time left, or is this for others? */
  #due(watch: Watch): void {
    const now = this.#turn.clusterMs
    if (this.#dropDecided(watch)) return
    if (now > watch.cutoffMs) {
      this.#world.expire(watch)
      return
    }
    const toCutoff = watch.cutoffMs + 1 - now
    // the spread of a catch-up is a courtesy: whoever is asked to starts at once
    if (now < watch.plannedMs && !(watch.called && watch.why === 'catch-up')) {
      this.#setPhase(watch, { kind: 'waiting' }, watch.plannedMs - now)
      return
    }
    const deniedUntilMs = this.#world.deniedUntil(watch)
    if (deniedUntilMs !== undefined) {
      watch.openMs = Math.min(deniedUntilMs, watch.cutoffMs + 1)
      this.#setPhase(watch, { kind: 'waiting' }, watch.openMs - now)
      return
    }
    const rank = this.#world.rank(watch)
    const place = rank.indexOf(this.#world.self)
    if (place < 0) {
      this.#setPhase(watch, { kind: 'watching' }, Math.min(toCutoff, this.#timers.graceMs))
      return
    }
    const alive = this.#better(watch, rank).filter((member) => this.#world.isAlive(member))
    if (alive.length > limits.armedRanksMax && !watch.called) {
      this.#setPhase(watch, { kind: 'standby' }, toCutoff)
      return
    }
    const wait = watch.called ? 0 : watch.openMs + alive.length * watch.graceMs - now
    if (wait > 0) this.#setPhase(watch, { kind: 'waiting' }, Math.min(wait, toCutoff))
    else this.#ask(watch, rank)
  }

  #better(watch: Watch, rank: readonly MemberId[]): readonly MemberId[] {
    const place = rank.indexOf(this.#world.self)
    return rank.slice(0, Math.max(0, place)).filter((member) => !watch.refused.has(member))
  }

  #ask(watch: Watch, rank: readonly MemberId[]): void {
    const world = this.#world
    const better = this.#better(watch, rank)
    const ordered = [...better].sort((a, b) => Number(world.isAlive(b)) - Number(world.isAlive(a)))
    const targets = new Set(ordered.slice(0, limits.probeTargetsMax))
    if (this.#isLate(watch)) {
      const place = rank.indexOf(world.self)
      const behind = rank.slice(place + 1).filter((m) => world.isAlive(m))
      // who declined may have room again, or have started it since
      const before = rank.slice(0, place).filter((m) => watch.refused.has(m) && world.isAlive(m))
      const others = [...behind.slice(0, limits.armedRanksMax), ...world.home(watch.job)]
      for (const member of [...others, ...before.slice(0, limits.probeTargetsMax)]) {
        if (member !== world.self) targets.add(member)
      }
    }
    if (targets.size === 0) {
      this.#claim(watch)
      return
    }
    const question: Question = { open: new Set(), silent: new Set(), willing: new Map() }
    for (const target of targets) {
      if (!world.hasLink(target)) question.silent.add(target)
      else {
        question.open.add(target)
        watch.asked.add(target)
        world.send(target, { kind: 'probe', attempt: watch.attempt })
      }
    }
    this.#turn.report({ kind: 'probed', attempt: watch.attempt, targets: targets.size })
    this.#setPhase(watch, { kind: 'asking', question }, this.#timers.probeMs)
    if (question.open.size === 0) this.#judge(watch, question)
  }

  /** A start that others may have made already, or may be about to make. */
  #isLate(watch: Watch): boolean {
    const lateness = this.#turn.clusterMs - watch.plannedMs
    // the key of a dispatch may have been said elsewhere, on the other side of a healed cut, and each
    // member plans what was queued for when it heard that the way is free
    if (watch.why === 'dispatch' || watch.why === 'queue') return true
    return lateness > limits.lateAfterMs || this.#world.isFresh(watch.plannedMs)
  }

  /** An answer to a probe of ours; records are merged before this is called. */
  answered(attempt: AttemptId, from: MemberId, answer: ProbeAnswer): void {
    const watch = this.#watches.get(attempt)
    if (watch?.phase.kind !== 'asking') return
    const { question } = watch.phase
    if (!question.open.delete(from)) return
    this.#take(watch, question, from, answer, undefined)
    if (question.open.size === 0) this.#judge(watch, question)
  }

  /** What an observer found out about the silent members. */
  relayed(attempt: AttemptId, via: MemberId, answers: readonly RelayedAnswer[]): void {
    const watch = this.#watches.get(attempt)
    if (watch?.phase.kind !== 'relaying') return
    const { question } = watch.phase
    if (!question.open.delete(via)) return
    for (const { target, answer } of answers) this.#take(watch, question, target, answer, via)
    if (question.open.size === 0) this.#judgeRelayed(watch, question)
  }

  #take(
    watch: Watch,
    question: Question,
    from: MemberId,
    answer: ProbeAnswer,
    via: MemberId | undefined,
  ): void {
    const path = via === undefined ? '' : ` (through ${via})`
    switch (answer.kind) {
      case 'willing':
        this.note(watch, `${from} is willing in ${answer.inMs} ms${path}`)
        watch.refused.delete(from)
        question.willing.set(from, { inMs: answer.inMs, via })
        return
      case 'declined':
        this.note(watch, `${from} declined: ${answer.reason}${path}`)
        watch.refused.set(from, answer.reason)
        return
      case 'none':
        this.note(watch, `${from} has no record${path}`)
        return
      case 'unknown':
        this.note(watch, `${from} does not know it${path}`)
        this.#world.teach(from, watch)
        // what it has learned from us it may start: it is asked again before we do
        if (!watch.taught.has(from)) watch.asked.delete(from)
        watch.taught.add(from)
        return
      case 'silent':
        this.note(watch, `${from} is silent${path}`)
        return
    }
  }

  #closeQuestion(watch: Watch, question: Question): void {
    for (const target of question.open) {
      question.silent.add(target)
      this.note(watch, `${target} did not answer`)
    }
    question.open.clear()
  }

  #judge(watch: Watch, question: Question): void {
    if (this.#dropDecided(watch)) return
    if (this.#nudgeWilling(watch, question)) return
    if (question.silent.size > 0) this.#relay(watch, question)
    else this.#claimUnlessBack(watch)
  }

  /** Lets the best willing member that ranks before us start it. */
  #nudgeWilling(watch: Watch, question: Question): boolean {
    const better = this.#better(watch, this.#world.rank(watch))
    // a clock far behind would make it late beyond the promise
    const leftMs = watch.openMs + this.#timers.takeoverWindowMs - this.#turn.clusterMs
    const isInTime = (member: MemberId): boolean => {
      const willing = question.willing.get(member)
      return willing !== undefined && (willing.inMs === 0 || willing.inMs < leftMs)
    }
    const chosen = better.find(
      (member) => isInTime(member) && (watch.nudges.get(member) ?? 0) < limits.nudgesPerAttemptMax,
    )
    if (chosen === undefined) return false
    const { inMs, via } = question.willing.get(chosen)!
    watch.nudges.set(chosen, (watch.nudges.get(chosen) ?? 0) + 1)
    this.note(watch, `nudged ${chosen}`)
    this.#world.send(via ?? chosen, { kind: 'nudge', attempt: watch.attempt, to: chosen })
    const wasAlive = this.#world.isAlive(chosen)
    this.#setPhase(watch, { kind: 'nudged', member: chosen, wasAlive }, inMs + watch.graceMs)
    return true
  }

  #relay(watch: Watch, question: Question): void {
    const observers = new Set<MemberId>()
    for (const target of question.silent) {
      for (const observer of this.#world.observersOf(target)) {
        if (observers.size < limits.probeTargetsMax && !question.silent.has(observer)) {
          observers.add(observer)
        }
      }
    }
    if (observers.size === 0) {
      this.#claimUnlessBack(watch)
      return
    }
    const targets = [...question.silent]
    for (const observer of observers) {
      this.#world.send(observer, { kind: 'relay', attempt: watch.attempt, targets })
    }
    this.note(watch, `asked ${observers.size} observers about ${targets.join(', ')}`)
    const relayed: Question = { open: observers, silent: new Set(), willing: new Map() }
    this.#setPhase(watch, { kind: 'relaying', question: relayed }, 2 * this.#timers.probeMs)
  }

  #judgeRelayed(watch: Watch, question: Question): void {
    if (this.#dropDecided(watch)) return
    if (!this.#nudgeWilling(watch, question)) this.#claimUnlessBack(watch)
  }

  /** A better rank that came back while we asked the others may be about to start it: it is asked too. */
  #claimUnlessBack(watch: Watch): void {
    const rank = this.#world.rank(watch)
    const isBack = this.#better(watch, rank).some(
      (member) =>
        this.#world.isAlive(member) && this.#world.hasLink(member) && !watch.asked.has(member),
    )
    if (isBack) this.#ask(watch, rank)
    else this.#claim(watch)
  }

  #claim(watch: Watch): void {
    const rank = this.#world.rank(watch)
    const place = rank.indexOf(this.#world.self)
    if (this.#turn.clusterMs > watch.cutoffMs || place < 0) {
      this.#due(watch)
      return
    }
    const why = watch.why === 'on-time' && place > 0 ? 'takeover' : watch.why
    const refusal = this.#world.claim(watch, place, why)
    if (refusal === undefined) return
    this.note(watch, `declined here: ${refusal}`)
    watch.refused.set(this.#world.self, refusal)
    watch.called = false
    const next = rank.find((member, i) => i > place && this.#world.isAlive(member))
    if (next !== undefined) {
      this.#world.send(next, { kind: 'decline', attempt: watch.attempt, reason: refusal })
    }
    this.#setPhase(watch, { kind: 'watching' }, this.#timers.graceMs)
  }

  /** Somebody asks us to start it now, if its planned start has come. */
  nudged(attempt: AttemptId, from: MemberId): void {
    const watch = this.#watches.get(attempt)
    if (watch === undefined) return
    watch.askers.add(from)
    this.#call(watch)
  }

  /** Who asks about it may be about to start it, whatever it said before. */
  askedBy(attempt: AttemptId, asker: MemberId): void {
    const watch = this.#watches.get(attempt)
    watch?.askers.add(asker)
    if (watch?.refused.delete(asker) === true) watch.asked.delete(asker)
  }

  /** A better rank will not start it. */
  declined(attempt: AttemptId, from: MemberId, reason: string): void {
    const watch = this.#watches.get(attempt)
    if (watch === undefined) return
    this.note(watch, `${from} declined: ${reason}`)
    watch.refused.set(from, reason)
    this.#call(watch)
  }

  #call(watch: Watch): void {
    watch.called = true
    if (watch.phase.kind !== 'asking' && watch.phase.kind !== 'relaying') this.#due(watch)
  }
}
