// From the ends of parents to the execution of a child.
//
// Nobody assigns a child: its id is computed from its name and the root, so every member that sees the
// ends of the parents watches the same attempt, and takeover decides who starts it. The member that
// wrote one of these ends also writes what follows, in the same step: `queued` when the child is to
// start, so that it survives the restart of all, or why it never will. If that member is gone, the
// homes of the child say what is left to say, one after another.

import { attemptId, childExecutionId, everySlot, jobOfExecution } from '../ids.ts'
import type { ExecutionId, JobName, MemberId, Slot } from '../ids.ts'
import type { Attempts } from '../execution/attempts.ts'
import type { Candidacy } from '../execution/candidacy.ts'
import { draftOf, notRunOf } from '../execution/draft.ts'
import type { Given, ParentSaid } from '../execution/launch.ts'
import { isSettled } from '../execution/ledger.ts'
import type { Post } from '../execution/post.ts'
import type { ExecutionRecord, NotRunOutcome, StoredRecord } from '../execution/record.ts'
import type { Records } from '../execution/records.ts'
import type { Takeover, Wanted } from '../execution/takeover.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import { limits, type Timers } from '../limits.ts'
import type { Membership } from '../membership/membership.ts'
import { judgeStart } from '../scheduler/calendar.ts'
import { deadlineOf } from '../scheduler/misfire.ts'
import type { Refusal } from '../scheduler/not-run-ranges.ts'
import type { Turn } from '../turn.ts'
import { Topology } from './topology.ts'
import { endFrom, endOf, judgeJoin, type EdgeState, type ParentEnd } from './verdict.ts'

/** A child has no next tick: what depends on the interval takes a day. */
const dayMs = 86_400_000

/** One child of one root. */
interface Child {
  readonly job: JobName
  readonly root: ExecutionId
  /** The root's T. */
  readonly dueMs: number
  /** Ends of parents that the ledger may forget meanwhile. */
  readonly ends: Map<ExecutionId, ParentEnd>
}

interface Components {
  readonly turn: Turn
  readonly timers: Timers
  readonly membership: Membership
  readonly replica: Replica
  readonly post: Post
  readonly records: Records
  readonly candidacy: Candidacy
  readonly attempts: Attempts
  readonly takeover: Takeover
  readonly world: {
    isReady(): boolean
    /** Why nothing of the job starts now. */
    refusalOf(job: Job): Refusal | undefined
  }
}

export class Children {
  readonly topology: Topology = new Topology()
  readonly #parts: Components
  /** Children that wait for more parents, by execution; oldest first. */
  readonly #waiting = new Map<ExecutionId, Child>()
  /** Children to look at again, each at its monotonic instant. */
  readonly #checks = new Map<ExecutionId, { readonly child: Child; readonly atMs: number }>()
  /** Jobs that were said to be in a cycle. */
  readonly #alarmed = new Set<JobName>()

  constructor(components: Components) {
    this.#parts = components
    for (const job of components.replica.catalog.jobs()) {
      this.topology.set(job.name, job.groups.timing.after)
    }
  }

