// A long run with fresh seeds, on as many processors as are asked for: `node scripts/soak.ts --minutes
// 60`. Adds its figures to docs/track-record.json, from which the page is made; `--dry` adds nothing.
// A seed that does not end in time is given up and named. Exits with 1 over one, or when a promise broke.

import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sum } from '../src/simulation/figures.ts'
import { positive, seedOf, wholeNumber } from '../src/simulation/flags.ts'
import type { Counters } from '../src/simulation/history.ts'
import type { SeedResult } from './soak-seed.ts'
import { commitOf, readRecord, writeRecord, type Soak } from './track-record-page.ts'

interface Limits {
  readonly minutes: number
  readonly cpuHours: number
  readonly from: bigint
  readonly workers: number
  /** Real time after which a seed is given up: a loop would never end. */
  readonly seedSeconds: number
  readonly isDry: boolean
}

try {
  await main(readLimits())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

function readLimits(): Limits {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      'hours-of-cpu': { type: 'string' },
      from: { type: 'string' },
      workers: { type: 'string', default: '2' },
      'seed-seconds': { type: 'string', default: '300' },
      dry: { type: 'boolean', default: false },
    },
  })
  const { minutes, 'hours-of-cpu': cpuHours, from } = values
  if (minutes === undefined && cpuHours === undefined) {
    throw new Error('--minutes or --hours-of-cpu: one of them says when to stop')
  }
  return {
    minutes: minutes === undefined ? Infinity : positive('--minutes', minutes, 100_000),
    cpuHours: cpuHours === undefined ? Infinity : positive('--hours-of-cpu', cpuHours, 10_000),
    from: from === undefined ? BigInt(randomBytes(6).readUIntBE(0, 6)) * 0x1_00_00n : seedOf(from),
    workers: wholeNumber('--workers', values.workers, 1, 64),
    seedSeconds: positive('--seed-seconds', values['seed-seconds'], 86_400),
    isDry: values.dry,
  }
}

async function main(limits: Limits): Promise<void> {
  const { from } = limits
  // what the children read now, whatever is changed while they run
  const commit = commitOf()
  const endMs = Date.now() + limits.minutes * 60_000
  const results: SeedResult[] = []
  let issued = 0n
  const isOver = (): boolean => {
    const cpuMs = results.reduce((total, result) => total + result.cpuMs, 0)
    return Date.now() >= endMs || cpuMs >= limits.cpuHours * 3_600_000
  }
  const stuck: string[] = []
  const work = async (): Promise<void> => {
    let child = begin()
    while (!isOver()) {
      const seed = `0x${(from + issued++).toString(16)}`
      const result = await ask(child, seed, limits.seedSeconds)
      if (result === undefined) {
        console.log(`${seed} did not end within ${limits.seedSeconds} s and is given up`)
        stuck.push(seed)
        child.kill('SIGKILL')
        child = begin()
      } else {
        results.push(result)
        tell(result, results)
      }
    }
    child.send('stop')
  }
  await Promise.all(Array.from({ length: limits.workers }, work))
  const soak = soakOf(commit, from, { results, stuck })
  console.log(JSON.stringify({ ...soak, stats: undefined }))
  const record = readRecord()
  if (!limits.isDry) writeRecord({ ...record, soaks: [...record.soaks, soak] })
  if (soak.violations > 0 || stuck.length > 0) process.exitCode = 1
}

function begin(): ChildProcess {
  return fork(join(import.meta.dirname, 'soak-seed.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
}

/** Has a child run one seed; undefined when it takes too long. */
function ask(child: ChildProcess, seed: string, seconds: number): Promise<SeedResult | undefined> {
  return new Promise((done, failed) => {
    const settle = (result: SeedResult | undefined): void => {
      clearTimeout(timer)
      child.removeAllListeners()
      done(result)
    }
    const timer = setTimeout(() => settle(undefined), 1_000 * seconds)
    child.once('message', settle)
    child.once('exit', (code) => {
      clearTimeout(timer)
      failed(new Error(`a child ended with ${String(code)} over seed ${seed}`))
    })
    child.send(seed)
  })
}

function tell({ seed, hours, broken }: SeedResult, { length }: readonly SeedResult[]): void {
  if (broken.length > 0) console.log(`0x${seed} breaks ${broken.join(' ')}`)
  else if (length % 50 === 0) console.log(`${length} seeds, the last of ${hours.toFixed(1)} h`)
}

function soakOf(
  commit: string,
  from: bigint,
  {
    results,
    stuck,
  }: { readonly results: readonly SeedResult[]; readonly stuck: readonly string[] },
): Soak {
  const total = (of: (result: SeedResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0)
  const stats = results.reduce<Counters>((all, result) => sum(all, result.stats), {})
  const times = (names: readonly string[]): number =>
    total(({ sometimes }) => names.reduce((n, name) => n + (sometimes[`fault ${name}`] ?? 0), 0))
  return {
    commit,
    day: new Date().toISOString().slice(0, 10),
    from: `0x${from.toString(16)}`,
    seeds: results.length + stuck.length,
    stuck,
    hours: total(({ hours }) => hours),
    nodeHours: total(({ nodeHours }) => nodeHours),
    cpuHours: total(({ cpuMs }) => cpuMs) / 3_600_000,
    ticks: stats['C1.obliged'] ?? 0,
    partitions: times(['partition', 'link', 'one-way', 'swizzle']),
    crashes: total(({ crashes }) => crashes),
    clockSteps: times(['clock-step', 'boot-1970']),
    violations: total(({ broken }) => broken.length),
    brokenSeeds: results
      .filter(({ broken }) => broken.length > 0)
      .map(({ seed, broken }) => `0x${seed} ${[...new Set(broken)].sort().join(' ')}`)
      .sort(),
    stats: Object.fromEntries(
      Object.entries(stats)
        .filter(([name]) => /^C1[.](obliged|missed|late|waived.in-flux)|^C2[.]dup/.test(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  }
}
