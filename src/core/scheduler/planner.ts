// Turns jobs into attempts that are due. Per job it keeps two instants: the next tick, and the
// watermark, up to which every tick is decided; so nothing is forgotten over a restart and nothing
// is counted up over a long absence.

import { isDispatch, tickExecutionId, type JobName, type Slot } from '../ids.ts'
import type { Catalog, Job } from '../jobs/catalog.ts'
import type { Executions } from '../execution/executions.ts'
import type { ExecutionRecord } from '../execution/record.ts'
import type { Post } from '../execution/post.ts'
import type { Wanted } from '../execution/takeover.ts'
import { limits } from '../limits.ts'
import type { Turn } from '../turn.ts'
import { Agenda } from './agenda.ts'
import { CatchUps } from './catch-up.ts'
import { misfireOf, tickToJoin } from './joining.ts'
import { JobLimits, type JobEnd } from './job-limits.ts'
import { blackoutOf, NotRunRanges, type Refusal } from './not-run-ranges.ts'
import {
  catchUpDelayMs,
  judgeOverdue,
  lateGraceTicks,
  lookedAtMax,
  overdueTicks,
  type MissedRange,
  type OverdueTick,
} from './misfire.ts'
import { judgeTick } from './judge-tick.ts'
import { newTrack, type Track } from './track.ts'
import { learnMs, Overtaken } from './overtaken.ts'
import { intervalAfter, newestTicks, nextTick, previousTick } from './tick.ts'

/** A job is judged as overdue, not tick by tick, when it lags by more than this many of them. */
const behindMax = 2
/** A start is planned before the next tick, so no more can be due and planned for later. */
const pendingMax = 2

export class Planner {
  readonly #turn: Turn
  readonly #catalog: Catalog
  readonly #executions: Executions
  readonly #post: Post
  readonly #isSelf: (member: string) => boolean
  readonly #coveredFromMs: () => number
  readonly #limitReached: (end: JobEnd) => void
  readonly #tracks = new Map<JobName, Track>()
  /** Planned start of each job's next tick, cluster time. */
  readonly #agenda = new Agenda()
  readonly #notRun: NotRunRanges
  readonly #limits: JobLimits
  /** Late ticks that run one after another. */
  readonly #catchUps = new CatchUps()
  /** Jobs whose past is to be judged, a slice per wake. */
  #overdue: JobName[] = []
  /** Jobs whose next start a changed calendar may have moved, a slice per wake. */
  #moved: JobName[] = []
  readonly #overtaken: Overtaken
  #readyAtMs: number | undefined