  /** A job was written, here or elsewhere. */
  jobChanged(name: JobName): void {
    const { replica, turn } = this.#parts
    const job = replica.catalog.live(name)
    this.topology.set(name, job?.groups.timing.after ?? [])
    const cycle = this.topology.cycleOf(name)
    for (const one of cycle ?? []) {
      if (this.#alarmed.has(one)) continue
      this.#alarmed.add(one)
      turn.report({ kind: 'graphConflict', job: one, jobs: cycle! })
    }
    for (const one of this.#alarmed) {
      if (this.topology.cycleOf(one) === undefined) this.#alarmed.delete(one)
    }
    for (const child of [...this.#waiting.values()]) {
      if (child.job === name) this.#judge(child, 'listens')
    }
  }

  /** A record came: an execution may have ended, and others begin. */
  merged(stored: StoredRecord): void {
    const { record } = stored
    if (record.phase === 'queued') this.#wantQueued(record)
    else if (isSettled(record)) this.#ended(stored, 'listens')
  }

  /** The same at start, for the ends that the store held. */
  restore(restored: readonly StoredRecord[]): void {
    for (const stored of restored) {
      const { record } = stored
      if (record.phase === 'queued') this.#wantQueued(record)
      else if (isSettled(record)) this.#ended(stored, 'restores')
    }
  }

  #ended(stored: StoredRecord, how: 'listens' | 'restores'): void {
    const { record } = stored
    const names = this.topology.childrenOf(record.job)
    const { clusterMs } = this.#parts.turn
    // what is older has been dealt with, or is past every deadline
    if (names.length === 0 || (record.endedMs ?? 0) < clusterMs - limits.dispatchMemoryMs) return
    const root = record.root ?? record.execution
    for (const job of names) {
      const execution = childExecutionId(job, root)
      const child = this.#waiting.get(execution) ?? {
        job,
        root,
        dueMs: record.dueMs,
        ends: new Map<ExecutionId, ParentEnd>(),
      }
      if (record.count > 1) {
        // ticks that are kept as one record count as the first of them
        const end = endFrom(record.job, record.execution, [stored])
        if (end !== undefined) child.ends.set(record.execution, end)
      }
      this.#judge(child, how)
    }
  }

