// What really ran, from outside the daemons: each attempt of a test job appends a line to a file, and
// a checker compares the lines with the ticks that there must have been. It shares no code with the
// scheduler.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'

/** One start of an attempt, as the job itself saw it. */
export interface Start {
  readonly execution: string
  readonly scheduledMs: number
  readonly attempt: number
  readonly node: string
  readonly atMs: number
}

export interface Verdict {
  /** Instants without a start. */
  readonly missed: readonly string[]
  /** Attempts that were started more than once, with the nodes. */
  readonly doubled: readonly string[]
  /** Starts of instants that are no ticks. */
  readonly phantoms: readonly string[]
  /** Of the first start of each tick. */
  readonly latenessMs: { readonly median: number; readonly max: number }
}

export class Truth {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  text(): string {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : ''
  }

  /** What a shell job does to be written down; `then` is what it does afterwards. */
  script(then = ''): string {
    const fields = [
      '"$MESHCRON_EXECUTION_ID"',
      '"$MESHCRON_SCHEDULED_AT"',
      '"$MESHCRON_ATTEMPT"',
      '"$MESHCRON_NODE"',
      '"$(date +%s%3N)"',
    ]
    return `printf '%s %s %s %s %s\\n' ${fields.join(' ')} >> '${this.#file}'\n${then}`
  }

  /** Starts of a job, in the order in which they were written. */
  starts(job: string): readonly Start[] {
    return this.text()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith(`${job}@`) || line.startsWith(`${job}:`))
      .map((line) => {
        const [execution, scheduledAt, attempt, node, atMs] = line.split(' ')
        const scheduledMs = Date.parse(scheduledAt!)
        assert.ok(Number.isInteger(scheduledMs) && Number.isInteger(Number(atMs)), line)
        return {
          execution: execution!,
          scheduledMs,
          attempt: Number(attempt),
          node: node!,
          atMs: Number(atMs),
        }
      })
  }

  /** Scheduled instants of a job that were started. */
  ticksOf(job: string): ReadonlySet<number> {
    return new Set(this.starts(job).map(({ scheduledMs }) => scheduledMs))
  }

  /** Compares the starts of a job with a tick every `everyMs`, from the first to the last instant. */
  check(job: string, span: { fromMs: number; toMs: number; everyMs?: number }): Verdict {
    const everyMs = span.everyMs ?? 1_000
    const fromMs = Math.ceil(span.fromMs / everyMs) * everyMs
    const starts = this.starts(job).filter(
      ({ scheduledMs }) => scheduledMs >= fromMs && scheduledMs <= span.toMs,
    )
    const byTick = Map.groupBy(starts, ({ scheduledMs }) => scheduledMs)
    const byAttempt = Map.groupBy(starts, ({ execution, attempt }) => `${execution}.${attempt}`)
    const ticks: number[] = []
    for (let tick = fromMs; tick <= span.toMs; tick += everyMs) ticks.push(tick)
    const lateness = ticks
      .flatMap((tick) => (byTick.has(tick) ? [byTick.get(tick)![0]!.atMs - tick] : []))
      .sort((a, b) => a - b)
    const isTick = (ms: number): boolean => ms % everyMs === 0
    return {
      missed: ticks.filter((tick) => !byTick.has(tick)).map(iso),
      doubled: [...byAttempt]
        .filter(([, same]) => same.length > 1)
        .map(([attempt, same]) => `${attempt} on ${same.map(({ node }) => node).join(' and ')}`),
      phantoms: starts
        .filter(({ scheduledMs }) => !isTick(scheduledMs))
        .map((one) => one.execution),
      latenessMs: { median: lateness[lateness.length >> 1] ?? 0, max: lateness.at(-1) ?? 0 },
    }
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Every second a tick; late ones still run within the promised window, and never wait for others. */
export const everySecond = {
  schedule: '* * * * * *',
  timezone: 'UTC',
  overlap: 'allow',
  misfire: { policy: 'latest', deadline: '30s' },
} as const
