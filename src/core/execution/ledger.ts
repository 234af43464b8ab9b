// What is known of every execution: per attempt and executor the furthest phase. Records come in any
// order and more than once; merging keeps the later phase, lets the executor's own end replace `lost`,
// and keeps two members that claimed one attempt apart: that is a duplicate, and it is counted.

import {
  attemptId,
  everySlot,
  isDispatch,
  tickExecutionId,
  type AttemptId,
  type ExecutionId,
  type JobName,
  type MemberId,
  type Slot,
} from '../ids.ts'
import { limits } from '../limits.ts'
import { mapGet } from '../map-get.ts'
import type { Counts } from '../event.ts'
import { Tallies, type Tally } from './tally.ts'
import {
  ranOutcomes,
  tellsMore,
  toldBy,
  type ExecutionRecord,
  type RanOutcome,
  type StoredRecord,
} from './record.ts'

/** All that is known of one attempt: normally one claim. */
interface Attempt {
  readonly byExecutor: Map<MemberId | null, StoredRecord>
}

/** One slot of an execution. */
interface SlotEntry {
  readonly attempts: Map<number, Attempt>
}

interface ExecutionEntry {
  readonly job: JobName
  readonly dueMs: number
  readonly slots: Map<Slot, SlotEntry>
  hasBegun: boolean
  hasRun: boolean
  hasSucceeded: boolean
}

export interface Merged {
  /** The record told something new and is to be stored. */
  readonly isNews: boolean
  /** It revealed that two members started this attempt. */
  readonly isDuplicate: boolean
}

const stale: Merged = { isNews: false, isDuplicate: false }

export const isRan = (record: ExecutionRecord): boolean =>
  record.outcome !== null && ranOutcomes.includes(record.outcome as RanOutcome)

/** Ended, with no further attempt to come. */
export const isSettled = (record: ExecutionRecord): boolean =>
  record.phase === 'ended' && record.nextAttemptAtMs === null

export class Ledger {
  readonly tallies: Tallies
  readonly #executions = new Map<ExecutionId, ExecutionEntry>()
  /** Settled executions by job: those of ticks, of which the newest are kept, and dispatches, longer. */
  readonly #settled = new Map<JobName, Set<ExecutionId>>()
  readonly #dispatched = new Map<JobName, Set<ExecutionId>>()
  readonly #open = new Map<JobName, Set<ExecutionId>>()
  /** Not-run ranges, newest last, a few per job. */
  readonly #ranges = new Map<JobName, StoredRecord[]>()
  readonly #counts: { -readonly [K in keyof Counts]: Counts[K] }

  readonly #nowMs: () => number

  /** `nowMs`: cluster time. */
  constructor(
    components: { readonly nowMs: () => number },
    counts: Counts,
    tallies: Iterable<Tally> = [],
  ) {
    this.#nowMs = components.nowMs
    this.#counts = { ...counts }
    this.tallies = new Tallies(tallies)
  }

  get counts(): Counts {
    return this.#counts
  }

  /** Merges a record that is authentic; `isCounted` false for those that the totals hold already. */
  merge(stored: StoredRecord, isCounted = true): Merged {
    const { record } = stored
    if (record.count > 1) return this.#mergeRange(stored, isCounted)
    const entry = this.#entryOf(record)
    const slot = mapGet(entry.slots, record.slot, () => ({ attempts: new Map() }))
    const attempt = mapGet(slot.attempts, record.attempt, () => ({ byExecutor: new Map() }))
    const known = attempt.byExecutor.get(record.executor)
    if (known !== undefined && !isNewer(stored, known)) return stale
    const claimsBefore = countClaims(attempt)
    attempt.byExecutor.set(record.executor, stored)
    const isDuplicate = claimsBefore === 1 && countClaims(attempt) === 2
    if (isCounted) this.#count(record, known?.record, isDuplicate)
    this.#tell(entry, record, isCounted)
    this.#track(record.execution, entry)
    return { isNews: true, isDuplicate }
  }

