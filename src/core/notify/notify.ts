// Notifications: what is told to people, and by whom. Every member that has a channel judges the same
// records by the same rules and comes to the same messages; the outbox settles who sends them. It
// only listens: nothing that is scheduled waits for it.

import type { Author } from '../author.ts'
import { etagOf, type Catalog, type Job } from '../jobs/catalog.ts'
import type { GroupName } from '../jobs/definition.ts'
import { calendarKey, calendarOfKey, tickExecutionId, type JobName } from '../ids.ts'
import type { Executions } from '../execution/executions.ts'
import type { Post } from '../execution/post.ts'
import type { ExecutionRecord, StoredRecord } from '../execution/record.ts'
import { endOf } from '../graph/verdict.ts'
import type { Timers } from '../limits.ts'
import type { Membership } from '../membership/membership.ts'
import { rankKey } from '../placement/rendezvous.ts'
import { deniedUntil } from '../scheduler/calendar.ts'
import { judgeTick } from '../scheduler/judge-tick.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Turn } from '../turn.ts'
import { Absence } from './absence.ts'
import { conditionsOf, type Condition } from './conditions.ts'
import { NoticeFacts, reasonOf } from './facts.ts'
import { History, type HistoryState } from './history.ts'
import { emptyNotice, noticeId, type Notice } from './notice.ts'
import { Outbox } from './outbox.ts'
import { isAboutJobs, needsHistory, ruleKey, type JobEvent, type NotifyRule } from './rule.ts'
import { endedBy, type Change } from './streak.ts'
import { ToldNotices } from './told.ts'

/** What the owner of this node configured. */
export interface NotifyInit {
  readonly channels: readonly string[]
  /** For all jobs, and for what concerns the fleet. */
  readonly rules: readonly NotifyRule[]
}

export interface NotifyWorld {
  /** Whether this node knows what the others know. */
  isReady(): boolean
  /** Up to which tick of a job all are decided. */
  watermarkMs(job: JobName): number
}

const sweepMs = 1_000
const absenceMs = 5_000
const forgetMs = 60_000
const watchersMax = 3

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() }

export class Notify {
  readonly outbox: Outbox
  readonly #turn: Turn
  readonly #membership: Membership
  readonly #catalog: Catalog
  readonly #executions: Executions
  readonly #world: NotifyWorld
  readonly #init: NotifyInit
  readonly #told: ToldNotices
  readonly #absence: Absence
  readonly #facts: NoticeFacts
  readonly #histories = new Map<JobName, History>()
  /** Clock of the pause and of conflicts that are known already. */
  readonly #edits = new Map<JobName, string>()
  /** Conditions of the fleet that were told of. */
  #conditions: ReadonlyMap<string, Condition> = new Map()
  #sweptAtMs = -Infinity
  #lookedAtMs = -Infinity
  #forgotAtMs = -Infinity

