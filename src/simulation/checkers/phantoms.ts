// C3: nothing starts that no definition in force asks for, and nothing out of its time or place.

import type { Checker, Counters, EntryOf, History, Violation } from '../history.ts'
import { latestPlannedMs, oracleDeadline } from '../oracle/cutoff.ts'
import { oracleTicks } from '../oracle/schedule.ts'
import { attemptsOf, type Run } from './attempts.ts'
import { jobsOf, type JobTruth, type Writing } from './definitions.ts'
import { groundOf } from './ground.ts'

type Start = EntryOf<'exec.start'>

/** From a write on a node to the last start by what it replaced: a start that was on its way. */
const switchMs = 1_000
/** How far two clocks that count as right may be apart. */
const clockMs = 4_000

/** C3. */
export class PhantomsChecker implements Checker {
  readonly name = 'C3'
  #starts = 0
  readonly #ticks = new Map<Writing, ReadonlySet<number>>()

  get stats(): Counters {
    return { starts: this.#starts }
  }

  check(history: History): readonly Violation[] {
    this.#ticks.clear()
    this.#starts = attemptsOf(history).runs.length
    const dispatched = new Set(
      history.entries.flatMap((entry) => (entry.kind === 'dispatch.ack' ? [entry.execution] : [])),
    )
    return attemptsOf(history).runs.flatMap((run): readonly Violation[] => {
      const { start } = run
      const reason =
        start.dueMs === null
          ? dispatched.has(start.execution)
            ? undefined
            : 'nobody asked for this dispatch'
          : this.#reasonAgainst(history, run)
      if (reason === undefined) return []
      const { atMs, job, execution, node } = start
      return [{ property: 'C3', message: `${reason}; node ${node}`, atMs, job, execution }]
    })
  }

  #reasonAgainst(history: History, { start }: Run): string | undefined {
    const truth = jobsOf(history).get(start.job)
    if (truth === undefined) return 'nobody ever wrote this job'
    const puts = truth.writes.filter(({ generation }) => generation === start.generation)
    const having = puts.filter((write) => this.#ticksOf(history, write).has(start.dueMs!))
    if (having.length === 0) return 'no definition of the job has this tick'
    // a further attempt belongs to the execution, whatever became of its tick's definition
    if (start.number > 1) return undefined
    return (
      this.#isInForce(truth, start, having) ??
      isInTime(history, start, having) ??
      isInPlace(history, start, truth.possibleAt('rest', start.node, start.atMs, switchMs))
    )
  }

  #ticksOf(history: History, write: Writing): ReadonlySet<number> {
    let ticks = this.#ticks.get(write)
    if (ticks === undefined) {
      const { timing } = write.definition!
      // a clock that is far ahead starts what is far ahead
      ticks = new Set(oracleTicks(timing, write.sentMs - 7_200_000, history.endMs + 7_200_000))
      this.#ticks.set(write, ticks)
    }
    return ticks
  }

  /** Judged by what was on the node's own disk when it started. */
  #isInForce(truth: JobTruth, start: Start, having: readonly Writing[]): string | undefined {
    const { node, atMs } = start
    const rest = truth.possibleAt('rest', node, atMs, switchMs)
    if (!rest.some((write) => having.includes(write))) return 'the schedule was replaced here'
    const life = truth.possibleAt('life', node, atMs, switchMs)
    if (life.every(({ kind }) => kind === 'delete')) return 'the job was deleted here'
    const enabled = truth.possibleAt('enabled', node, atMs, switchMs)
    // a pause is judged when the start is planned, which is later than the tick where there is jitter
    const plans = having.map(({ definition }) => latestPlannedMs(definition!.timing, start.dueMs!))
    const isPaused = enabled.every((write) => isPausedBy(write, Math.max(...plans)))
    return isPaused ? 'the job was paused here' : undefined
  }
}

function isPausedBy(write: Writing, plannedMs: number): boolean {
  const group = write.definition?.enabled
  if (write.kind === 'resume' || group?.enabled === true) return false
  const untilMs = write.kind === 'pause' ? write.untilMs : (group?.untilMs ?? null)
  return untilMs === null || untilMs > plannedMs + clockMs
}

/** A first attempt after the cutoff of its tick, by clocks that were right. */
function isInTime(history: History, start: Start, having: readonly Writing[]): string | undefined {
  const ground = groundOf(history)
  const isClear =
    ground.hasGoodClocks(start.atMs) && !ground.nodes[start.node]!.skewed.has(start.atMs)
  if (!isClear) return undefined
  const cutoffs = having.map(({ definition }) => {
    const { timing, delivery } = definition!
    return latestPlannedMs(timing, start.dueMs!) + oracleDeadline(timing, delivery, start.dueMs!)
  })
  const lateMs = start.atMs - Math.max(...cutoffs)
  return lateMs > clockMs ? `started ${Math.round(lateMs)} ms after its cutoff` : undefined
}

function isInPlace(
  history: History,
  start: Start,
  inForce: readonly Writing[],
): string | undefined {
  const tags = history.scenery.tags[start.node] ?? {}
  const isAllowed = inForce.some(({ definition }) =>
    Object.entries(definition!.placement.tags).every(([key, value]) => tags[key] === value),
  )
  return isAllowed ? undefined : 'the node does not have the tags'
}
