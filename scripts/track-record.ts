// Measures what the simulator promises with one kind of trouble at a time, and renews these rows of
// docs/track-record.md. `--seeds n` for each row, default 20; `--from n` the first of them.

import { parseArgs } from 'node:util'
import { judge } from '../src/simulation/checkers/all.ts'
import { add, nothing, type Total } from '../src/simulation/figures.ts'
import { seedOf, wholeNumber } from '../src/simulation/flags.ts'
import { drawOptions, type FaultName } from '../src/simulation/options.ts'
import { simulate } from '../src/simulation/run.ts'
import { commitOf, readRecord, writeRecord, type Regime } from './track-record-page.ts'

const troubles: readonly (readonly [string, readonly FaultName[]])[] = [
  ['quiet', []],
  ['crash', ['kill', 'power', 'commit-crash']],
  ['stall', ['stall', 'pause']],
  ['join and leave', ['join', 'leave', 'rolling', 'upgrade']],
  ['skew', ['skew', 'drift', 'clock-step', 'boot-1970']],
  ['loss and delay', ['loss', 'delay', 'replay', 'clog', 'reset', 'capacity']],
  ['one-way cut', ['one-way']],
  ['partition', ['partition', 'link', 'swizzle']],
  ['disk', ['full', 'io', 'slow-disk', 'flip']],
]

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
  },
})
const first = seedOf(values.from)
const seeds = wholeNumber('--seeds', values.seeds, 1, 100_000)

const regimes = troubles.map(([name, faults]) => {
  const regime = measure(name, faults)
  console.log(`${name}: ${regime.hours.toFixed(1)} cluster-hours, ${regime.violations} violations`)
  return regime
})
writeRecord({ ...readRecord(), regimes })

function measure(name: string, faults: readonly FaultName[]): Regime {
  const cpu = process.cpuUsage()
  let total: Total = nothing
  for (let i = 0; i < seeds; i++) {
    const run = simulate(drawOptions(first + BigInt(i), { faults }))
    const { violations, stats } = judge(run.history)
    total = add(total, run, violations.length, stats)
  }
  const { user, system } = process.cpuUsage(cpu)
  const list = faults.join(',') || 'none'
  return {
    name,
    commit: commitOf(),
    command: `npm run sim -- --seed ${first} --seeds ${seeds} --faults ${list}`,
    hours: total.hours,
    cpuHours: (user + system) / 3_600_000_000,
    violations: total.violations,
    stats: total.stats,
  }
}