  #entryOf(record: ExecutionRecord): ExecutionEntry {
    return mapGet(this.#executions, record.execution, () => ({
      job: record.job,
      dueMs: record.dueMs,
      slots: new Map(),
      hasBegun: false,
      hasRun: false,
      hasSucceeded: false,
    }))
  }

  #mergeRange(stored: StoredRecord, isCounted: boolean): Merged {
    const { record } = stored
    const ranges = mapGet(this.#ranges, stored.record.job, () => [])
    const index = ranges.findIndex(
      (other) =>
        other.record.execution === record.execution &&
        other.record.slot === record.slot &&
        other.author === stored.author,
    )
    const known = ranges[index]
    if (known !== undefined && !isNewer(stored, known)) return stale
    if (known !== undefined) ranges.splice(index, 1)
    ranges.push(stored)
    if (ranges.length > limits.ledgerSettledPerJobMax) ranges.shift()
    // a run of equal ticks begins as a record of its first one
    const first = this.attempts(record.execution, record.slot)[0]
    const counted = known?.record.count ?? Number(first?.author === stored.author)
    if (isCounted) this.#countNotRun(record, record.count - counted)
    return { isNews: true, isDuplicate: false }
  }

  #count(record: ExecutionRecord, before: ExecutionRecord | undefined, isDuplicate: boolean): void {
    const counts = this.#counts
    if (record.executor !== null && record.phase !== 'queued' && !hasClaim(before)) {
      counts.started += 1
      if (record.why === 'takeover') counts.takeovers += 1
    }
    if (isDuplicate) counts.duplicates += 1
    if (record.phase !== 'ended' || before?.phase === 'ended') return
    if (record.outcome === 'success') counts.succeeded += 1
    else if (isRan(record)) counts.failed += 1
    else this.#countNotRun(record, 1)
  }

  /** Notes that an execution began, and of a tick that it ran, and ran well; each of it once. */
  #tell(entry: ExecutionEntry, record: ExecutionRecord, isCounted: boolean): void {
    if (hasClaim(record) && !entry.hasBegun) {
      entry.hasBegun = true
      const { job, generation, claimedMs, dueMs } = record
      if (isCounted) this.tallies.began(job, generation, claimedMs ?? dueMs)
    }
    if (record.trigger === 'dispatch' || !isSettled(record) || !isRan(record)) return
    const runs = Number(!entry.hasRun)
    const successes = Number(record.outcome === 'success' && !entry.hasSucceeded)
    entry.hasRun = true
    entry.hasSucceeded ||= successes === 1
    if (isCounted && runs + successes > 0) {
      this.tallies.add(record.job, record.generation, { runs, successes })
    }
  }

  /** A tick with several slots is one tick; the first of them stands for it. */
  #countNotRun(record: ExecutionRecord, ticks: number): void {
    if (isFurtherSlot(record.slot)) return
    if (record.outcome === 'missed' || record.outcome === 'no-eligible-node') {
      this.#counts.missed += ticks
    } else this.#counts.skipped += ticks
  }

  /** Keeps the sets of open and settled executions, and forgets the oldest settled one. */
  #track(id: ExecutionId, entry: ExecutionEntry): void {
    const open = mapGet(this.#open, entry.job, () => new Set())
    const isOfTick = !isDispatch(id)
    const settled = mapGet(isOfTick ? this.#settled : this.#dispatched, entry.job, () => new Set())
    const isOpen = [...entry.slots.keys()].some((slot) => this.isSlotOpen(id, slot))
    if (isOpen) {
      open.add(id)
      settled.delete(id)
      return
    }
    open.delete(id)
    settled.add(id)
    this.#forget(settled, isOfTick ? limits.ledgerSettledPerJobMax : limits.dispatchesPerJobMax)
  }

  /**
   * Forgets the oldest of too many. Those still to come are counted apart: a member whose clock ran
   * ahead has done them, and what settles now must not be forgotten for them.
   */
  #forget(settled: Set<ExecutionId>, max: number): void {
    if (settled.size <= max) return
    const nowMs = this.#nowMs()
    let [ahead, oldest, farthest]: [number, ExecutionId?, ExecutionId?] = [0]
    for (const id of settled) {
      if (oldest === undefined || this.#isOlder(id, oldest)) oldest = id
      if (this.#executions.get(id)!.dueMs <= nowMs) continue
      ahead += 1
      if (farthest === undefined || this.#isOlder(farthest, id)) farthest = id
    }
    const isTooManyAhead = ahead > limits.ledgerAheadPerJobMax
    if (settled.size - ahead <= max && !isTooManyAhead) return
    const forgotten = isTooManyAhead ? farthest! : oldest!
    settled.delete(forgotten)
    this.#executions.delete(forgotten)
  }

  #isOlder(a: ExecutionId, b: ExecutionId): boolean {
    const before = this.#executions.get(a)!.dueMs - this.#executions.get(b)!.dueMs
    return before < 0 || (before === 0 && a < b)
  }

  /** Takes back a claim that was never stored or told to anybody. */
  retract(
    id: ExecutionId,
    slot: Slot,
    attempt: number,
    executor: MemberId,
  ): StoredRecord | undefined {
    const entry = this.#executions.get(id)
    const byExecutor = entry?.slots.get(slot)?.attempts.get(attempt)?.byExecutor
    const claim = byExecutor?.get(executor)
    if (entry === undefined || claim === undefined) return undefined
    byExecutor!.delete(executor)
    if (byExecutor!.size === 0) entry.slots.get(slot)!.attempts.delete(attempt)
    if (entry.slots.get(slot)!.attempts.size === 0) entry.slots.delete(slot)
    this.#counts.started -= 1
    if (claim.record.why === 'takeover') this.#counts.takeovers -= 1
    if (entry.slots.size === 0) {
      this.#executions.delete(id)
      this.#open.get(entry.job)?.delete(id)
    }
    return claim
  }

  /** Whether an attempt of the slot runs, waits or is to be repeated. */
  isSlotOpen(id: ExecutionId, slot: Slot): boolean {
    if (slot === everySlot) return false
    const newest = this.newest(id, slot)
    return newest !== undefined && !isSettled(newest.record)
  }

  /** Whether some member is known to have claimed or ended this attempt, or to have decided its tick. */
  isDecided(id: ExecutionId, slot: Slot, attempt: number): boolean {
    if (this.isTaken(id, slot, attempt)) return true
    return attempt === 1 && this.#executions.get(id)?.slots.get(slot)?.attempts.has(0) === true
  }

  /** Whether some member is known to have claimed or ended this attempt or a later one. */
  isTaken(id: ExecutionId, slot: Slot, attempt: number): boolean {
    const known = this.#executions.get(id)?.slots.get(slot)
    for (const [number, { byExecutor }] of known?.attempts ?? []) {
      if (number < attempt) continue
      for (const { record } of byExecutor.values()) if (record.phase !== 'queued') return true
    }
    return false
  }

  /** What was recorded of a tick that nobody ran, by itself or in a range. */
  notRun(job: JobName, generation: number, dueMs: number, slot: Slot): readonly ExecutionRecord[] {
    const id = tickExecutionId(job, generation, dueMs)
    const own = this.#executions.get(id)?.slots.get(slot)?.attempts.get(0)
    const records = [...(own?.byExecutor.values() ?? [])].map(({ record }) => record)
    return [...records, ...this.#rangesOf(job, generation, dueMs, slot)]
  }

  #rangesOf(
    job: JobName,
    generation: number,
    dueMs: number,
    slot: Slot,
  ): readonly ExecutionRecord[] {
    return (this.#ranges.get(job) ?? [])
      .map(({ record }) => record)
      .filter(
        (record) =>
          record.slot === slot &&
          record.generation === generation &&
          record.dueMs <= dueMs &&
          dueMs <= record.throughMs,
      )
  }

  /** The record that speaks for the slot: of its last attempt, one that ran before one that did not. */
  newest(id: ExecutionId, slot: Slot): StoredRecord | undefined {
    const attempts = this.#executions.get(id)?.slots.get(slot)?.attempts
    if (attempts === undefined) return undefined
    const last = bestOf(attempts.get(Math.max(...attempts.keys()))!)
    // it was queued here and passed over elsewhere
    const notRun = attempts.get(0)
    return last?.record.phase === 'queued' && notRun !== undefined ? bestOf(notRun) : last
  }

  /** Claims of one attempt, one per executor. */
  claims(id: ExecutionId, slot: Slot, attempt: number): readonly StoredRecord[] {
    const known = this.#executions.get(id)?.slots.get(slot)?.attempts.get(attempt)
    return known === undefined ? [] : [...known.byExecutor.values()].filter(hasClaimStored)
  }

  /** Every attempt of a slot, first one first. */
  attempts(id: ExecutionId, slot: Slot): readonly StoredRecord[] {
    const attempts = this.#executions.get(id)?.slots.get(slot)?.attempts
    if (attempts === undefined) return []
    return [...attempts.keys()]
      .sort((a, b) => a - b)
      .flatMap((number) => [...attempts.get(number)!.byExecutor.values()])
  }

  has(id: ExecutionId): boolean {
    return this.#executions.has(id)
  }

  /** Whether some member is known to have started a slot of it. */
  hasBegun(id: ExecutionId): boolean {
    return this.#executions.get(id)?.hasBegun === true
  }

  slots(id: ExecutionId): readonly Slot[] {
    return [...(this.#executions.get(id)?.slots.keys() ?? [])]
  }

  /** Executions of a job that are not settled. */
  open(job: JobName): readonly ExecutionId[] {
    return [...(this.#open.get(job) ?? [])]
  }

  openCount(job: JobName): number {
    return this.#open.get(job)?.size ?? 0
  }

  /** Jobs that have open executions. */
  openJobs(): readonly JobName[] {
    return [...this.#open].filter(([, ids]) => ids.size > 0).map(([job]) => job)
  }

  /** What speaks for each slot that is not settled. */
  newestOpen(): readonly StoredRecord[] {
    return this.openJobs().flatMap((job) =>
      this.open(job).flatMap((execution) =>
        this.slots(execution)
          .filter((slot) => this.isSlotOpen(execution, slot))
          .map((slot) => this.newest(execution, slot)!),
      ),
    )
  }

  /** Whether the slot waits for its first attempt. */
  isQueued(id: ExecutionId, slot: Slot): boolean {
    return this.newest(id, slot)?.record.phase === 'queued'
  }

  /** Whether the scheduled tick is decided for a slot, by a record of its own or by a range. */
  isTickDecided(job: JobName, generation: number, dueMs: number, slot: Slot): boolean {
    const id = tickExecutionId(job, generation, dueMs)
    return this.isDecided(id, slot, 1) || this.#rangesOf(job, generation, dueMs, slot).length > 0
  }
}

export const attemptOf = (record: ExecutionRecord): AttemptId =>
  attemptId(record.execution, record.slot, record.attempt)

const isFurtherSlot = (slot: Slot): boolean => /^[1-9]\d?$/.test(slot)

const hasClaim = (record: ExecutionRecord | undefined): boolean =>
  record !== undefined && record.executor !== null && record.phase !== 'queued'

const hasClaimStored = (stored: StoredRecord): boolean => hasClaim(stored.record)

function bestOf(attempt: Attempt): StoredRecord | undefined {
  let best: StoredRecord | undefined
  for (const stored of attempt.byExecutor.values()) {
    if (best === undefined || speaksBefore(stored, best)) best = stored
  }
  return best
}

function countClaims(attempt: Attempt): number {
  let claims = 0
  for (const { record } of attempt.byExecutor.values()) if (hasClaim(record)) claims += 1
  return claims
}

const isNewer = (a: StoredRecord, b: StoredRecord): boolean => tellsMore(toldBy(a), toldBy(b))

/** Of two records of one attempt, which one is shown: ran before not run, then success, then the earlier claim. */
function speaksBefore(a: StoredRecord, b: StoredRecord): boolean {
  const ran = Number(hasClaimStored(a)) - Number(hasClaimStored(b))
  if (ran !== 0) return ran > 0
  const success = Number(a.record.outcome === 'success') - Number(b.record.outcome === 'success')
  if (success !== 0) return success > 0
  const claimed = (a.record.claimedMs ?? 0) - (b.record.claimedMs ?? 0)
  if (claimed !== 0) return claimed < 0
  return (a.record.executor ?? a.author) < (b.record.executor ?? b.author)
}
