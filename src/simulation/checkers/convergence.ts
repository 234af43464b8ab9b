// C5: once everything is healed all nodes hold the same definitions and see each other, and every
// tick has one outcome, the same one everywhere.

import type { Checker, Counters, EntryOf, History, Row, Violation } from '../history.ts'
import { attemptsOf } from './attempts.ts'
import { groundOf } from './ground.ts'
import { ticksOf } from './obligations.ts'
import { finalSamples, phaseStart, samplesOf } from './samples.ts'

type Sample = EntryOf<'sample'>

/** From healing to connections everywhere: the longest pause between two attempts to dial. */
const connectMs = 47_000
const rowsShown = 5
/** An end must be written. */
const tellMs = 5_000

/** C5. */
export class ConvergenceChecker implements Checker {
  readonly name = 'C5'
  #counts: Record<string, number> = {}

  get stats(): Counters {
    return this.#counts
  }

  check(history: History): readonly Violation[] {
    this.#counts = { outcomes: 0 }
    const healedMs = phaseStart(history, 'healed')
    if (healedMs === undefined) return []
    const dueMs = healedMs + convergenceMs(history)
    return [
      ...this.#definitions(history, healedMs, dueMs),
      ...winners(history),
      ...views(history),
      ...this.#outcomes(history),
      ...forgottenEnds(history),
    ]
  }

  #definitions(history: History, healedMs: number, dueMs: number): readonly Violation[] {
    const rounds = Map.groupBy(samplesOf(history), ({ atMs }) => atMs)
    let equalMs: number | undefined
    for (const [atMs, samples] of rounds) {
      if (atMs < healedMs) continue
      const digests = new Set(samples.map(({ catalogDigest }) => catalogDigest))
      if (digests.size === 1) equalMs ??= atMs
      else if (atMs > dueMs) {
        const message = `${digests.size} different catalogs ${atMs - healedMs} ms after healing`
        return [{ property: 'C5', message, atMs }]
      } else equalMs = undefined
    }
    if (equalMs !== undefined) this.#counts[`healed≤${Math.ceil((equalMs - healedMs) / 1e4)}0s`] = 1
    return []
  }

  /** What is too young to have reached everybody is left out. */
  #outcomes(history: History): readonly Violation[] {
    const samples = finalSamples(history).filter(({ withRows }) => withRows)
    const untilMs = history.endMs - convergenceMs(history)
    const tables = samples.map((sample) => tableOf(sample))
    const bySlot = new Map<string, Row>()
    for (const { rows } of samples) {
      for (const row of rows) {
        if (row.dueMs <= untilMs && row.count === 1) bySlot.set(keyOf(row), row)
      }
    }
    const violations: Violation[] = []
    for (const [key, { job, execution }] of bySlot) {
      this.#counts['outcomes']! += 1
      const told = new Set(tables.map((table) => table.get(key) ?? 'nothing'))
      if (told.size === 1 || violations.length >= rowsShown) continue
      const message = `${key}: nodes tell ${[...told].join(', ')}`
      violations.push({ property: 'C5', message, atMs: history.endMs, job, execution })
    }
    return [...violations, ...this.#untold(history, samples, untilMs)]
  }

  /** Ticks that were owed and of which a node knows nothing. */
  #untold(history: History, samples: readonly Sample[], untilMs: number): readonly Violation[] {
    const violations: Violation[] = []
    const known = samples.map((sample) => new Set(sample.rows.map(({ execution }) => execution)))
    const ranges = samples.map(({ rows }) => rows.filter(({ count }) => count > 1))
    for (const tick of ticksOf(history)) {
      if (tick.waiver !== undefined || tick.definition.placement.every) continue
      if (tick.cutoffMs + history.scenery.timers.takeoverWindowMs > untilMs) continue
      this.#counts['owed'] = (this.#counts['owed'] ?? 0) + 1
      for (const [index, { node }] of samples.entries()) {
        if (known[index]!.has(tick.execution)) continue
        const isInRange = ranges[index]!.some(
          ({ job, dueMs, throughMs }) =>
            job === tick.truth.name && dueMs <= tick.dueMs && tick.dueMs <= throughMs,
        )
        if (isInRange || violations.length >= rowsShown) continue
        const message = `node ${node} has no outcome of ${tick.execution}`
        const { name: job } = tick.truth
        violations.push({ property: 'C5', message, atMs: history.endMs, job })
      }
    }
    return violations
  }
}

/** Equal writes must have equal winners. */
function winners(history: History): readonly Violation[] {
  const told = new Set(
    finalSamples(history).map(({ jobs }) =>
      JSON.stringify(jobs.map(({ job, live, version, enabled }) => [job, live, version, enabled])),
    ),
  )
  if (told.size <= 1) return []
  const message = `nodes show ${told.size} different sets of jobs in the end`
  return [{ property: 'C5', message, atMs: history.endMs }]
}

/** The executor's own word on an end, given while its node was up, beats whatever others guessed. */
function forgottenEnds(history: History): readonly Violation[] {
  const { nodes } = groundOf(history)
  const attempts = attemptsOf(history)
  const untilMs = history.endMs - convergenceMs(history)
  const violations: Violation[] = []
  for (const { rows, node } of finalSamples(history)) {
    for (const row of rows) {
      const { execution, slot, attempt, executor, outcome, job } = row
      if (outcome !== 'lost' || executor === null) continue
      const run = attempts
        .ofExecution(execution)
        .find(
          ({ start }) => start.node === executor && start.attempt.endsWith(`.${slot}.${attempt}`),
        )
      const end = run?.end
      if (end === undefined || end.how !== 'exit' || end.atMs > untilMs) continue
      const truth = nodes[executor]!
      const isHeard =
        truth.up.covers(run!.start.atMs, end.atMs + tellMs) &&
        !truth.failing.meets(run!.start.atMs, end.atMs + tellMs) &&
        !truth.losses.some(({ atMs }) => atMs > end.atMs)
      if (!isHeard || violations.length >= rowsShown) continue
      const message = `node ${node} tells ${execution} was lost, but node ${executor} saw its end`
      violations.push({ property: 'C5', message, atMs: history.endMs, job, execution })
    }
  }
  return violations
}

/** From the healing of all faults to equal digests. */
export function convergenceMs(history: History): number {
  return connectMs + Math.max(30_000, 2 * history.scenery.timers.syncMs + 10_000)
}

const keyOf = ({ execution, slot }: Row): string => `${execution}.${slot}`

/** What a node tells of each slot; a range that begins with a tick that ran is told beside it. */
function tableOf({ rows }: Sample): ReadonlyMap<string, string> {
  return new Map(
    rows
      .toSorted((a, b) => b.count - a.count)
      .map((row) => [
        keyOf(row),
        `${row.phase} ${row.outcome ?? ''} attempt ${row.attempt} by ${row.executor ?? 'nobody'}`,
      ]),
  )
}

/** M1: who runs in the end counts as alive everywhere. */
function views(history: History): readonly Violation[] {
  const samples = finalSamples(history)
  const { nodes } = groundOf(history)
  const steady = samples.filter(({ node, atMs }) =>
    nodes[node]!.up.covers(atMs - convergenceMs(history), atMs),
  )
  return steady.flatMap(({ node, view, atMs }) =>
    steady.flatMap((other): readonly Violation[] => {
      const state = view.find((seen) => seen.node === other.node)?.state ?? 'unknown'
      if (state === 'alive') return []
      const message = `node ${other.node} is ${state} to node ${node} after healing`
      return [{ property: 'M1', message, atMs }]
    }),
  )
}
