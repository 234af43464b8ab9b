import { setImmediate } from 'node:timers/promises'
import type { ListJobs } from '../../adapters/http/api.ts'
import type {
  Job as JobAnswer,
  JobConflict,
  JobPage,
  JobState,
} from '../../adapters/http/schema.ts'
import { forecastTick, isManual, isPaused, nextRun, rankFor } from '../../core/forecast.ts'
import { unknownJob } from '../../core/execution/requests.ts'
import { isSettled } from '../../core/execution/ledger.ts'
import { tickExecutionId, type JobName } from '../../core/ids.ts'
import type { Conflict, Job } from '../../core/jobs/catalog.ts'
import { toDocument } from '../../core/jobs/document.ts'
import type { Ranking } from '../../core/placement/candidates.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import { dependenciesOf } from './dependencies.ts'
import { differencesOf } from './differences.ts'
import type { Forecasts } from './forecasts.ts'
import type { JobHistory } from './job-history.ts'
import { outlookOf, toInstant, toInstantOrNull, type Scene } from './scene.ts'
import type { Timelines } from './timelines.ts'

const ticksShown = 5
const ticksInLists = 1

/** Jobs looked at before others may act. */
const sliceJobs = 100

/** States that tell of the schedule ahead. */
const statesAhead: readonly JobState[] = ['idle', 'exhausted', 'no-eligible-node']
const states: readonly JobState[] = [
  ...statesAhead,
  'running',
  'queued',
  'retrying',
  'paused',
  'disabled',
  'graph-conflict',
]

/** What is told of jobs. */
export class Jobs {
  readonly #scene: Scene
  readonly #timelines: Timelines
  readonly #forecasts: Forecasts
  readonly #history: JobHistory

  constructor(components: {
    readonly scene: Scene
    readonly timelines: Timelines
    readonly forecasts: Forecasts
    readonly history: JobHistory
  }) {
    this.#scene = components.scene
    this.#timelines = components.timelines
    this.#forecasts = components.forecasts
    this.#history = components.history
  }

  async list({ prefix = '', state, limit, cursor }: ListJobs): Promise<Result<JobPage>> {
    if (state !== undefined && !states.some((known) => known === state)) {
      return refuse('MC_BAD_INPUT', `no job is ever ${quote(state)}`, `use ${states.join(', ')}`)
    }
    const items: JobAnswer[] = []
    let looked = 0
    for (const job of this.#timelines.jobs()) {
      if (!job.name.startsWith(prefix) || (cursor !== undefined && job.name <= cursor)) continue
      looked += 1
      if (looked % sliceJobs === 0) await setImmediate()
      if (state !== undefined && !this.#isIn(job, state)) continue
      if (items.length === limit) return ok({ items, cursor: items.at(-1)!.name })
      items.push(this.show(job, ticksInLists))
    }
    return ok({ items, cursor: null })
  }

  get(name: string): Result<JobAnswer> {
    const job = this.#scene.node.replica.catalog.live(name as JobName)
    return job === undefined ? unknownJob(name) : ok(this.show(job))
  }

  /** A job with what this node knows about it. */
  show(job: Job, ticks: number = ticksShown): JobAnswer {
    const { enabled } = job.groups
    return {
      name: job.name,
      generation: job.generation,
      etag: job.etag,
      state: this.stateOf(job),
      document: toDocument(job.name, job.groups),
      pause: isPaused(job, this.#scene.nowMs())
        ? { note: enabled.note, until: toInstantOrNull(enabled.untilMs) }
        : null,
      conflicts: job.conflicts.map((conflict) => showConflict(job, conflict)),
      dependencies: dependenciesOf(this.#scene.node, job),
      next: this.#forecasts.ticksOf(job, ticks),
      ...this.#history.of(job.name),
    }
  }

  /** A pause is what somebody wanted, so it is told first; then what runs, then what cannot. */
  stateOf(job: Job): JobState {
    return this.#stateNow(job) ?? this.#stateAhead(job)
  }

  #isIn(job: Job, state: string): boolean {
    const now = this.#stateNow(job)
    if (now !== undefined) return now === state
    return statesAhead.some((known) => known === state) && this.#stateAhead(job) === state
  }

  /** The state as far as it does not depend on the schedule. */
  #stateNow(job: Job): JobState | undefined {
    if (!job.isSupported) return 'disabled'
    if (isPaused(job, this.#scene.nowMs())) return 'paused'
    const open = this.#openState(job.name)
    if (open !== undefined) return open
    const cycle = this.#scene.node.executions.children.topology.cycleOf(job.name)
    return cycle === undefined ? undefined : 'graph-conflict'
  }

  #stateAhead(job: Job): JobState {
    const dueMs = nextRun(job, this.#scene.nowMs())
    if (dueMs === undefined && !isManual(job.groups.timing)) return 'exhausted'
    return this.rankingOf(job).rank.length === 0 ? 'no-eligible-node' : 'idle'
  }

  /** Who may run the next tick, or a dispatch now where there is none. */
  rankingOf(job: Job): Ranking {
    const outlook = outlookOf(this.#scene)
    const dueMs = nextRun(job, outlook.nowMs)
    if (dueMs !== undefined) return forecastTick(job, dueMs, outlook).ranking
    const execution = tickExecutionId(job.name, job.generation, outlook.nowMs)
    return rankFor(job, execution, outlook.nowMs, outlook)
  }

  #openState(name: JobName): 'running' | 'queued' | 'retrying' | undefined {
    const { ledger } = this.#scene.node.executions
    let found: 'queued' | 'retrying' | undefined
    for (const execution of ledger.open(name)) {
      for (const slot of ledger.slots(execution)) {
        const record = ledger.newest(execution, slot)?.record
        if (record === undefined || isSettled(record)) continue
        if (record.phase === 'claimed' || record.phase === 'running') return 'running'
        if (record.phase === 'ended') found = 'retrying'
        // a dispatch for every node stays queued; its other slots tell how it goes
        else if (slot !== '*') found ??= 'queued'
      }
    }
    return found
  }
}

/** What counts, and what each of the others would make of the job. */
function showConflict(job: Job, { group, winner, losers }: Conflict): JobConflict {
  const counts = toDocument(job.name, job.groups)
  return {
    group,
    winner,
    losers: losers.map(({ value, author, atMs }) => {
      const document = toDocument(job.name, { ...job.groups, [group]: value })
      const differences = differencesOf(counts, document)
      return { value, author, at: toInstant(atMs), document, differences }
    }),
  }
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 40))
