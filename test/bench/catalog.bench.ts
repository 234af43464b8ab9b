// What many jobs cost a node: the time to load them, the memory they hold, a wake with nothing due, a
// page of anti-entropy, one more definition. Each size is loaded by a process of its own.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Bench } from './bundled.ts'
import { fill, openNode, type Filled } from './many-jobs.ts'
import { quantile, Report, rounds } from './report.ts'

const sizes = [10_000, 100_000]
const roundCount = 5
const wakes = 2_000

/** What one process found. */
interface Found {
  readonly loadMs: number
  readonly readyMs: number
  readonly heapMb: number
  readonly residentMb: number
  readonly wakeUs: readonly (readonly number[])[]
  readonly pageMs: readonly number[]
  readonly putUs: readonly number[]
}

function timed<T>(work: () => T): number {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}

function memory(): { heapMb: number; residentMb: number } {
  for (let i = 0; i < 3; i += 1) globalThis.gc?.()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heapMb: (heapUsed + arrayBuffers) / 1e6, residentMb: rss / 1e6 }
}

/** Measures the node of a directory, in this process. */
function look(dir: string): Found {
  const { node, load, wake, put, ask } = openNode(dir)
  const before = memory()
  const loadMs = timed(load)
  // the past of every job is judged a slice per wake
  const readyMs = timed(() => {
    do wake()
    while (node.planner.hasBacklog())
  })
  const after = memory()
  const wakeUs = Array.from({ length: wakes }, () => timed(wake) * 1_000)
  const { replica } = node
  const pageMs = Array.from({ length: roundCount }, () =>
    timed(() => ask({ kind: 'intents', seen: replica.seen, cursor: null })),
  )
  const putUs = Array.from({ length: 200 }, (_, i) => timed(() => put(`more-${i}`)) * 1_000)
  return {
    loadMs,
    readyMs,
    heapMb: after.heapMb - before.heapMb,
    residentMb: after.residentMb - before.residentMb,
    wakeUs: rounds(wakeUs, roundCount),
    pageMs,
    putUs,
  }
}

function lookApart(dir: string): Found {
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', import.meta.filename, dir],
    { encoding: 'utf8', maxBuffer: 1e8 },
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Found
}

function report(): void {
  const bench = new Bench()
  const told = new Report('Many jobs on one node')
  for (const jobs of sizes) {
    const dir = join(bench.dir, `jobs-${jobs}`)
    const filled = fill(dir, jobs)
    const found = lookApart(dir)
    tell(told, jobs, filled, found)
  }
  told.note(
    'Jobs of about 600 signed bytes, due once a year; the heap is measured after collection.',
  )
  told.end()
}

function tell(told: Report, jobs: number, filled: Filled, found: Found): void {
  const name = jobs.toLocaleString('en')
  const isMost = jobs === 100_000
  const unit = 'ms'
  told.add({
    what: `${name}: signed, merged and stored, each`,
    unit: 'µs',
    values: [filled.eachUs],
  })
  told.add({ what: `${name}: load from the store`, unit, values: [found.loadMs] })
  told.add({ what: `${name}: judge the past of all`, unit, values: [found.readyMs] })
  told.add({
    what: `${name}: held by all`,
    unit: 'MB',
    values: [found.heapMb],
    ...(isMost ? { aim: { of: 'figure', most: 100 } as const } : {}),
  })
  told.add({
    what: `${name}: resident by all, loading included`,
    unit: 'MB',
    values: [found.residentMb],
  })
  told.add({
    what: `${name}: wake with nothing due, p50`,
    unit: 'µs',
    values: found.wakeUs.map((round) => quantile(round, 0.5)),
    aim: { of: 'figure', most: 50 },
  })
  told.add({
    what: `${name}: wake with nothing due, p99`,
    unit: 'µs',
    values: found.wakeUs.map((round) => quantile(round, 0.99)),
  })
  told.add({ what: `${name}: answer to a member that lacks nothing`, unit, values: found.pageMs })
  told.add({ what: `${name}: one definition in the core`, unit: 'µs', values: found.putUs })
}

const [dir] = process.argv.slice(2)
if (dir === undefined) report()
else console.log(JSON.stringify(look(dir)))
