// Measures what the simulator promises and writes docs/track-record.md: one row for each kind of
// trouble, with the command that gives the same figures. `--seeds n` for each row, default 20;
// `--from n` the first of them.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { judge } from '../src/simulation/checkers/all.ts'
import { excusedShare, latenessQuantile } from '../src/simulation/checkers/tally.ts'
import { add, nothing, type Total } from '../src/simulation/figures.ts'
import { drawOptions, type FaultName } from '../src/simulation/options.ts'
import { simulate } from '../src/simulation/run.ts'

interface Regime {
  readonly name: string
  /** Undefined: whatever the seed draws. */
  readonly faults: readonly FaultName[] | undefined
}

const regimes: readonly Regime[] = [
  { name: 'quiet', faults: [] },
  { name: 'crash', faults: ['kill', 'power', 'commit-crash'] },
  { name: 'stall', faults: ['stall', 'pause'] },
  { name: 'join and leave', faults: ['join', 'leave', 'rolling'] },
  { name: 'skew', faults: ['skew', 'drift', 'clock-step'] },
  { name: 'loss and delay', faults: ['loss', 'delay', 'replay', 'clog', 'reset'] },
  { name: 'one-way cut', faults: ['one-way'] },
  { name: 'partition', faults: ['partition', 'link', 'swizzle'] },
  { name: 'disk', faults: ['full', 'io', 'slow-disk'] },
  { name: 'everything', faults: undefined },
]

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
  },
})
const first = BigInt(values.from)
const seeds = Number(values.seeds)

const rows = regimes.map((regime) => {
  const cpu = process.cpuUsage()
  const total = measure(regime)
  const { user, system } = process.cpuUsage(cpu)
  const row = rowOf(regime, total, (user + system) / 1_000_000)
  console.log(row)
  return row
})
writeFileSync(join(import.meta.dirname, '../docs/track-record.md'), page(rows))

function measure({ faults }: Regime): Total {
  let total = nothing
  for (let i = 0; i < seeds; i++) {
    const run = simulate(drawOptions(first + BigInt(i), { faults }))
    const { violations, stats } = judge(run.history)
    total = add(total, run, violations.length, stats)
  }
  return total
}

function rowOf({ name, faults }: Regime, total: Total, seconds: number): string {
  const { stats, hours, violations } = total
  const count = (key: string): number => stats[key] ?? 0
  const ticks = count('C1.obliged')
  const perMillion = (n: number): string => `${ticks === 0 ? 0 : Math.round((1e6 * n) / ticks)}`
  const nobody = count('C1.missed.no-eligible-node')
  const [late, open] = [count('C1.missed.deadline'), count('C1.missed.unexcused')]
  const doubled = count('C2.duplicates') - count('C2.duplicates.unexcused')
  const quantile = (share: number): string => `≤ ${latenessQuantile(stats, share)}`
  const flags = faults === undefined ? '' : ` --faults ${faults.join(',') || 'none'}`
  const cells = [
    name,
    hours.toFixed(1),
    `${ticks}`,
    perMillion(nobody),
    perMillion(late),
    perMillion(open),
    perMillion(doubled),
    perMillion(count('C2.duplicates.unexcused')),
    quantile(0.5),
    quantile(0.99),
    quantile(1),
    `${(100 * excusedShare(stats)).toFixed(1)} %`,
    `${violations}`,
    (hours / seconds).toFixed(2),
    `\`npm run sim -- --seed ${first} --seeds ${seeds}${flags}\``,
  ]
  return `| ${cells.join(' | ')} |`
}

function page(all: readonly string[]): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `# Track record

What was missed, doubled and late in simulated fleets, by the kind of trouble, for delivery
at-least-once. Every row can be had again by its command; the same commit gives the same figures.

- **Ticks** are those that the fleet owed: the definition was known for 30 s and nobody edited it.
- **Missed** per million ticks: because *nobody* was eligible all the time around the tick; because
  its *deadline* was over before a takeover could be; and *unexcused*, which is a broken promise.
  Ticks that were passed over because the execution before them was still running do not count.
- **Doubled** per million ticks: with an excuse that the history proves (the starters had no path, the
  first one died or hung unheard, or its disk forgot), and *unexcused*, which is a broken promise.
- **Late** in ms is the class of lateness below which half, 99 % and all starts lie.
- **Excused** is the part of the ticks about which a batch proves nothing.
- **Speed** is cluster-hours per second of one processor, checkers included.

Measured at commit ${commit} by \`node scripts/track-record.ts --seeds ${seeds} --from ${first}\`.

| Trouble | Cluster-hours | Ticks | Missed: nobody | Missed: deadline | Missed: unexcused | Doubled: excused | Doubled: unexcused | Late p50 | Late p99 | Late max | Excused | Violations | Speed | Command |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
${all.join('\n')}

What each checker proves and what it does not stands at the head of its file in
\`src/simulation/checkers\`. That the checkers see is proven in [mutants.md](mutants.md).
`
}
