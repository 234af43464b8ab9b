// The one owner of docs/track-record.md: it is made from docs/track-record.json, to which soak.ts adds
// long runs and track-record.ts the figures for each kind of trouble.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { excusedShare, latenessQuantile } from '../src/simulation/checkers/tally.ts'
import { faultClasses, type FaultClass } from '../src/simulation/checkers/ground.ts'
import { sum } from '../src/simulation/figures.ts'
import type { Counters } from '../src/simulation/history.ts'

/** One long run. */
export interface Soak {
  readonly commit: string
  readonly day: string
  /** First seed; the others follow it one by one. */
  readonly from: string
  readonly seeds: number
  /** Seeds among them that did not end in time: not judged, and in no figure. */
  readonly stuck: readonly string[]
  readonly hours: number
  readonly nodeHours: number
  readonly cpuHours: number
  readonly ticks: number
  readonly partitions: number
  readonly crashes: number
  readonly clockSteps: number
  readonly violations: number
  readonly brokenSeeds: readonly string[]
  readonly stats: Counters
}

/** Some seeds with one kind of trouble only. */
export interface Regime {
  readonly name: string
  readonly commit: string
  readonly command: string
  readonly hours: number
  readonly cpuHours: number
  readonly violations: number
  readonly stats: Counters
}

export interface TrackRecord {
  readonly soaks: readonly Soak[]
  readonly regimes: readonly Regime[]
}

const docs = join(import.meta.dirname, '../docs')
const dataFile = join(docs, 'track-record.json')

export function readRecord(): TrackRecord {
  if (!existsSync(dataFile)) return { soaks: [], regimes: [] }
  return JSON.parse(readFileSync(dataFile, 'utf8')) as TrackRecord
}

/** Keeps the figures and makes the page anew. */
export function writeRecord(record: TrackRecord): void {
  writeFileSync(dataFile, `${JSON.stringify(record, null, 2)}\n`)
  writeFileSync(join(docs, 'track-record.md'), pageOf(record))
}

/** The commit that is measured; marked when its sources were changed. */
export function commitOf(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: docs, encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', '--', '../src', '../scripts') !== ''
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`
}

export function pageOf({ soaks, regimes }: TrackRecord): string {
  return `${head}
## Long runs

Fresh seeds, every kind of trouble as the seed draws it. A row is run again by its command at its
commit, where the same seeds give the same figures.

| Day | Commit | Seeds | Cluster-hours | Node-hours | Ticks | Partitions | Crashes | Clock jumps | Violations | Hours of processor | Command |
|---|---|---|---|---|---|---|---|---|---|---|---|
${soaks.map(soakRow).join('\n')}

${brokenText(soaks)}
## By what was wrong around a tick, in the long runs

${tableHead('Around the tick', '')}
${classRows(soaks).join('\n')}

## With one kind of trouble only

${tableHead('Trouble', ' Cluster-hours | Violations | Cluster-hours per s | Commit | Command |')}
${regimes.map(regimeRow).join('\n')}

What each checker proves and what it does not stands at the head of its file in
\`src/simulation/checkers\`. That the checkers see is proven in [mutants.md](mutants.md).
`
}

const head = `# Track record

What was missed, doubled and late in simulated fleets. Made by \`node scripts/soak.ts\` and
\`node scripts/track-record.ts\` from [track-record.json](track-record.json); do not edit it.

- **Ticks** are those that the fleet owed: the definition was known for 30 s and nobody edited it.
- **Missed** per million ticks: because *nobody* was eligible all the time around the tick; because
  its *deadline* was over before a takeover could be; and *unexcused*, which is a broken promise.
  Ticks that were passed over because the execution before them was still running do not count.
- **Doubled** per million ticks: with an excuse that the history proves (the starters had no path, the
  first one died or hung unheard, or its disk forgot), and *unexcused*, which is a broken promise.
- **Late** in ms is the class of lateness below which half, 99 % and all starts lie.
- **Excused** is the part of the ticks about which a batch proves nothing.
- Jobs of both modes of delivery are among them; the figures do not tell the modes apart yet.
`

const soakRow = (soak: Soak): string =>
  row([
    soak.day,
    soak.commit,
    `${soak.seeds}`,
    soak.hours.toFixed(1),
    soak.nodeHours.toFixed(1),
    `${soak.ticks}`,
    `${soak.partitions}`,
    `${soak.crashes}`,
    `${soak.clockSteps}`,
    `${soak.violations} in ${soak.brokenSeeds.length} seeds`,
    soak.cpuHours.toFixed(2),
    `\`npm run sim -- --seed ${soak.from} --seeds ${soak.seeds}\``,
  ])

function brokenText(soaks: readonly Soak[]): string {
  const lines = soaks.flatMap(({ commit, brokenSeeds, stuck }) => {
    const seeds = [...brokenSeeds, ...stuck.map((seed) => `${seed} did not end`)]
    return seeds.length === 0 ? [] : [`- at ${commit}: ${seeds.join(', ')}`]
  })
  if (lines.length === 0) return ''
  return ['Seeds that broke a promise, and which:', '', ...lines, '', ''].join('\n')
}

function classRows(soaks: readonly Soak[]): readonly string[] {
  const stats = soaks.reduce<Counters>((all, soak) => sum(all, soak.stats), {})
  const classes = faultClasses.filter((name) => (stats[`C1.obliged@${name}`] ?? 0) > 0)
  return [
    row(['everything', ...cellsOf(stats)]),
    ...classes.map((name) => row([name, ...cellsOf(stats, name)])),
  ]
}

const regimeRow = ({ name, commit, command, hours, cpuHours, violations, stats }: Regime): string =>
  row([
    name,
    ...cellsOf(stats),
    hours.toFixed(1),
    `${violations}`,
    (hours / (cpuHours * 3_600)).toFixed(2),
    commit,
    `\`${command}\``,
  ])

const columns = [
  'Ticks',
  'Missed: nobody',
  'Missed: deadline',
  'Missed: unexcused',
  'Doubled: excused',
  'Doubled: unexcused',
  'Late p50',
  'Late p99',
  'Late max',
  'Excused',
]

function tableHead(first: string, more: string): string {
  const heads = `| ${first} | ${columns.join(' | ')} |${more}`
  return `${heads}\n|${'---|'.repeat(heads.split('|').length - 2)}`
}

/** The figures of a batch, or of those of its ticks that one kind of trouble was around. */
function cellsOf(stats: Counters, fault?: FaultClass): readonly string[] {
  const suffix = fault === undefined ? '' : `@${fault}`
  const count = (key: string): number => stats[`${key}${suffix}`] ?? 0
  const ticks = count('C1.obliged')
  const perMillion = (n: number): string => `${ticks === 0 ? 0 : Math.round((1e6 * n) / ticks)}`
  const quantile = (share: number): string => `≤ ${latenessQuantile(stats, share, fault)}`
  const unexcused = count('C2.duplicates.unexcused')
  return [
    `${ticks}`,
    perMillion(count('C1.missed.no-eligible-node')),
    perMillion(count('C1.missed.deadline')),
    perMillion(count('C1.missed.unexcused')),
    perMillion(count('C2.duplicates') - unexcused),
    perMillion(unexcused),
    quantile(0.5),
    quantile(0.99),
    quantile(1),
    fault === undefined ? `${(100 * excusedShare(stats)).toFixed(1)} %` : '',
  ]
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
