/**
 * The store's twin in memory, with the disk's own behaviour made explicit: what was committed with
 * `normal` is in the page cache until a `full` commit, and a power cut takes it, newest first. A
 * killed process loses nothing that was committed.
 */
import type { DurableSelf, Write } from '../../core/effect.ts'
import type { Counts, Loaded } from '../../core/event.ts'
import type { Tally } from '../../core/execution/tally.ts'
import { limits } from '../../core/limits.ts'
import type { JobName } from '../../core/ids.ts'
import { isAfter, type Cursor } from '../../core/clock/version-vector.ts'
import {
  type ExecutionRecord,
  phases,
  ranOutcomes,
  type StoredRecord,
  tellsMore,
  toldBy,
} from '../../core/execution/record.ts'
import type {
  ExecutionPage,
  ExecutionQuery,
  ExecutionRow,
  Lack,
  RecordsPage,
  Store,
  StoreError,
} from '../../ports/store.ts'

export interface MemoryStoreInit {
  /** 16 hex digits. */
  readonly epoch: string
}

/** What a reopened store sees. */
export interface Crash {
  /** `unsynced`: the power went; `none`: the process was killed. */
  readonly lose: 'unsynced' | 'none'
  /** Part of the unsynced commits had reached the disk: the older half stays, each whole. */
  readonly torn?: boolean
}

class MemoryStoreFailure extends Error implements StoreError {
  override readonly name = 'StoreFailure'
  readonly code = 'MC_STORE_FAILED'
  readonly failure: StoreError['failure']
  override readonly cause: unknown = undefined

  constructor(failure: StoreError['failure']) {
    super(`the store failed (${failure})`)
    this.failure = failure
  }
}

/** One row of history; its place in lists is the number of its slot's first row. */
export interface HistoryRow {
  readonly stored: StoredRecord
  readonly id: number
  readonly place: number
}

/** Everything that is stored. */
export class MemoryImage {
  readonly intents: Map<string, Uint8Array> = new Map()
  readonly watermarks: Map<JobName, number> = new Map()
  readonly members: Map<string, Uint8Array> = new Map()
  readonly tallies: Map<JobName, Tally> = new Map()
  readonly registers: Map<string, Uint8Array> = new Map()
  readonly notices: Map<string, Uint8Array> = new Map()
  readonly slots: Map<string, readonly HistoryRow[]> = new Map()
  /** A register was damaged: none of them may be trusted any more. */
  areRegistersLost = false
  seen: Uint8Array | undefined
  self: DurableSelf | undefined
  lastId = 0

  copy(): MemoryImage {
    const copy = new MemoryImage()
    for (const [id, bytes] of this.intents) copy.intents.set(id, bytes)
    for (const [job, dueMs] of this.watermarks) copy.watermarks.set(job, dueMs)
    for (const [member, bytes] of this.members) copy.members.set(member, bytes)
    for (const [job, tally] of this.tallies) copy.tallies.set(job, tally)
    for (const [key, bytes] of this.registers) copy.registers.set(key, bytes)
    for (const [key, bytes] of this.notices) copy.notices.set(key, bytes)
    for (const [slot, rows] of this.slots) copy.slots.set(slot, rows)
    copy.areRegistersLost = this.areRegistersLost
    copy.seen = this.seen
    copy.self = this.self
    copy.lastId = this.lastId
    return copy
  }

  apply(write: Write): void {
    switch (write.kind) {
      case 'intent':
        if (!this.intents.has(write.id)) this.intents.set(write.id, write.bytes)
        return
      case 'forgetIntent':
        this.intents.delete(write.id)
        return
      case 'record':
        this.#record(write.stored)
        return
      case 'seen':
        this.seen = write.bytes
        return
      case 'watermark':
        this.watermarks.set(write.job, Math.max(write.dueMs, this.watermarks.get(write.job) ?? 0))
        return
      case 'member':
        this.members.set(write.member, write.bytes)
        return
      case 'tally':
        this.tallies.set(write.tally.job, write.tally)
        return
      case 'register':
        this.registers.set(write.key, write.bytes)
        return
      case 'notice':
        if (write.bytes === null) this.notices.delete(write.key)
        else this.notices.set(write.key, write.bytes)
        return
      case 'self':
        this.self = write.self
        return
    }
  }

