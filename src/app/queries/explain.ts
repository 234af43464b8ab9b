// Why a tick ran where it ran, did not run, or would run: the ranking by the scheduler's own code with
// the facts of now, and what was recorded and noted about it.

import type { ExplainQuery } from '../../adapters/http/api.ts'
import type { Explain, RankedCandidate } from '../../adapters/http/schema.ts'
import { unknownJob } from '../../core/execution/requests.ts'
import { forecastTick, isManual, nextRun, rankFor } from '../../core/forecast.ts'
import {
  attemptId,
  tickExecutionId,
  type ExecutionId,
  type JobName,
  type MemberId,
  soleSlot,
} from '../../core/ids.ts'
import type { Watch } from '../../core/execution/takeover.ts'
import type { Job } from '../../core/jobs/catalog.ts'
import { placementKey, type Ranking } from '../../core/placement/candidates.ts'
import { rankKey, scoreMember } from '../../core/placement/rendezvous.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import { nextTick, previousTick } from '../../core/scheduler/tick.ts'
import type { ExecutionRow } from '../../ports/store.ts'
import { headsOf, toItem } from './execution-item.ts'
import type { History } from './executions.ts'
import { factsOf, type Subject } from './explain-facts.ts'
import { namesOf } from './forecasts.ts'
import { nameOf, outlookOf, toInstant, type Scene } from './scene.ts'

const rangePagesMax = 3
const rangePageRows = 100

export class Explanations {
  readonly #scene: Scene
  readonly #history: History

  constructor(components: { readonly scene: Scene; readonly history: History }) {
    this.#scene = components.scene
    this.#history = components.history
  }

  explain(query: ExplainQuery): Result<Explain> {
    const subject =
      'execution' in query
        ? this.#ofExecution(query.execution)
        : this.#ofTick(query.job, query.atMs)
    return subject.ok ? ok(this.#tell(subject.value)) : subject
  }

  #ofExecution(id: string): Result<Subject> {
    const found = this.#history.find(id)
    if (!found.ok) return found
    const { head, rows } = found.value
    const { job: name, dueMs, execution, generation } = head.record
    const live = this.#scene.node.replica.catalog.live(name)
    const job = live?.generation === generation ? live : undefined
    return ok(this.#subject({ job, name, dueMs, execution, rows, head, hint: undefined }))
  }

  #ofTick(text: string, atMs: number | undefined): Result<Subject> {
    const name = text as JobName
    const job = this.#scene.node.replica.catalog.live(name)
    if (job === undefined) return unknownJob(text)
    const recorded = atMs === undefined ? undefined : this.#recorded(job, atMs)
    const picked =
      recorded === undefined ? this.#pick(job, atMs) : ok({ dueMs: recorded, hint: undefined })
    if (!picked.ok) return picked
    const { dueMs, hint } = picked.value
    const execution = tickExecutionId(name, job.generation, dueMs)
    const rows = this.#scene.store.attempts(execution)
    const heads = headsOf(rows)
    const head = heads.find(({ record }) => record.phase !== 'ended') ?? heads[0]
    const range = head === undefined ? this.#rangeOver(name, dueMs) : undefined
    return ok(this.#subject({ job, name, dueMs, execution, rows, head: head ?? range, hint }))
  }

  /** The instant itself when something is recorded of a tick that has it. */
  #recorded(job: Job, atMs: number): number | undefined {
    const execution = tickExecutionId(job.name, job.generation, atMs)
    return this.#scene.store.attempts(execution).length > 0 ? atMs : undefined
  }

