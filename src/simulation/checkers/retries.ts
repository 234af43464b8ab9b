// C8: attempts of a slot come one after the other, not too many, not too soon, and never after a
// success.

import type { Checker, Counters, History, Violation } from '../history.ts'
import type { Retry } from '../../core/jobs/definition.ts'
import { attemptsOf, type Run } from './attempts.ts'
import { jobsOf } from './definitions.ts'
import { groundOf } from './ground.ts'

/** An end must be written and heard; a timeout counts from the claim, by a clock of its own. */
const tellMs = 1_000

/** C8. */
export class RetriesChecker implements Checker {
  readonly name = 'C8'
  #counts = { retries: 0, excused: 0 }

  get stats(): Counters {
    return this.#counts
  }

  check(history: History): readonly Violation[] {
    this.#counts = { retries: 0, excused: 0 }
    const violations: Violation[] = []
    for (const run of attemptsOf(history).runs) {
      if (run.start.number === 1) continue
      this.#counts.retries += 1
      const reason = this.#judge(history, run)
      if (reason === undefined) continue
      const { atMs, job, execution, attempt, node } = run.start
      const message = `${attempt} on node ${node}: ${reason}`
      violations.push({ property: 'C8', message, atMs, job, execution })
    }
    return violations
  }

  #judge(history: History, run: Run): string | undefined {
    const { start } = run
    const policies = policiesOf(history, run)
    if (policies.length === 0) return 'no definition of the job is known'
    const max = Math.max(...policies.map((policy) => policy.max))
    if (start.number > max + 1) return `attempt ${start.number} of at most ${max + 1}`
    const before = attemptsOf(history)
      .ofExecution(start.execution)
      .filter(
        (other) =>
          other.start.slot === start.slot &&
          other.start.number === start.number - 1 &&
          other.start.seq < start.seq,
      )
    const latest = before.at(-1)
    // an attempt that was claimed and never began counts too: its node died in between
    if (latest === undefined) return hasGap(history, run) ? 'no attempt before it' : undefined
    const spreadMs = groundOf(history).clockSpread(start.atMs)
    const reason = orderOf(history, latest, run) ?? waitOf(latest, run, policies, spreadMs)
    if (reason === undefined) return undefined
    if (isKnown(history, latest, run)) return reason
    this.#counts.excused += 1
    return undefined
  }
}

/** Retry policies that may have been in force. */
function policiesOf(history: History, { start }: Run): readonly Retry[] {
  const truth = jobsOf(history).get(start.job)
  return (truth?.writes ?? []).flatMap(({ definition, sentMs }) =>
    definition !== undefined && sentMs <= start.atMs ? [definition.delivery.retry] : [],
  )
}

/** Nobody ever claimed the attempt before this one. */
function hasGap(history: History, { start }: Run): boolean {
  const stem = start.attempt.slice(0, -`${start.number}`.length)
  return !history.entries.some(
    (entry) => entry.kind === 'record.stored' && entry.attempt === `${stem}${start.number - 1}`,
  )
}

function orderOf(history: History, before: Run, { start }: Run): string | undefined {
  const { end } = before
  if (end === undefined || end.atMs > start.atMs) return 'the attempt before it had not ended'
  const isSuccess = end.how === 'exit' && end.exit === 0
  if (isSuccess && !isTimedOut(history, before)) return 'the attempt before it was a success'
  return undefined
}

/** It ran for as long as its definition allows: whatever it answers to being stopped is a failure. */
function isTimedOut(history: History, { start, end }: Run): boolean {
  const truth = jobsOf(history).get(start.job)
  const write = truth?.writes.find(({ version }) => version === start.version)
  const timeoutMs = write?.definition?.action.timeoutMs ?? Infinity
  return end!.atMs - start.atMs >= timeoutMs - tellMs
}

/** The shortest wait that any policy allows, by clocks that are so far apart. */
function waitOf(
  { end, start: before }: Run,
  { start }: Run,
  policies: readonly Retry[],
  spreadMs: number,
): string | undefined {
  const least = Math.min(
    ...policies.map(({ backoff, baseMs, capMs, jitterPermille }) => {
      const factor = backoff === 'exponential' ? 2 ** (before.number - 1) : 1
      const raw = Math.min(capMs, baseMs * factor)
      return raw - Math.floor((raw * jitterPermille) / 1_000)
    }),
  )
  const waited = start.atMs - end!.atMs
  return waited < least - tellMs - spreadMs ? `after ${waited} ms, and not ${least}` : undefined
}

/** Whether the node of this attempt must have known how the one before it went. */
function isKnown(history: History, before: Run, { start }: Run): boolean {
  const ground = groundOf(history)
  const untilMs = Math.min(start.atMs, (before.end?.atMs ?? Infinity) + tellMs)
  const { up } = ground.nodes[before.start.node]!
  if (!up.covers(before.start.atMs - tellMs, untilMs)) return false
  const fromMs = before.start.atMs - history.scenery.timers.settleMs
  return ground.hasPath(before.start.node, start.node, fromMs, start.atMs)
}