  /** What is to become of a child; `speaks` when it is this node that says it. */
  #judge(child: Child, how: 'listens' | 'restores' | 'speaks'): void {
    const { replica, records } = this.#parts
    const job = replica.catalog.live(child.job)
    const execution = childExecutionId(child.job, child.root)
    this.#waiting.delete(execution)
    if (job === undefined || !job.isSupported) return
    const isDealtWith = this.#parts.candidacy
      .slotsOf(job)
      .every(
        (slot) =>
          records.ledger.isDecided(execution, slot, 1) ||
          this.#parts.takeover.get(attemptId(execution, slot, 1)) !== undefined,
      )
    if (isDealtWith) return
    const { members, beyond } = this.topology.runSet(jobOfExecution(child.root))
    if (beyond.has(child.job)) {
      this.#say(child, job, { outcome: 'capped', reason: 'graph' }, how)
      return
    }
    // its edges were suspended, or it is no longer after anything of this run
    if (!members.has(child.job) || this.topology.cycleOf(child.job) !== undefined) return
    const edges = this.#edgesOf(child, job, members)
    if (edges.length === 0) return
    const verdict = judgeJoin(job.groups.timing.join, edges)
    if (verdict.kind === 'waits') {
      this.#wait(execution, child, edges)
    } else if (verdict.kind === 'never') {
      const reason = verdict.because.map((end) => end.job).join(', ')
      const refusal = { outcome: 'skipped-upstream', reason: reason.slice(0, 255) } as const
      this.#say(child, job, refusal, this.#roleIn(verdict.because, how))
    } else this.#start(child, job, verdict.because, how)
  }

  #edgesOf(child: Child, job: Job, members: ReadonlySet<JobName>): readonly EdgeState[] {
    return job.groups.timing.after
      .filter((edge) => members.has(edge.job))
      .map((edge) => ({ edge, end: this.#endOf(edge.job, child) }))
  }

  #endOf(parent: JobName, child: Child): ParentEnd | undefined {
    const isRoot = jobOfExecution(child.root) === parent
    const execution = isRoot ? child.root : childExecutionId(parent, child.root)
    const { ledger } = this.#parts.records
    const end = endOf(ledger, parent, execution) ?? child.ends.get(execution)
    if (end === undefined || !this.#isAwaited(end)) return end
    this.#check(child, this.#parts.timers.graceMs)
    return undefined
  }

  /** Where every node has its own slot, those that are there get two graces to begin. */
  #isAwaited({ job: name, execution, endedMs, slots, records }: ParentEnd): boolean {
    const { replica, turn, timers, membership, candidacy } = this.#parts
    const job = replica.catalog.live(name)
    if (job === undefined) return false
    if (!job.groups.placement.every) {
      const isRange = records.some(({ record }) => record.count > 1)
      return !isRange && candidacy.slotsOf(job).some((slot) => !slots.includes(slot))
    }
    if (turn.clusterMs >= endedMs + 2 * timers.graceMs) return false
    const { rank } = candidacy.at(job, { execution, slot: everySlot }, endedMs)
    return rank.some((member) => membership.isAlive(member) && !slots.includes(member))
  }

  #wait(execution: ExecutionId, child: Child, edges: readonly EdgeState[]): void {
    for (const { end } of edges) if (end !== undefined) child.ends.set(end.execution, end)
    this.#waiting.set(execution, child)
    if (this.#waiting.size <= limits.joinsWaitingMax) return
    this.#waiting.delete(this.#waiting.keys().next().value!)
    this.#parts.turn.report({ kind: 'limitReached', limit: 'joinsWaitingMax' })
  }

  /** The author of one of the ends says what follows from them. */
  #roleIn(
    ends: readonly ParentEnd[],
    how: 'listens' | 'restores' | 'speaks',
  ): 'listens' | 'restores' | 'speaks' {
    const { self } = this.#parts.membership
    const isAuthor = ends.some(({ records }) => records.some(({ author }) => author === self))
    return isAuthor && how === 'listens' ? 'speaks' : how
  }

  #start(
    child: Child,
    job: Job,
    because: readonly ParentEnd[],
    how: 'listens' | 'restores' | 'speaks',
  ): void {
    const { replica, turn, world, takeover, records } = this.#parts
    const { timing, delivery } = job.groups
    const role = this.#roleIn(because, how)
    const endedMs = Math.max(...because.map((end) => end.endedMs))
    const verdict = judgeStart(
      replica.catalog.usesOf(job),
      endedMs + timing.delayMs,
      endedMs + timing.delayMs + dayMs,
    )
    const denial =
      verdict.kind === 'denied'
        ? ({ outcome: 'blackout', reason: verdict.calendar } as const)
        : undefined
    const refusal = world.refusalOf(job) ?? denial
    if (refusal !== undefined || verdict.kind === 'denied') {
      this.#say(child, job, refusal ?? denial!, role)
      return
    }
    const { plannedMs } = verdict
    const cutoffMs = plannedMs + deadlineOf(delivery.misfire, dayMs)
    // history that came late: whoever was there has dealt with it
    if (turn.clusterMs > cutoffMs && how !== 'restores') return
    for (const own of this.#parts.candidacy.slotsOf(job)) {
      const wanted = this.#wantedOf(child, job, own, { plannedMs, cutoffMs })
      takeover.want(wanted)
      if (role !== 'speaks' || records.ledger.isDecided(wanted.execution, own, 1)) continue
      const slot = job.groups.placement.every ? everySlot : own
      const draft = draftOf({ ...wanted, slot }, job.generation)
      records.write({ ...draft, phase: 'queued', nextAttemptAtMs: plannedMs }, 'full', {
        isUrgent: true,
      })
    }
  }

  #wantedOf(
    { root, dueMs, job: name }: Pick<Child, 'root' | 'dueMs' | 'job'>,
    job: Job,
    slot: Slot,
    times: { readonly plannedMs: number; readonly cutoffMs: number },
  ): Wanted {
    const execution = childExecutionId(name, root)
    return {
      ...this.#parts.attempts.ofTick(job, slot, { dueMs, ...times }, 'on-time', execution),
      root,
    }
  }

  /** Watches a child that somebody has queued. */
  #wantQueued(record: ExecutionRecord): void {
    const { replica, takeover } = this.#parts
    const { root, dueMs, nextAttemptAtMs: plannedMs } = record
    const job = replica.catalog.live(record.job)
    if (root === undefined || plannedMs === null || job === undefined) return
    const cutoffMs = plannedMs + deadlineOf(job.groups.delivery.misfire, dayMs)
    const isOld = this.#parts.turn.clusterMs > cutoffMs
    if (isOld && record.slot === everySlot) return
    const child = { root, dueMs, job: record.job }
    const slot = record.slot === everySlot ? this.#parts.membership.self : record.slot
    takeover.want(this.#wantedOf(child, job, slot, { plannedMs, cutoffMs }))
  }

  /** Records why a child does not run, or sees to it that somebody does. */
  #say(
    child: Child,
    job: Job,
    refusal: Pick<Refusal, 'reason'> & { readonly outcome: NotRunOutcome },
    how: 'listens' | 'restores' | 'speaks',
  ): void {
    const { turn, records, membership, post, timers } = this.#parts
    const nowMs = turn.clusterMs
    if (how === 'speaks') {
      if (records.ledger.has(childExecutionId(child.job, child.root))) return
      for (const slot of this.#parts.candidacy.slotsOf(job)) {
        const wanted = this.#wantedOf(child, job, slot, { plannedMs: nowMs, cutoffMs: nowMs })
        records.write(notRunOf(wanted, job.generation, { ...refusal, endedMs: nowMs }), 'normal')
      }
      return
    }
    const place = post.home(child.job).indexOf(membership.self)
    if (place >= 0) this.#check(child, (place + 1) * timers.graceMs)
  }

  #check(child: Child, inMs: number): void {
    if (this.#checks.size >= limits.joinsWaitingMax) return
    const atMs = this.#parts.turn.monoMs + inMs
    this.#checks.set(childExecutionId(child.job, child.root), { child, atMs })
  }

  wake(): void {
    if (!this.#parts.world.isReady()) return
    for (const [execution, { child, atMs }] of this.#checks) {
      if (this.#parts.turn.monoMs < atMs) continue
      this.#checks.delete(execution)
      this.#judge(child, 'speaks')
    }
  }

  /** Monotonic instant of the next thing to do. */
  nextMs(): number {
    let next = Infinity
    for (const { atMs } of this.#checks.values()) next = Math.min(next, atMs)
    return next
  }

  // ── what a child is told ───────────────────────────────────────────────────────────────────────

  /** The parents of a child that have ended, the last one first. */
  parentsOf({ job, root }: Pick<Wanted, 'job' | 'root'>): readonly ParentEnd[] {
    const live = this.#parts.replica.catalog.live(job)
    if (live === undefined || root === undefined) return []
    const known = this.#waiting.get(childExecutionId(job, root))?.ends
    const child = { job, root, dueMs: 0, ends: known ?? new Map<ExecutionId, ParentEnd>() }
    const { members } = this.topology.runSet(jobOfExecution(root))
    return this.#edgesOf(child, live, members)
      .flatMap(({ end }) => end ?? [])
      .toSorted((a, b) => b.endedMs - a.endedMs)
  }

  /** What the command of a job that is in a graph gets beside the usual. */
  givenTo(wanted: Pick<Wanted, 'job' | 'root' | 'execution'>): Given {
    const { job, root, execution } = wanted
    if (root === undefined) {
      const env = this.topology.hasChildren(job) ? { MESHCRON_ROOT_ID: execution } : {}
      return { env, parents: [] }
    }
    const parents = this.parentsOf(wanted).map(saidBy)
    const last = parents.find(({ result }) => result !== null)?.result ?? ''
    const text = last.replaceAll('\0', '')
    return { env: { MESHCRON_ROOT_ID: root, MESHCRON_PARENT_RESULT: text }, parents }
  }

  /** Sends a member what tells it that a child is to start. */
  teach(member: MemberId, wanted: Wanted): void {
    for (const { bytes } of this.parentsOf(wanted).flatMap(({ records }) => records)) {
      this.#parts.post.record(bytes, [member], true)
    }
  }

  /** Whether what the command of this job says as its result is kept for others. */
  keepsResult(job: JobName): boolean {
    return this.topology.hasChildren(job)
  }
}

const lenientText = new TextDecoder()

/** Of several slots the first that said something. */
function saidBy({ job, execution, outcome, records }: ParentEnd): ParentSaid {
  const [result] = records.flatMap(({ record }) => record.result ?? [])
  return {
    job,
    execution,
    outcome,
    result: result === undefined ? null : lenientText.decode(result),
  }
}
