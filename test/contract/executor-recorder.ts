import assert from 'node:assert/strict'
import type { Bounds, Launch } from '../../src/core/effect.ts'
import type { ExecutionReport } from '../../src/core/event.ts'
import { type AttemptId, attemptId, executionId, jobName } from '../../src/core/ids.ts'
import type { Run } from '../../src/core/jobs/definition.ts'
import type { Executor } from '../../src/ports/executor.ts'

export type Ended = Extract<ExecutionReport, { kind: 'ended' }>

const deadlineMs = 30_000

/** Collects what an executor reports, and waits for it. */
export class Recorder {
  readonly reports: ExecutionReport[] = []
  readonly #waiters = new Set<() => void>()

  readonly report = (report: ExecutionReport): void => {
    this.reports.push(report)
    for (const waiter of this.#waiters) waiter()
  }

  of(attempt: AttemptId): readonly ExecutionReport[] {
    return this.reports.filter((report) => report.attempt === attempt)
  }

  async ended(attempt: AttemptId): Promise<Ended> {
    return this.#until(`end of ${attempt}`, () =>
      this.reports.find((report) => report.kind === 'ended' && report.attempt === attempt),
    ) as Promise<Ended>
  }

  /** The pid with which it started. */
  async started(attempt: AttemptId): Promise<number> {
    const report = await this.#until(`start of ${attempt}`, () =>
      this.reports.find((report) => report.kind === 'started' && report.attempt === attempt),
    )
    return report.kind === 'started' ? report.pid : 0
  }

  async #until<T>(what: string, find: () => T | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const look = (): void => {
      const found = find()
      if (found !== undefined) resolve(found)
    }
    const timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), deadlineMs)
    this.#waiters.add(look)
    look()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(look)
    }
  }
}

/** Nothing is bounded. */
export const unbounded: Bounds = {
  outputMaxBytes: null,
  onOutputMax: 'kill',
  memoryMaxBytes: null,
}

/** A launch of its own for each name. */
export function launchOf(
  name: string,
  run: Run,
  env: Readonly<Record<string, string>> = {},
): Launch {
  const job = jobName(name)
  const execution = executionId(`${name}@1700000000000`)
  const attempt = attemptId(execution, '0', 1)
  const plannedMs = 1_700_000_000_000
  return { attempt, execution, job, slot: '0', run, env, plannedMs, bounds: unbounded }
}

/** All that is kept of an output, page by page. */
export async function readAll(executor: Executor, attempt: AttemptId): Promise<string> {
  let text = ''
  for (let offset = 0; ;) {
    const page = await executor.readOutput(attempt, offset, 65_536, 10_000)
    assert.ok(page !== undefined, `output of ${attempt}`)
    text += Buffer.from(page.bytes).toString('latin1')
    offset = page.offset + page.bytes.length
    if (page.ended && offset >= page.total) return text
  }
}
