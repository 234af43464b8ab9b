// A child of soak.ts: runs and judges the seeds that it is sent, until it is told to stop.

import { judge } from '../src/simulation/checkers/all.ts'
import type { Counters } from '../src/simulation/history.ts'
import { drawOptions } from '../src/simulation/options.ts'
import { simulate } from '../src/simulation/run.ts'

/** What one seed amounts to. */
export interface SeedResult {
  /** 16 hex digits. */
  readonly seed: string
  readonly hours: number
  readonly nodeHours: number
  readonly stats: Counters
  readonly sometimes: Counters
  readonly crashes: number
  /** Properties that broke, each once for each time. */
  readonly broken: readonly string[]
  /** Processor time, in ms. */
  readonly cpuMs: number
}

function run(seed: bigint): SeedResult {
  const before = process.cpuUsage()
  const options = drawOptions(seed)
  const { hours, history, sometimes } = simulate(options)
  const { violations, stats } = judge(history)
  const { user, system } = process.cpuUsage(before)
  return {
    seed: options.seed,
    hours,
    nodeHours: hours * (options.nodes + options.joiners),
    stats,
    sometimes,
    crashes: history.entries.filter((entry) => entry.kind === 'node.down' && entry.how !== 'stop')
      .length,
    broken: violations.map(({ property }) => property),
    cpuMs: (user + system) / 1_000,
  }
}

process.on('message', (seed: string) => {
  if (seed === 'stop') process.disconnect()
  else process.send!(run(BigInt(seed)))
})