  constructor(
    components: {
      turn: Turn
      author: Author
      crypto: Crypto
      timers: Timers
      membership: Membership
      catalog: Catalog
      executions: Executions
      post: Post
      world: NotifyWorld
    },
    init: NotifyInit,
    stored: Iterable<readonly [string, Uint8Array]>,
  ) {
    this.#turn = components.turn
    this.#membership = components.membership
    this.#catalog = components.catalog
    this.#executions = components.executions
    this.#world = components.world
    this.#init = init
    this.#told = new ToldNotices(components)
    this.#facts = new NoticeFacts(components)
    this.outbox = new Outbox({ ...components, told: this.#told })
    this.#absence = new Absence({
      judge: (job, dueMs) => judgeTick(job, this.#catalog.usesOf(job), dueMs),
      isDecided: (job, tick) =>
        this.#world.watermarkMs(job.name) >= tick.dueMs ||
        this.#executions.isTickDecided(job, tick),
      absent: (job, dueMs) => {
        const execution = tickExecutionId(job.name, job.generation, dueMs)
        this.#absent(job, execution, 'nothing was heard of it', { execution, dueMs })
      },
    })
    this.#restore(stored)
    for (const job of this.#catalog.jobs()) this.#noteEdits(job)
  }

  #restore(stored: Iterable<readonly [string, Uint8Array]>): void {
    const rows = [...stored].toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [key, bytes] of rows) {
      const { channels } = this.#init
      if (this.#told.restore(key, bytes) || this.outbox.restore(key, bytes, channels)) continue
      const name = key.slice('job/'.length) as JobName
      const state = JSON.parse(utf8.decoder.decode(bytes)) as HistoryState
      this.#histories.set(name, new History(state))
      if (this.#catalog.live(name) === undefined) this.#forget(name)
    }
  }

  /** The rules of a job that this node could carry out. */
  #rulesOf(job: Job): readonly NotifyRule[] {
    const { channels, rules } = this.#init
    if (channels.length === 0) return []
    const own = job.groups.notify.rules.filter(({ via }) => channels.includes(via))
    return [...own, ...rules.filter(isAboutJobs)]
  }

  // ── records ────────────────────────────────────────────────────────────────────────────────────

  /** A record told something new. */
  recorded({ record }: StoredRecord): void {
    const job = this.#catalog.live(record.job)
    const rules = job === undefined ? [] : this.#rulesOf(job)
    if (job === undefined || rules.length === 0) return
    this.#moments(job, record, rules)
    const end = endOf(this.#executions.ledger, record.job, record.execution)
    if (record.count === 1 && end === undefined) return
    const ended = endedBy(record, end)
    if (ended.end === 'success') this.#each(job, rules, 'success', record)
    if (!rules.some(needsHistory) && job.groups.notify.expectEveryMs === null) return
    const history = this.#historyOf(job.name)
    const news = history.note(ended, rules)
    const bytes = utf8.encoder.encode(JSON.stringify(history.state))
    const writes = [{ kind: 'notice', key: `job/${job.name}`, bytes } as const]
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
    for (const { rule, change } of news) this.#changed(job, rule, change)
  }

  #historyOf(job: JobName): History {
    let history = this.#histories.get(job)
    if (history === undefined) {
      history = new History()
      this.#histories.set(job, history)
    }
    return history
  }

  /** What a record tells by itself, whatever came before. */
  #moments(job: Job, record: ExecutionRecord, rules: readonly NotifyRule[]): void {
    const { phase, attempt, slot, execution, claimedMs } = record
    if (record.executor === null) return
    const isFirst = attempt === 1 && phase !== 'queued'
    if (isFirst && phase !== 'ended') this.#each(job, rules, 'started', record)
    if (isFirst && record.trigger === 'schedule' && claimedMs !== null) {
      const member = job.groups.placement.every ? slot : undefined
      const tick = judgeTick(job, this.#catalog.usesOf(job), record.dueMs, member)
      const { plannedMs } = this.#executions.attemptOfTick(job, tick, slot)
      const lateMs = (record.startedMs ?? claimedMs) - plannedMs
      const late = rules.filter(({ lateStartMs }) => lateMs > lateStartMs)
      this.#each(job, late, 'late-start', record, `${Math.round(lateMs / 1_000)} s late`)
    }
    if (record.nextAttemptAtMs !== null && phase === 'ended') {
      this.#each(
        job,
        rules,
        'retrying',
        record,
        reasonOf(record),
        `${execution}.${slot}.${attempt}`,
      )
    }
    if (this.#executions.ledger.claims(execution, slot, attempt).length > 1) {
      this.#each(job, rules, 'duplicate', record)
    }
  }

