// Questions about attempts, from the side of the member that is asked: probes, relays, nudges.

import { parseAttemptId, type AttemptId, type JobName, type MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import type { Notify } from '../notify/notify.ts'
import { judgeTick } from '../scheduler/judge-tick.ts'
import type { Turn } from '../turn.ts'
import {
  decodeExecMessage,
  type ExecMessage,
  type ProbeAnswer,
  type RelayedAnswer,
} from '../wire/exec-message.ts'
import type { Executions } from './executions.ts'
import type { Post } from './post.ts'

/** A question that we asked for another member. */
interface Relay {
  readonly attempt: AttemptId
  readonly asker: MemberId
  readonly open: Set<MemberId>
  readonly answers: RelayedAnswer[]
  readonly deadlineMs: number
}

export class Dialog {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #executions: Executions
  readonly #post: Post
  readonly #notify: Notify
  readonly #inability: () => string | undefined
  readonly #isAhead: (job: Job, dueMs: number) => boolean
  #relays: Relay[] = []

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    replica: Replica
    executions: Executions
    post: Post
    notify: Notify
    /** Why this node starts nothing now. */
    inability: () => string | undefined
    /** Whether a tick of a job is still to be looked at, and then wanted. */
    isAhead: (job: Job, dueMs: number) => boolean
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
    this.#executions = components.executions
    this.#post = components.post
    this.#notify = components.notify
    this.#inability = components.inability
    this.#isAhead = components.isAhead
  }

  /** A frame of the exec stream. */
  receive(from: MemberId, frame: Uint8Array): void {
    const message = decodeExecMessage(frame)
    if (message.ok) this.#onMessage(from, message.value)
    else this.#turn.report({ kind: 'refused', from, what: 'exec', reason: message.reason })
  }

  #onMessage(from: MemberId, message: ExecMessage): void {
    switch (message.kind) {
      case 'records':
        for (const bytes of message.records) this.#onRecord(from, bytes)
        return
      case 'intents':
        for (const bytes of message.intents) this.#replica.receive(bytes, from)
        return
      case 'probe':
        this.#answer(from, message.attempt)
        return
      case 'answer':
        this.#onAnswer(from, message.attempt, message.answer)
        return
      case 'relay':
        this.#relay(from, message.attempt, message.targets)
        return
      case 'relayed':
        this.#executions.takeover.relayed(message.attempt, from, message.answers)
        return
      case 'nudge':
        if (message.to === this.#membership.self) this.#onNudge(from, message.attempt)
        else this.#post.send(message.to, message)
        return
      case 'decline':
        this.#executions.takeover.declined(message.attempt, from, message.reason)
        return
      case 'cancel':
        this.#executions.stopHere(
          message.attempt,
          message.reason ?? 'operator',
          message.isKill ?? false,
        )
        return
      case 'told':
        this.#notify.outbox.hear(message.facts, from)
        return
      case 'askTold':
        this.#notify.outbox.answer(message.ids, from)
        return
      case 'cordon':
        this.#membership.setCordoned(message.isCordoned)
        return
    }
  }

  #onRecord(from: MemberId, bytes: Uint8Array): void {
    if (!this.#executions.receive(bytes, from)) return
    // a member that asked us about this attempt hears of the record by the way it came
    for (const relay of this.#relays) {
      if (this.#executions.answersFor(relay.attempt).length > 0) this.#closeRelay(relay)
    }
  }

  /** Sends the records that decide an attempt; false when there are none. */
  #sendRecords(to: MemberId, attempt: AttemptId): boolean {
    const records = this.#executions.answersFor(attempt).map(({ bytes }) => bytes)
    if (records.length > 0) this.#post.send(to, { kind: 'records', records })
    return records.length > 0
  }

  #answer(asker: MemberId, attempt: AttemptId): void {
    this.#executions.takeover.askedBy(attempt, asker)
    if (this.#sendRecords(asker, attempt)) return
    this.#post.send(asker, { kind: 'answer', attempt, answer: this.#position(attempt) })
  }

  /** Whether this node would start the attempt itself. */
  #position(attempt: AttemptId): ProbeAnswer {
    const inability = this.#inability()
    if (inability !== undefined) return { kind: 'declined', reason: inability }
    const watch = this.#executions.takeover.get(attempt)
    if (watch !== undefined) {
      const refusal = watch.refused.get(this.#membership.self)
      if (refusal !== undefined) return { kind: 'declined', reason: refusal }
      if (this.#executions.isSlotTaken(watch)) return { kind: 'declined', reason: 'slotTaken' }
      if (!this.#executions.rankOf(watch).rank.includes(this.#membership.self))
        return { kind: 'none' }
      // the spread of a catch-up ends when somebody asks for it
      const isSpread = watch.why === 'catch-up'
      return { kind: 'willing', inMs: isSpread ? 0 : this.#ahead(watch.plannedMs) }
    }
    return this.#positionAhead(attempt)
  }

  /** The same for a tick that is not due here yet. */
  #positionAhead(attempt: AttemptId): ProbeAnswer {
    const parts = parseAttemptId(attempt)
    const tick = /^([a-z0-9_.-]+)(?:~\d+)?@(\d+)$/.exec(parts?.execution ?? '')
    if (parts === undefined || tick === null) return { kind: 'unknown' }
    const job = this.#replica.catalog.live(tick[1] as JobName)
    if (job === undefined) return { kind: 'unknown' }
    const dueMs = Number(tick[2])
    // due or not: what this node has not looked at, it is going to
    if (!this.#isAhead(job, dueMs)) return { kind: 'none' }
    const ownSlot = job.groups.placement.every ? parts.slot : undefined
    const uses = this.#replica.catalog.usesOf(job)
    const times = judgeTick(job, uses, dueMs, ownSlot)
    const { deniedBy } = times
    if (deniedBy !== undefined) return { kind: 'none' }
    const wanted = this.#executions.attemptOfTick(job, times, parts.slot)
    const { rank } = this.#executions.rankOf(wanted)
    return rank.includes(this.#membership.self)
      ? { kind: 'willing', inMs: this.#ahead(wanted.plannedMs) }
      : { kind: 'none' }
  }

  #ahead(plannedMs: number): number {
    return Math.max(0, Math.ceil(plannedMs - this.#turn.clusterMs))
  }

  #onNudge(from: MemberId, attempt: AttemptId): void {
    if (!this.#sendRecords(from, attempt)) this.#executions.takeover.nudged(attempt, from)
  }

  // ── asking for others ──────────────────────────────────────────────────────────────────────────

  #relay(asker: MemberId, attempt: AttemptId, targets: readonly MemberId[]): void {
    if (this.#sendRecords(asker, attempt)) return
    const relay: Relay = {
      attempt,
      asker,
      open: new Set(),
      answers: [],
      deadlineMs: this.#turn.monoMs + this.#timers.probeMs,
    }
    const isFull = this.#relays.length >= limits.relaysInFlightMax
    for (const target of targets) {
      if (isFull || this.#membership.link(target) === undefined) {
        relay.answers.push({ target, answer: { kind: 'silent' } })
      } else {
        relay.open.add(target)
        this.#post.send(target, { kind: 'probe', attempt })
      }
    }
    this.#relays.push(relay)
    if (relay.open.size === 0) this.#closeRelay(relay)
  }

  #closeRelay(relay: Relay): void {
    this.#relays = this.#relays.filter((other) => other !== relay)
    if (this.#sendRecords(relay.asker, relay.attempt)) return
    const { attempt, answers } = relay
    for (const target of relay.open) answers.push({ target, answer: { kind: 'silent' } })
    this.#post.send(relay.asker, { kind: 'relayed', attempt, answers })
  }

  #onAnswer(from: MemberId, attempt: AttemptId, answer: ProbeAnswer): void {
    for (const relay of this.#relays) {
      if (relay.attempt !== attempt || !relay.open.delete(from)) continue
      relay.answers.push({ target: from, answer })
      if (relay.open.size === 0) this.#closeRelay(relay)
    }
    this.#executions.takeover.answered(attempt, from, answer)
  }

  wake(): void {
    for (const relay of this.#relays) {
      if (this.#turn.monoMs >= relay.deadlineMs) this.#closeRelay(relay)
    }
  }
}