  constructor(components: {
    turn: Turn
    catalog: Catalog
    executions: Executions
    post: Post
    isSelf: (member: string) => boolean
    /** Since when other members have been looking after ticks; Infinity: nobody else does. */
    coveredFromMs: () => number
    /** The job is to be paused or deleted. */
    limitReached: (end: JobEnd) => void
  }) {
    this.#turn = components.turn
    this.#catalog = components.catalog
    this.#executions = components.executions
    this.#post = components.post
    this.#isSelf = components.isSelf
    this.#coveredFromMs = components.coveredFromMs
    this.#limitReached = components.limitReached
    const { ledger } = components.executions
    this.#limits = new JobLimits({ ...components, ledger })
    this.#overtaken = new Overtaken((job) => this.#isEnabled(job))
    this.#notRun = new NotRunRanges((job, range, { outcome, reason }) =>
      this.#executions.writeNotRun(job, range, outcome, reason),
    )
  }

  /** Instant of the next due tick, cluster time. */
  nextMs(): number | undefined {
    return this.#readyAtMs === undefined ? undefined : this.#agenda.peekMs()
  }

  hasBacklog(): boolean {
    return this.#overdue.length + this.#moved.length > 0
  }

  /** What others may take over: per job the instant up to which every tick is decided. */
  watermarks(names: readonly JobName[]): readonly (readonly [JobName, number])[] {
    return names.flatMap((name) => {
      const dueMs = this.#tracks.get(name)?.watermarkMs ?? -1
      return dueMs < 0 ? [] : [[name, dueMs] as const]
    })
  }

  /** Takes up a watermark of the store. */
  restoreWatermark(name: JobName, dueMs: number): void {
    const track = this.#trackOf(name)
    track.lookedMs = dueMs
    track.watermarkMs = dueMs
    track.armed = this.#catalog.live(name)
  }

  /**
   * Takes over a watermark of a member that knows more: what it covers and we have not looked at is
   * not ours to start. What is still to come by our clock it cannot know: its clock runs ahead.
   */
  raiseWatermark(name: JobName, dueMs: number): void {
    const job = this.#catalog.live(name)
    // where every member has its own slot, another's watermark says nothing about ours
    if (job === undefined || job.groups.placement.every) return
    const track = this.#trackOf(name)
    const lookedMs = Math.min(dueMs, this.#turn.clusterMs)
    if (lookedMs <= track.lookedMs) return
    track.lookedMs = lookedMs
    this.#advance(name, track)
    if (this.#readyAtMs !== undefined) this.#arm(job, track)
  }

  #trackOf(name: JobName): Track {
    let track = this.#tracks.get(name)
    if (track === undefined) {
      track = newTrack()
      this.#tracks.set(name, track)
    }
    return track
  }

  /** The node owns ticks from now on: the past of every job is judged first. */
  ready(): void {
    if (this.#readyAtMs !== undefined) return
    this.#readyAtMs = this.#turn.clusterMs
    this.#overdue = this.#catalog.jobs().map((job) => job.name)
  }

  /** A job was written, here or elsewhere. */
  jobChanged(name: JobName): void {
    const job = this.#catalog.live(name)
    const track = this.#trackOf(name)
    this.#overtaken.note(track, job, this.#turn.clusterMs)
    if (this.#readyAtMs === undefined) return
    if (job === undefined) {
      this.#agenda.delete(name)
      this.#executions.supersede(name, () => false)
      this.#supersedeLine(name, () => false)
      this.#notRun.drop(name)
      this.#tracks.delete(name)
      return
    }
    const { timing } = job.groups
    const isEnabled = this.#isEnabled(job)
    this.#executions.supersede(name, (wanted) => this.isWanted(job, wanted))
    this.#supersedeLine(name, (dueMs) => this.#isTick(job, dueMs))
    if (isEnabled) this.#notRun.close(job)
    this.#limits.touch(job)
    const isNew = track.lookedMs < 0
    if (isNew) this.#begin(job, track)
    if (track.anchorMs !== timing.anchorMs && isEnabled) this.#wantLate(job, track)
    this.#arm(job, track)
    // of a job that was learnt late the records are still on their way
    const { clusterMs } = this.#turn
    if (isNew && (this.#agenda.get(name) ?? Infinity) < clusterMs) {
      this.#agenda.set(name, clusterMs + learnMs)
    }
  }

  /** Whether an attempt belongs to what the job is now. */
  isWanted(job: Job, wanted: Wanted): boolean {
    const { name, generation, groups } = job
    if (wanted.root !== undefined) return this.#isEnabled(job) && groups.timing.after.length > 0
    if (isDispatch(wanted.execution)) return true
    // a tick belongs to one generation: what was deleted and created again is another job
    if (wanted.execution !== tickExecutionId(name, generation, wanted.dueMs)) return false
    return wanted.number > 1 || this.#isTick(job, wanted.dueMs)
  }

  #isTick(job: Job, dueMs: number): boolean {
    return this.#isEnabled(job) && previousTick(job.name, job.groups.timing, dueMs) === dueMs
  }

  /**
   * A write starts no tick of the past. From here on every tick is accounted for, also when the node
   * stops before the first one.
   */
  #begin(job: Job, track: Track): void {
    track.lookedMs = Math.min(this.#turn.clusterMs, job.groups.timing.anchorMs + learnMs)
    this.#advance(job.name, track)
  }

  #tellOvertaken(): void {
    for (const { job, dues } of this.#overtaken.take(this.#turn.clusterMs)) {
      const open = dues.filter((dueMs) => !this.#isDecided(job, dueMs))
      if (open.length === 0) continue
      const range = { fromMs: open.at(-1)!, toMs: open[0]!, count: open.length }
      this.#executions.tellNotRun(job, range, 'superseded', '')
    }
  }

  /** A calendar was written: planned starts move. */
  calendarChanged(): void {
    if (this.#readyAtMs !== undefined) this.#moved = [...this.#tracks.keys()]
  }

  /** Late ticks that wait for their turn end like those that are watched. */
  #supersedeLine(name: JobName, isTick: (dueMs: number) => boolean): void {
    const waiting = this.#catchUps.waiting(name)
    const gone = waiting.filter(({ dueMs }) => !isTick(dueMs))
    const job = this.#catalog.get(name)
    for (const { dueMs } of gone) {
      if (job === undefined) continue
      this.#executions.tellNotRun(job, { fromMs: dueMs, toMs: dueMs, count: 1 }, 'superseded', '')
    }
    if (gone.length > 0)
      this.#catchUps.set(
        name,
        waiting.filter(({ dueMs }) => isTick(dueMs)),
      )
  }

  /** An `@after` may have been due before it was written. */
  #wantLate(job: Job, track: Track): void {
    const { timing, delivery } = job.groups
    track.anchorMs = timing.anchorMs
    for (const tick of lateGraceTicks(job.name, timing, delivery.misfire, track.lookedMs)) {
      this.#want(job, track, { ...tick, plannedMs: this.#turn.clusterMs }, 'catch-up')
      if (track.undecided.has(tick.dueMs)) {
        track.watermarkMs = Math.min(track.watermarkMs, tick.dueMs - 1)
      }
    }
  }

  #arm(job: Job, track: Track): void {
    const { timing } = job.groups
    track.armed = job
    track.nextDueMs = nextTick(job.name, timing, track.lookedMs)
    if (track.nextDueMs === undefined) this.#agenda.delete(job.name)
    else {
      this.#agenda.set(job.name, this.#judge(job, track.nextDueMs).plannedMs)
    }
  }

  /** When a tick starts here, and whether a calendar denies it. */
  #judge(job: Job, dueMs: number): OverdueTick {
    return judgeTick(job, this.#catalog.usesOf(job), dueMs, this.#ownSlot(job))
  }

  /** This node, where every member has a slot of its own. */
  #ownSlot(job: Job): Slot | undefined {
    return job.groups.placement.every ? this.#executions.slots.of(job)[0] : undefined
  }

  /** Looks at what is due, a bounded number of ticks at a time. */
  wake(): void {
    if (this.#readyAtMs === undefined) return
    this.#tellOvertaken()
    for (const name of this.#overdue.splice(0, limits.ticksPerWakeMax)) {
      const job = this.#catalog.live(name)
      if (job !== undefined) this.#judgePast(job, this.#trackOf(name))
    }
    for (const name of this.#moved.splice(0, limits.ticksPerWakeMax)) {
      const job = this.#catalog.live(name)
      if (job !== undefined) this.#arm(job, this.#trackOf(name))
    }
    for (const name of this.#catchUps.names()) this.#release(name)
    for (const end of this.#limits.look()) {
      if (this.#isEnabled(end.job) && this.#speaks(end.job)) this.#limitReached(end)
    }
    let room: number = limits.ticksPerWakeMax
    // a job whose next tick is due as well comes up again before anybody is answered about it
    while (room > 0) {
      const due = this.#agenda.popDue(this.#turn.clusterMs, room)
      if (due.length === 0) return
      room -= due.length
      for (const { name } of due) {
        const job = this.#catalog.live(name as JobName)
        if (job !== undefined) this.#look(job, this.#trackOf(job.name))
      }
    }
  }

  /** Whether a tick is still to be looked at, and then wanted. */
  isAhead(job: Job, dueMs: number): boolean {
    const lookedMs = this.#tracks.get(job.name)?.lookedMs ?? Infinity
    return dueMs > lookedMs && this.#isEnabled(job, Math.max(dueMs, this.#turn.clusterMs))
  }

  /** One job's next tick is due. */
  #look(job: Job, track: Track): void {
    const dueMs = track.nextDueMs
    if (dueMs === undefined) return
    const following = nextTick(job.name, job.groups.timing, dueMs)
    const lagMs = this.#turn.clusterMs - (following ?? Infinity)
    if (following !== undefined && lagMs > behindMax * (following - dueMs)) {
      // the clock jumped or the node slept: never a loop over a long past
      this.#judgePast(job, track)
      return
    }
    track.lookedMs = dueMs
    const tick = this.#judge(job, dueMs)
    const refusal = this.refusalOf(job) ?? blackoutOf(tick)
    if (refusal !== undefined) {
      this.#limits.touch(job)
      if (this.#speaks(job)) this.#notRun.add(job, dueMs, refusal, this.#turn.clusterMs)
    } else {
      this.#notRun.close(job)
      this.#want(job, track, tick, 'on-time')
    }
    this.#advance(job.name, track)
    this.#arm(job, track)
  }

  /** Not paused, or paused until an instant that is over. */
  #isEnabled({ groups: { enabled } }: Job, atMs = this.#turn.clusterMs): boolean {
    const { untilMs } = enabled
    return enabled.enabled || (untilMs !== null && atMs >= untilMs)
  }

  /** Judges the ticks between the watermark and now, newest first. */
  #judgePast(job: Job, track: Track): void {
    const { name } = job
    const misfire = misfireOf(job)
    track.anchorMs = job.groups.timing.anchorMs
    const nowMs = this.#turn.clusterMs
    const isNew = track.lookedMs < 0
    if (isNew) this.#begin(job, track)
    const afterMs = track.watermarkMs
    // a node whose clock was ahead has decided ticks that are still to come by its clock of now
    track.lookedMs = Math.max(nowMs, track.watermarkMs)
    if (this.refusalOf(job) === undefined) {
      if (isNew) {
        this.#wantLate(job, track)
        const tick = tickToJoin(job, nowMs, (dueMs) => this.#judge(job, dueMs))
        if (tick !== undefined) this.#catchUp(job, track, tick)
      }
      const covered: OverdueTick[] = []
      const ticks = this.#uncovered(job, { afterMs, readyAtMs: nowMs }, covered)
      const judged = judgeOverdue({ ticks, misfire, nowMs, max: lookedAtMax(misfire) })
      for (const tick of judged.runs) track.undecided.add(tick.dueMs)
      this.#catchUps.set(name, judged.runs)
      this.#release(name)
      for (const tick of covered) this.#want(job, track, tick, 'on-time')
      for (const range of judged.missed) this.#tellMissed(job, track, range)
      this.#wantPending(job, track, afterMs)
    }
    this.#advance(name, track)
    this.#arm(job, track)
  }

  /** Ticks that were due before this node was ready and are planned for later: jitter, a shift. */
  #wantPending(job: Job, track: Track, afterMs: number): void {
    const { name, groups } = job
    const nowMs = this.#turn.clusterMs
    for (const dueMs of newestTicks(name, groups.timing, afterMs, nowMs, pendingMax)) {
      const tick = this.#judge(job, dueMs)
      if (tick.plannedMs < nowMs) continue
      const { deniedBy: reason } = tick
      if (reason === undefined) this.#want(job, track, tick, 'on-time')
      else {
        const range = { fromMs: dueMs, toMs: dueMs, count: 1, outcome: 'blackout', reason } as const
        this.#tellMissed(job, track, range)
      }
    }
  }

  /**
   * Ticks of the past that nobody was there to start, or did in time. The others, that another member
   * was up for, it starts however late: the misfire policy has no say in them, so they are put aside.
   */
  *#uncovered(
    job: Job,
    span: { readonly afterMs: number; readonly readyAtMs: number },
    covered: OverdueTick[],
  ): Generator<OverdueTick, void, void> {
    const { name, groups } = job
    const coveredFromMs = groups.placement.every ? Infinity : this.#coveredFromMs()
    const { misfire } = groups.delivery
    const judged = { ...span, judge: (dueMs: number) => this.#judge(job, dueMs) }
    const isSettled = (dueMs: number): boolean => this.#isDecided(job, dueMs)
    for (const tick of overdueTicks(name, groups.timing, misfire, judged, isSettled)) {
      // whoever was up for it and did not start it in time may have died
      const isTooLate = tick.deniedBy !== undefined || tick.cutoffMs < span.readyAtMs
      if (tick.plannedMs < coveredFromMs || isTooLate) yield tick
      else if (covered.length < limits.catchUpTicksMax) covered.push(tick)
      else return
    }
  }

  /** Starts what may start of the late ticks that run one after another. */
  #release(name: JobName): void {
    const job = this.#catalog.live(name)
    const track = this.#tracks.get(name)
    if (job === undefined || track === undefined) {
      this.#catchUps.set(name, [])
      return
    }
    const next = this.#catchUps.release(name, this.#turn.clusterMs, {
      isDecided: (dueMs) => !track.undecided.has(dueMs),
      isOver: (dueMs) => !track.undecided.has(dueMs) && !this.#executions.slots.isOpen(job, dueMs),
    })
    for (const tick of next) this.#catchUp(job, track, tick)
  }

  #catchUp(job: Job, track: Track, tick: OverdueTick): void {
    const refusal = this.#limits.refusalOf(job)
    if (refusal !== undefined) {
      const range = { fromMs: tick.dueMs, toMs: tick.dueMs, count: 1 }
      this.#executions.tellNotRun(job, range, refusal.outcome, refusal.reason)
      return
    }
    const intervalMs = intervalAfter(job.name, job.groups.timing, tick.dueMs)
    const spreadMs = catchUpDelayMs(`${job.name}@${tick.dueMs}`, intervalMs)
    const plannedMs = Math.min(this.#turn.clusterMs + spreadMs, tick.cutoffMs)
    this.#want(job, track, { ...tick, plannedMs }, 'catch-up')
  }

  #want(job: Job, track: Track, tick: OverdueTick, why: 'on-time' | 'catch-up'): void {
    track.undecided.add(tick.dueMs)
    this.#executions.wantTick(job, tick, why)
    // its record may have come before we looked at it
    if (this.#isDecided(job, tick.dueMs)) track.undecided.delete(tick.dueMs)
  }

  /** Whether this node is the one that records ticks nobody tried to start. */
  #speaks(job: Job): boolean {
    return job.groups.placement.every || this.#isSelf(this.#post.home(job.name)[0] ?? '')
  }

  /** Ticks that are missed stay undecided until one member has recorded them. */
  #tellMissed(job: Job, track: Track, range: MissedRange): void {
    track.undecided.add(range.fromMs).add(range.toMs)
    this.#executions.tellNotRun(job, range, range.outcome, range.reason)
  }

  /** Why a tick planned now does not run, if so; in the order of judgement. */
  refusalOf(job: Job): Refusal | undefined {
    if (!this.#isEnabled(job)) return { outcome: 'paused', reason: job.groups.enabled.note }
    return this.#limits.refusalOf(job)
  }

  /** A record told something new. */
  recorded(record: ExecutionRecord): void {
    const job = this.#catalog.live(record.job)
    if (job !== undefined) this.#limits.recorded(job, record)
  }

  /** There is a record of the ticks of a span. */
  tickDecided(name: JobName, dueMs: number, throughMs: number, slot: Slot): void {
    const track = this.#tracks.get(name)
    const job = this.#catalog.live(name)
    if (track === undefined || job === undefined) return
    // where every member has its own slot, another's record decides nothing here
    if (!this.#executions.slots.of(job).includes(slot)) return
    for (const undecided of track.undecided) {
      if (undecided < dueMs || undecided > throughMs) continue
      if (this.#isDecided(job, undecided)) track.undecided.delete(undecided)
    }
    this.#advance(name, track)
  }

  /** A tick does not exist any more. */
  tickGone(name: JobName, dueMs: number): void {
    const track = this.#tracks.get(name)
    if (track?.undecided.delete(dueMs) === true) this.#advance(name, track)
  }

  #isDecided(job: Job, dueMs: number): boolean {
    return this.#executions.isTickDecided(job, this.#judge(job, dueMs))
  }

  /** The claim that decided a tick was taken back. */
  tickUndecided(name: JobName, dueMs: number): void {
    const track = this.#tracks.get(name)
    if (track === undefined) return
    track.undecided.add(dueMs)
    track.watermarkMs = Math.min(track.watermarkMs, dueMs - 1)
  }

  /** Moves the watermark up to just before the oldest undecided tick. */
  #advance(name: JobName, track: Track): void {
    let wMs = track.lookedMs
    for (const dueMs of track.undecided) wMs = Math.min(wMs, dueMs - 1)
    if (wMs > track.watermarkMs) this.#setWatermark(name, track, wMs)
  }

  #setWatermark(name: JobName, track: Track, dueMs: number): void {
    track.watermarkMs = dueMs
    this.#turn.emit({
      kind: 'persist',
      durability: 'normal',
      writes: [{ kind: 'watermark', job: name, dueMs }],
    })
  }
}