  /** The tick that is meant by an instant: the one that has it, else the next, else the last. */
  #pick(
    job: Job,
    atMs: number | undefined,
  ): Result<{ readonly dueMs: number; readonly hint: string | undefined }> {
    const { timing } = job.groups
    const nowMs = this.#scene.nowMs()
    if (atMs === undefined) {
      const dueMs = nextRun(job, nowMs) ?? nextTick(job.name, timing, nowMs)
      if (dueMs !== undefined) return ok({ dueMs, hint: undefined })
    } else if (previousTick(job.name, timing, atMs) === atMs)
      return ok({ dueMs: atMs, hint: undefined })
    const fromMs = atMs ?? nowMs
    const dueMs = nextTick(job.name, timing, fromMs) ?? previousTick(job.name, timing, fromMs)
    if (dueMs !== undefined) {
      const hint = `no tick is due at ${toInstant(fromMs)}: this is the one nearest to it`
      return ok({ dueMs, hint })
    }
    if (isManual(timing)) {
      return ok({ dueMs: nowMs, hint: 'it has no ticks: this is how it would be run now' })
    }
    return refuse(
      'MC_BAD_INPUT',
      `job ${job.name} has no tick, past or coming`,
      'look at its schedule, startAt and endAt',
    )
  }

  /** A run of equal ticks that did not run is one record. */
  #rangeOver(job: JobName, dueMs: number): ExecutionRow | undefined {
    if (dueMs > this.#scene.nowMs()) return undefined
    for (const state of ['paused', 'missed']) {
      let cursor: string | undefined
      for (let page = 0; page < rangePagesMax; page += 1) {
        const more = cursor === undefined ? {} : { cursor }
        const found = this.#scene.store.executions({ job, state, limit: rangePageRows, ...more })
        const range = found.rows.find(
          ({ record }) => record.dueMs <= dueMs && dueMs <= record.throughMs,
        )
        if (range !== undefined) return range
        cursor = found.cursor
        const oldest = found.rows.at(-1)
        if (cursor === undefined || (oldest !== undefined && oldest.record.throughMs < dueMs)) break
      }
    }
    return undefined
  }

  #subject(parts: Omit<Subject, 'ranking' | 'watches'>): Subject {
    const watches = this.#watchesOf(parts.execution, parts.rows)
    return { ...parts, watches, ranking: this.#rank(parts, watches[0]) }
  }

  /** Attempts that are waited for here and now. */
  #watchesOf(execution: ExecutionId, rows: readonly ExecutionRow[]): readonly Watch[] {
    const { node } = this.#scene
    const slots = new Set(['0', node.membership.self, ...rows.map(({ record }) => record.slot)])
    const last = Math.max(0, ...rows.map(({ record }) => record.attempt))
    const numbers = new Set([1, last, last + 1])
    return [...slots].flatMap((slot) =>
      [...numbers].flatMap((number) => {
        return node.executions.takeover.get(attemptId(execution, slot, number)) ?? []
      }),
    )
  }

  #rank(
    { job, dueMs, execution, head }: Omit<Subject, 'ranking' | 'watches'>,
    watch: Watch | undefined,
  ): Ranking {
    if (job === undefined) return { rank: [], excluded: [] }
    if (watch !== undefined) return this.#scene.node.executions.rankOf(watch)
    const outlook = outlookOf(this.#scene)
    const isTick = execution === tickExecutionId(job.name, job.generation, dueMs)
    const isLate =
      head !== undefined && ['catch-up', 'dispatch', 'retry', 'queue'].includes(head.record.why)
    if (isTick && !isLate) return forecastTick(job, dueMs, outlook).ranking
    const startMs = head?.record.claimedMs ?? outlook.nowMs
    return rankFor(job, execution, startMs, outlook)
  }

  #tell(subject: Subject): Explain {
    const { node } = this.#scene
    const { ranking, head, name, dueMs, execution } = subject
    const named = namesOf(node, ranking)
    const members = node.membership.members()
    const states = new Map<string, string>(
      members.map(({ record, state }) => [record.member, state]),
    )
    const job = subject.job
    const key =
      job === undefined
        ? rankKey('tick', execution)
        : placementKey(job.groups, job.name, execution, soleSlot)
    const candidate = (id: MemberId | string): RankedCandidate => ({
      id,
      name: nameOf(node, id) ?? '',
      score: Number(scoreMember(key, id) >> 11n) / 2 ** 53,
      state: states.get(id) ?? 'unknown',
    })
    return {
      job: name,
      scheduledAt: toInstant(dueMs),
      ...(head === undefined ? {} : { execution: toItem(node, head) }),
      view: members.map(({ record, state }) => ({
        id: record.member,
        name: record.name,
        state,
      })),
      rank: ranking.rank.map(candidate),
      excluded: named.excluded,
      facts: factsOf(this.#scene, subject),
      outcome: head?.record.outcome ?? null,
      reason: head?.record.reason ?? '',
    }
  }
}
