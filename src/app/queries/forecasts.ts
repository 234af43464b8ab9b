import type { PlanQuery } from '../../adapters/http/api.ts'
import type {
  Candidate,
  Excluded,
  JobTick,
  NextTick,
  Plan,
  PlannedTick,
} from '../../adapters/http/schema.ts'
import { forecastTick, nextRuns, Timeline, type Forecast, type Run } from '../../core/forecast.ts'
import { unknownJob } from '../../core/execution/requests.ts'
import type { JobName } from '../../core/ids.ts'
import type { Job } from '../../core/jobs/catalog.ts'
import type { Node } from '../../core/node.ts'
import type { Ranking } from '../../core/placement/candidates.ts'
import { ok, type Result } from '../../core/result.ts'
import { nameOf, outlookOf, toInstant, type Scene } from './scene.ts'
import type { Timelines } from './timelines.ts'

/** What is said of one job's coming ticks, of all jobs' ones, and in status. */
export class Forecasts {
  readonly #scene: Scene
  readonly #timelines: Timelines

  constructor(components: { readonly scene: Scene; readonly timelines: Timelines }) {
    this.#scene = components.scene
    this.#timelines = components.timelines
  }

  async plan(query: PlanQuery): Promise<Result<Plan>> {
    const runs = await this.#runs(query)
    if (!runs.ok) return runs
    const { node } = this.#scene
    const outlook = outlookOf(this.#scene)
    const ticks = runs.value.map(({ job, dueMs }): PlannedTick => {
      const { ranking, plannedMs, deniedBy } = forecastTick(job, dueMs, outlook)
      return {
        job: job.name,
        ...tickOf(node, { dueMs, plannedMs, ranking, deniedBy }),
        ...namesOf(node, ranking),
      }
    })
    return ok({ ticks })
  }

  async #runs({
    job: name,
    fromMs,
    toMs = Infinity,
    limit,
  }: PlanQuery): Promise<Result<readonly Run[]>> {
    const afterMs = fromMs === undefined ? this.#scene.nowMs() : fromMs - 1
    if (name === undefined) {
      if (fromMs === undefined) return ok(await this.#timelines.ahead(toMs, limit))
      return ok(await this.#timelines.between(fromMs, toMs, limit))
    }
    const job = this.#scene.node.replica.catalog.live(name as JobName)
    if (job === undefined) return unknownJob(name)
    const timeline = new Timeline()
    timeline.set(job, afterMs)
    return ok(timeline.read(afterMs, toMs, limit))
  }

  /** The next ticks of one job, each with its predicted executor. */
  ticksOf(job: Job, max: number): readonly JobTick[] {
    const outlook = outlookOf(this.#scene)
    return nextRuns(job, outlook.nowMs, max).map((dueMs) =>
      tickOf(this.#scene.node, forecastTick(job, dueMs, outlook)),
    )
  }

  /** The next ticks of all jobs, for status. */
  async next(max: number): Promise<readonly NextTick[]> {
    const runs = await this.#timelines.ahead(Infinity, max)
    const outlook = outlookOf(this.#scene)
    return runs.map(({ job, dueMs }) => {
      const { ranking, deniedBy } = forecastTick(job, dueMs, outlook)
      const node = deniedBy === null ? (ranking.rank[0] ?? null) : null
      return {
        job: job.name,
        scheduledAt: toInstant(dueMs),
        node,
        nodeName: nameOf(this.#scene.node, node),
        rank: ranking.rank,
      }
    })
  }
}

function tickOf(
  node: Node,
  {
    dueMs,
    plannedMs,
    ranking,
    deniedBy,
  }: Pick<Forecast, 'dueMs' | 'plannedMs' | 'ranking' | 'deniedBy'>,
): JobTick {
  const first = deniedBy === null ? (ranking.rank[0] ?? null) : null
  return {
    scheduledAt: toInstant(dueMs),
    plannedAt: toInstant(plannedMs),
    node: first,
    nodeName: nameOf(node, first),
    deniedBy,
  }
}

/** A ranking with the names of its members. */
export function namesOf(
  node: Node,
  { rank, excluded }: Ranking,
): { readonly rank: readonly Candidate[]; readonly excluded: readonly Excluded[] } {
  return {
    rank: rank.map((id) => ({ id, name: nameOf(node, id) ?? '' })),
    excluded: excluded.map(({ member: id, reason }) => ({
      id,
      name: nameOf(node, id) ?? '',
      reason,
    })),
  }
}
