// Starts and ends, sorted by what they belong to.

import type { AttemptId, ExecutionId, JobName } from '../../core/ids.ts'
import type { EntryOf, History, NodeIndex } from '../history.ts'

/** One process that ran. */
export interface Run {
  readonly start: EntryOf<'exec.start'>
  /** Undefined when it ran until the end of the history. */
  readonly end: EntryOf<'exec.end'> | undefined
}

type Stored = EntryOf<'record.stored'>

/** Everything that ran in a history. */
export class Attempts {
  /** In order of their starts. */
  readonly runs: readonly Run[]
  readonly #byAttempt = new Map<AttemptId, Run[]>()
  readonly #byExecution = new Map<ExecutionId, Run[]>()
  readonly #byJob = new Map<JobName, Run[]>()
  readonly #stored = new Map<AttemptId, Stored[]>()

  constructor(history: History) {
    const runs: Run[] = []
    const open = new Map<string, { start: Run['start']; end: Run['end'] }>()
    for (const entry of history.entries) {
      if (entry.kind === 'exec.start') {
        const run = { start: entry, end: undefined }
        runs.push(run)
        open.set(`${entry.node} ${entry.attempt}`, run)
        listOf(this.#byAttempt, entry.attempt).push(run)
        listOf(this.#byExecution, entry.execution).push(run)
        listOf(this.#byJob, entry.job).push(run)
      } else if (entry.kind === 'exec.end') {
        const run = open.get(`${entry.node} ${entry.attempt}`)
        if (run !== undefined) run.end ??= entry
      } else if (entry.kind === 'record.stored') listOf(this.#stored, entry.attempt).push(entry)
    }
    this.runs = runs
  }

  ofExecution(execution: ExecutionId): readonly Run[] {
    return this.#byExecution.get(execution) ?? []
  }

  ofJob(job: JobName): readonly Run[] {
    return this.#byJob.get(job) ?? []
  }

  /** Runs of one attempt, for every attempt that ran. */
  attempts(): Iterable<readonly Run[]> {
    return this.#byAttempt.values()
  }

  /** Claims of `executor` for an attempt, as they reached disks. */
  claims(attempt: AttemptId, executor: NodeIndex): readonly Stored[] {
    const stored = this.#stored.get(attempt) ?? []
    return stored.filter((one) => one.executor === executor && one.phase !== 'queued')
  }
}

function listOf<K, V>(map: Map<K, V[]>, key: K): V[] {
  let list = map.get(key)
  if (list === undefined) map.set(key, (list = []))
  return list
}

const known = new WeakMap<History, Attempts>()

/** The runs of a history, sorted once. */
export function attemptsOf(history: History): Attempts {
  let attempts = known.get(history)
  if (attempts === undefined) known.set(history, (attempts = new Attempts(history)))
  return attempts
}