  #record(stored: StoredRecord): void {
    const key = `${stored.record.execution} ${stored.record.slot}`
    const rows = this.slots.get(key) ?? []
    const at = rows.findIndex((row) => isSameAttempt(row.stored, stored))
    if (at >= 0) {
      if (tellsMore(toldBy(rows[at]!.stored), toldBy(stored))) return
      this.slots.set(key, rows.with(at, { ...rows[at]!, stored }))
      return
    }
    this.lastId += 1
    const place = rows[0]?.place ?? this.lastId
    this.slots.set(key, [...rows, { stored, id: this.lastId, place }])
  }

  /** Drops rows of definitions, of history and of registers; answers how many. */
  drop(isHit: () => boolean): number {
    const intents = [...this.intents.keys()].filter(isHit)
    for (const id of intents) this.intents.delete(id)
    let records = 0
    for (const [slot, rows] of this.slots) {
      const whole = rows.filter(() => !isHit())
      records += rows.length - whole.length
      if (whole.length === 0) this.slots.delete(slot)
      else this.slots.set(slot, whole)
    }
    if (intents.length + records > 0) this.seen = undefined
    const registers = [...this.registers.keys()].filter(isHit)
    for (const key of registers) this.registers.delete(key)
    if (registers.length > 0) this.areRegistersLost = true
    return intents.length + records + registers.length
  }

  rows(): readonly HistoryRow[] {
    return [...this.slots.values()].flat()
  }
}

/** The twin of the SQLite store. */
export class MemoryStore implements Store {
  readonly epoch: string
  #damaged = 0
  /** As it is without a crash. */
  #live: MemoryImage
  /** As it is on the disk. */
  #synced: MemoryImage
  #unsynced: (readonly Write[])[] = []
  #failure: StoreError['failure'] | undefined
  #failures = 0
  #isClosed = false

  constructor(epoch: string, image: MemoryImage = new MemoryImage()) {
    this.epoch = epoch
    this.#live = image
    this.#synced = image.copy()
  }

  /** The next commits fail so; `Infinity` until called again with 0. An `io` error stays for ever. */
  failNext(failure: StoreError['failure'], commits = 1): void {
    this.#failure = failure
    this.#failures = commits
  }