  /** A message for each rule that asks for the event. */
  #each(
    job: Job,
    rules: readonly NotifyRule[],
    event: JobEvent,
    record: ExecutionRecord,
    reason: string = reasonOf(record),
    about: string = record.execution,
  ): void {
    for (const rule of rules) {
      if (!rule.on.includes(event)) continue
      this.#tell(rule, about, { ...this.#facts.of(job, record), event, reason })
    }
  }

  /** An alarm has come or gone. */
  #changed(job: Job, rule: NotifyRule, { event, ended, streak }: Change): void {
    const asked = askedAs(rule, event)
    // who hears of alarms hears also why there is silence
    if (asked !== 'flapping' && !rule.on.includes(asked)) return
    const record = this.#facts.newestOf(ended.execution)
    const facts = record === undefined ? this.#facts.ofJob(job) : this.#facts.of(job, record)
    const { execution, dueMs, endedMs: atMs } = ended
    this.#tell(rule, execution, { ...facts, event: asked, execution, dueMs, atMs, streak })
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────────

  #tell(
    rule: NotifyRule,
    about: string,
    notice: Omit<Notice, 'id'>,
    more: { readonly kind?: string; readonly watched?: JobName } = {},
  ): void {
    if (this.#isMuted(rule)) return
    const id = noticeId(ruleKey(rule), about, more.kind ?? notice.event)
    this.outbox.add({ ...notice, id, atMs: Math.floor(notice.atMs) }, rule.via, more.watched)
  }

  #isMuted({ mute }: NotifyRule): boolean {
    const calendar = mute === null ? undefined : this.#catalog.live(calendarKey(mute))
    if (mute === null || calendar === undefined) return false
    const use = { name: mute, onDeny: 'skip', atEnd: 'finish' } as const
    const uses = [{ ...use, calendar: calendar.groups.calendar }]
    return deniedUntil(uses, this.#turn.clusterMs) !== undefined
  }

  // ── edits ──────────────────────────────────────────────────────────────────────────────────────

  /** A job was written, here or elsewhere. */
  jobChanged(name: JobName): void {
    const job = this.#catalog.live(name)
    if (calendarOfKey(name) !== undefined) return
    if (job === undefined) {
      this.#edits.delete(name)
      this.#forget(name)
      return
    }
    const before = this.#edits.get(name)
    const { paused, conflict } = this.#noteEdits(job)
    if (before === undefined) return
    const facts = this.#facts.ofJob(job)
    for (const rule of this.#rulesOf(job)) {
      if (paused !== '' && !before.startsWith(`${paused} `) && rule.on.includes('paused')) {
        const reason = job.groups.enabled.note
        this.#tell(rule, `${name}:${paused}`, { ...facts, event: 'paused', reason })
      }
      if (conflict !== '' && !before.endsWith(` ${conflict}`) && rule.on.includes('conflict')) {
        const reason = job.conflicts.map(({ group }) => group).join(', ')
        this.#tell(rule, `${name}:${conflict}`, { ...facts, event: 'conflict', reason })
      }
    }
  }

  #noteEdits(job: Job): { readonly paused: string; readonly conflict: string } {
    const clockOf = (group: GroupName): string => etagOf(this.#catalog.clockOf(job.name, group))
    const paused = job.groups.enabled.enabled ? '' : clockOf('enabled')
    const conflict = job.conflicts.map(({ group }) => clockOf(group)).join('+')
    this.#edits.set(job.name, `${paused} ${conflict}`)
    return { paused, conflict }
  }

  #forget(name: JobName): void {
    if (!this.#histories.delete(name)) return
    const writes = [{ kind: 'notice', key: `job/${name}`, bytes: null } as const]
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
  }

  // ── time passes ────────────────────────────────────────────────────────────────────────────────

  wake(): void {
    if (!this.#world.isReady()) return
    const now = this.#turn.monoMs
    if (this.#init.channels.length > 0 && now - this.#sweptAtMs >= sweepMs) {
      this.#sweptAtMs = now
      this.#sweep()
    }
    if (now - this.#forgotAtMs >= forgetMs) {
      this.#forgotAtMs = now
      this.#told.forget()
    }
    this.outbox.wake()
  }

  nextMs(): number {
    return this.#world.isReady() ? this.outbox.nextMs() : Infinity
  }

  #sweep(): void {
    this.#lookAtFleet()
    this.#lookAtRuns()
    for (const name of this.#histories.keys()) this.#remind(name)
    const now = this.#turn.monoMs
    if (this.#membership.isIsolated || now - this.#lookedAtMs < absenceMs) return
    this.#lookedAtMs = now
    const expected = this.#catalog
      .jobs()
      .filter((job) => this.#rulesOf(job).some(({ on }) => on.includes('missed')))
    const isAged = (job: Job): boolean => job.groups.notify.expectEveryMs !== null
    const ticking = expected.filter((job) => !isAged(job))
    this.#absence.look(ticking, this.#turn.clusterMs)
    for (const job of expected.filter(isAged)) this.#lookAtAge(job)
  }

  /** Tells of what was not heard, if this node is among the watchers of the job. */
  #absent(
    job: Job,
    about: string,
    reason: string,
    more: Partial<Pick<Notice, 'execution' | 'dueMs'>> = {},
  ): void {
    const event = 'missed'
    const facts = { ...this.#facts.ofJob(job), ...more, event, outcome: event, reason } as const
    for (const rule of this.#rulesOf(job)) {
      if (!rule.on.includes(event)) continue
      const order = this.outbox.order(rule.via, rankKey('watch', job.name))
      if (!order.slice(0, watchersMax).includes(this.#membership.self)) continue
      this.#tell(rule, about, facts, { watched: job.name })
    }
  }

  #lookAtAge(job: Job): void {
    const everyMs = job.groups.notify.expectEveryMs!
    const lastMs = Math.max(this.#histories.get(job.name)?.succeededMs ?? 0, job.changedMs)
    if (!job.groups.enabled.enabled || this.#turn.clusterMs < lastMs + everyMs) return
    this.#absent(job, `${job.name}:since ${lastMs}`, 'no success for too long')
  }

  #lookAtRuns(): void {
    for (const { record } of this.#executions.ledger.newestOpen()) {
      const { startedMs } = record
      const job = record.phase === 'running' ? this.#catalog.live(record.job) : undefined
      if (job === undefined || startedMs === null) continue
      const ranMs = this.#turn.clusterMs - startedMs
      const history = this.#histories.get(job.name) ?? new History()
      const long = this.#rulesOf(job).filter(
        (rule) => rule.on.includes('long-run') && ranMs > (history.longFromMs(rule) ?? Infinity),
      )
      this.#each(job, long, 'long-run', record, `for ${Math.round(ranMs / 1_000)} s`)
    }
  }

  /** Alarms that last are told again now and then. */
  #remind(name: JobName): void {
    const job = this.#catalog.live(name)
    if (job === undefined) return
    for (const rule of this.#rulesOf(job)) {
      const { remindMs } = rule
      if (remindMs === null) continue
      const standing = this.#histories.get(name)!.standing(rule)
      const { isAlarm, isFlapping, sinceMs, execution, bad, badEnd } = standing
      const times = Math.floor((this.#turn.clusterMs - sinceMs) / remindMs)
      if (!isAlarm || isFlapping || execution === null || badEnd === null || times < 1) continue
      const event = askedAs(rule, badEnd)
      const atMs = sinceMs + times * remindMs
      const facts = {
        ...this.#facts.ofJob(job),
        event,
        execution,
        atMs,
        streak: bad,
        isReminder: true,
      }
      this.#tell(rule, execution, facts, { kind: `remind ${times}` })
    }
  }

  #lookAtFleet(): void {
    const fleetRules = this.#init.rules
    if (fleetRules.length === 0) return
    const { self, isIsolated } = this.#membership
    const found = conditionsOf(
      this.#membership.members(),
      { self, isIsolated },
      this.#turn.clusterMs,
    )
    const before = this.#conditions
    const now = new Map(found.map((one) => [`${one.event} ${one.about}`, one]))
    for (const [key, condition] of now)
      if (!before.has(key)) this.#tellOf(condition, condition.event)
    // who is cut off does not see whether the others are well
    if (!isIsolated) {
      for (const [key, one] of before) if (!now.has(key)) this.#tellOf(one, 'recovered')
    }
    this.#conditions = now
  }

  #tellOf(condition: Condition, event: Notice['event']): void {
    const { member, memberName, about, reason, sinceMs } = condition
    for (const rule of this.#init.rules) {
      if (!rule.on.includes(condition.event) || !rule.on.includes(event as JobEvent)) continue
      const atMs = event === 'recovered' ? this.#turn.clusterMs : sinceMs
      const facts = { ...emptyNotice, event, atMs, member, memberName, reason }
      this.#tell(rule, `${condition.event} ${about}`, facts)
    }
  }
}

/** Who asks for failures hears of timeouts as such. */
const askedAs = <E extends Change['event']>(rule: NotifyRule, event: E): E | 'failure' =>
  event === 'timeout' && !rule.on.includes('timeout') ? 'failure' : event