  /** Ends this store; answers what opens in its place. */
  crash({ lose, torn = false }: Crash): MemoryStore {
    this.#isClosed = true
    if (lose === 'none') return new MemoryStore(this.epoch, this.#live.copy())
    const image = this.#synced.copy()
    const kept = torn ? Math.ceil(this.#unsynced.length / 2) : 0
    for (const writes of this.#unsynced.slice(0, kept)) {
      for (const write of writes) image.apply(write)
    }
    return new MemoryStore(this.epoch, image)
  }

  /** Rows that were dropped because they did not say what had been written. */
  get damaged(): number {
    return this.#damaged
  }

  /**
   * The disk changed a bit in each of these rows. Their sums show it when they are read again: they
   * are dropped, and with them the vector that says they were seen, as the store in SQLite does.
   * For a store that was just opened: nothing in it is unsynced.
   */
  damage(isHit: () => boolean): number {
    const rows = this.#live.drop(isHit)
    this.#synced = this.#live.copy()
    this.#damaged += rows
    return rows
  }

  /** A copy of the disk as it is: an image to restore later, or a clone. */
  clone(): MemoryStore {
    return new MemoryStore(this.epoch, this.#live.copy())
  }

  commit(writes: readonly Write[], durability: 'full' | 'normal'): void {
    this.#assertOpen()
    if (this.#failure !== undefined && this.#failures > 0) {
      if (this.#failure !== 'io') this.#failures -= 1
      throw new MemoryStoreFailure(this.#failure)
    }
    for (const write of writes) this.#live.apply(write)
    this.#unsynced.push([...writes])
    if (durability === 'normal') return
    for (const batch of this.#unsynced) for (const write of batch) this.#synced.apply(write)
    this.#unsynced = []
  }

  load(): Loaded {
    this.#assertOpen()
    const image = this.#live
    return {
      self: image.self,
      seen: image.seen,
      intents: [...image.intents.values()],
      records: wantedRecords(image).map(({ stored }) => stored.bytes),
      watermarks: [...image.watermarks],
      members: [...image.members.values()],
      registers: image.areRegistersLost ? undefined : [...image.registers],
      counts: count(image),
      tallies: [...image.tallies.values()],
      notices: [...image.notices],
    }
  }

  executions(query: ExecutionQuery): ExecutionPage {
    this.#assertOpen()
    const limit = Math.max(1, Math.min(Math.floor(query.limit), limits.pageRowsMax))
    const after = query.cursor === undefined ? undefined : parseCursor(query.cursor)
    if (query.cursor !== undefined && after === undefined) return { rows: [], cursor: undefined }
    const found = [...this.#live.slots.values()]
      .flatMap((rows) => headsOf(rows).map((head) => ({ head, rows })))
      .filter(({ head }) => isAsked(head.stored.record, query))
      .sort((a, b) => byPosition(positionOf(b.head), positionOf(a.head)))
      .filter(({ head }) => after === undefined || byPosition(positionOf(head), after) < 0)
    const page = found.slice(0, limit)
    const last = page.at(-1)?.head
    return {
      rows: page.map(({ head, rows }) => toRow(head, rows)),
      cursor: found.length > limit && last !== undefined ? positionOf(last).join('.') : undefined,
    }
  }

  attempts(execution: string): readonly ExecutionRow[] {
    this.#assertOpen()
    return [...this.#live.slots.values()]
      .flatMap((rows) => rows.map((row) => ({ row, rows })))
      .filter(({ row }) => row.stored.record.execution === execution)
      .sort((a, b) => byAttempt(a.row.stored, b.row.stored))
      .map(({ row, rows }) => toRow(row, rows))
  }

  recordsAfter({ seen, cursor }: Lack, bytesMax: number): RecordsPage {
    this.#assertOpen()
    const lacking = this.#live
      .rows()
      .map(({ stored }) => stored)
      .filter((stored) => cursor === null || isAfter(stored, cursor))
      .filter((stored) => !seen.has(stored))
      .sort((a, b) => compareText(a.actor, b.actor) || a.seq - b.seq)
    const records: Uint8Array[] = []
    let room = bytesMax
    let last: Cursor | null = null
    for (const { actor, seq, bytes } of lacking) {
      if (records.length > 0 && bytes.length > room) return { records, next: last }
      records.push(bytes)
      room -= bytes.length
      last = [actor, seq]
    }
    return { records, next: null }
  }

  close(): void {
    this.#isClosed = true
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('the store is closed')
  }
}

/** A new, empty store. */
export const createMemoryStore = ({ epoch }: MemoryStoreInit): MemoryStore => new MemoryStore(epoch)

function isSameAttempt(row: StoredRecord, by: StoredRecord): boolean {
  if (row.record.attempt !== by.record.attempt || row.record.executor !== by.record.executor) {
    return false
  }
  const isSingle = row.record.count <= 1 && by.record.count <= 1
  return by.record.executor !== null || row.author === by.author || isSingle
}

const isClaim = ({ record }: StoredRecord): boolean =>
  record.executor !== null && record.phase !== 'queued'

/** What was queued speaks only while nothing else does. */
const placeOf = ({ record }: StoredRecord): number =>
  record.phase === 'queued' ? -1 : record.attempt

/** A range that begins with a tick stands for those behind it, too: a run of the first hides it not. */
function headsOf(rows: readonly HistoryRow[]): readonly HistoryRow[] {
  const own = rows.filter(({ stored }) => stored.record.count <= 1)
  const ranges = rows.filter(({ stored }) => stored.record.count > 1)
  if (own.length === 0 || ranges.length === 0) return [headOf(rows)]
  const speaker = headOf(own)
  return isClaim(speaker.stored) ? [speaker, headOf(ranges)] : [headOf(ranges)]
}

function headOf(rows: readonly HistoryRow[]): HistoryRow {
  return rows.toSorted(({ stored: a }, { stored: b }) => {
    const order =
      placeOf(b) - placeOf(a) ||
      Number(isClaim(b)) - Number(isClaim(a)) ||
      Number(b.record.outcome === 'success') - Number(a.record.outcome === 'success') ||
      phases.indexOf(b.record.phase) - phases.indexOf(a.record.phase) ||
      b.record.count - a.record.count ||
      (a.record.claimedMs ?? 0) - (b.record.claimedMs ?? 0)
    return order || compareText(a.record.executor ?? a.author, b.record.executor ?? b.author)
  })[0]!
}

function toRow({ stored }: HistoryRow, rows: readonly HistoryRow[]): ExecutionRow {
  return { record: stored.record, duplicate: stored.record.count <= 1 && duplicates(rows) > 0 }
}

/** Attempts of a slot that more than one member started. */
function duplicates(rows: readonly HistoryRow[]): number {
  const claims = Map.groupBy(
    rows.filter(({ stored }) => isClaim(stored)),
    ({ stored }) => stored.record.attempt,
  )
  return [...claims.values()].filter((same) => same.length > 1).length
}

function isAsked(record: ExecutionRecord, { job, state, sinceMs }: ExecutionQuery): boolean {
  if (job !== undefined && record.job !== job) return false
  if (sinceMs !== undefined && record.dueMs < sinceMs) return false
  if (state === undefined) return true
  return state === 'ended' ? record.phase === 'ended' : (record.outcome ?? record.phase) === state
}

/** Where a row is in lists; a run and the range that begins with its tick have one place. */
type Position = readonly [dueMs: number, place: number, count: number]

const positionOf = ({ stored: { record }, place }: HistoryRow): Position => [
  record.dueMs,
  place,
  record.count,
]

const byPosition = (a: Position, b: Position): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

function parseCursor(text: string): Position | undefined {
  const match = /^(\d{1,16})\.(\d{1,16})\.(\d{1,16})$/.exec(text)
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])]
}

function byAttempt(a: StoredRecord, b: StoredRecord): number {
  return (
    a.record.attempt - b.record.attempt ||
    compareText(a.record.slot, b.record.slot) ||
    (a.record.claimedMs ?? -1) - (b.record.claimedMs ?? -1) ||
    compareText(a.record.executor ?? a.author, b.record.executor ?? b.author)
  )
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

function wantedRecords(image: MemoryImage): readonly HistoryRow[] {
  const rows = image.rows()
  const newest = new Map<string, number>()
  for (const { stored } of rows) {
    const { job, dueMs } = stored.record
    newest.set(job, Math.max(dueMs, newest.get(job) ?? 0))
  }
  const last = Math.max(0, ...newest.values())
  const heads = new Set([...image.slots.values()].map((rows) => headOf(rows).stored))
  // what was queued and has started since is open no more
  const isOpen = (stored: StoredRecord): boolean =>
    stored.record.phase !== 'ended' && (stored.record.phase !== 'queued' || heads.has(stored))
  const wanted = rows.filter(({ stored }) => {
    const { record } = stored
    const decidedMs = image.watermarks.get(record.job) ?? -1
    const isGraph = record.trigger === 'graph'
    const isRange = record.count > 1 && record.throughMs > decidedMs
    const isDispatch =
      record.trigger === 'dispatch' && record.dueMs > last - limits.dispatchMemoryMs
    const isNewest = record.dueMs === newest.get(record.job)
    return (
      isOpen(stored) || (record.dueMs > decidedMs && !isGraph) || isRange || isDispatch || isNewest
    )
  })
  // the executions of a graph have the T of their root
  const dues = new Set(wanted.map(({ stored }) => stored.record.dueMs))
  const open = wanted.filter(({ stored }) => isOpen(stored) && stored.record.trigger === 'graph')
  const openDues = new Set(open.map(({ stored }) => stored.record.dueMs))
  const related = rows.filter(
    ({ stored: { record } }) =>
      openDues.has(record.dueMs) || (record.trigger === 'graph' && dues.has(record.dueMs)),
  )
  return [...new Set([...wanted, ...related])].sort(
    ({ stored: a, id: aId }, { stored: b, id: bId }) => {
      const order = a.record.dueMs - b.record.dueMs || a.record.attempt - b.record.attempt
      return order || aId - bId
    },
  )
}

function count(image: MemoryImage): Counts {
  const records = image.rows().map(({ stored }) => stored)
  const sum = (isCounted: (record: ExecutionRecord) => boolean): number =>
    records.reduce((n, { record }) => n + (isCounted(record) ? record.count : 0), 0)
  const claims = records.filter(isClaim)
  const hasEndedSo = (record: ExecutionRecord, outcomes: readonly string[]): boolean =>
    outcomes.includes(record.outcome ?? '')
  const ran = records.filter(({ record }) => hasEndedSo(record, ranOutcomes))
  const succeeded = ran.filter(({ record }) => record.outcome === 'success').length
  return {
    started: claims.length,
    takeovers: claims.filter(({ record }) => record.why === 'takeover').length,
    succeeded,
    failed: ran.length - succeeded,
    duplicates: [...image.slots.values()].reduce((n, rows) => n + duplicates(rows), 0),
    missed: sum((record) => hasEndedSo(record, ['missed', 'no-eligible-node'])),
    skipped: sum((record) =>
      hasEndedSo(record, [
        'skipped-overlap',
        'paused',
        'superseded',
        'capped',
        'blackout',
        'skipped-upstream',
      ]),
    ),
  }
}
