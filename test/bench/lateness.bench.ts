// Planned instant → the job's process runs and reads the clock. Three nodes, first with few jobs,
// then with 200 executions per second; the limit is clock_nanosleep and posix_spawn in C.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from '../../src/core/jobs/document.ts'
import type { Timing } from '../../src/core/jobs/definition.ts'
import { plannedStart } from '../../src/core/scheduler/tick.ts'
import { Bench, type BundledNode, pass } from './bundled.ts'
import { startCluster } from './cluster.ts'
import { compile } from './native.ts'
import { quantiles, Report, rounds } from './report.ts'

const roundCount = 5
/** The first seconds after a change are not measured. */
const settleMs = 4_000
const phases = [
  { name: 'idle, 8 per second', jobs: 8, windowMs: 24_000, aims: true },
  { name: '200 per second', jobs: 200, windowMs: 15_000, aims: false },
] as const

type Samples = readonly (readonly number[])[]

interface Load {
  readonly stamp: string
  readonly file: string
  readonly jobs: number
}

/** A job that is due each second, at an instant of it that its name decides. */
const document = ({ stamp, file }: Load, name: string): Record<string, unknown> => ({
  name,
  schedule: '* * * * * *',
  timezone: 'UTC',
  jitter: '1s',
  run: { exec: [stamp, file, '{job}', '{scheduledAt}'] },
})

const nameOf = (i: number): string => `due-${i}`

async function each(
  nodes: readonly BundledNode[],
  count: number,
  act: (node: BundledNode, name: string) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < count; from += 20) {
    const slice = Array.from({ length: Math.min(20, count - from) }, (_, i) => from + i)
    await Promise.all(slice.map((i) => act(nodes[i % nodes.length]!, nameOf(i))))
  }
}

interface Lateness {
  /** In the order of the planned instants. */
  readonly values: readonly number[]
  readonly early: number
  readonly missing: number
  readonly twice: number
}

async function measure(
  nodes: readonly BundledNode[],
  load: Load,
  windowMs: number,
): Promise<Lateness> {
  await each(nodes, load.jobs, (node, name) => node.api.putJob(name, document(load, name)))
  await pass(settleMs)
  const fromMs = Math.ceil(Date.now() / 1_000) * 1_000
  await pass(windowMs)
  const toMs = fromMs + Math.floor((windowMs - 1_000) / 1_000) * 1_000
  await pass(3_000)
  await each(nodes, load.jobs, (node, name) => node.api.removeJob(name))
  return read(load, fromMs, toMs)
}

function read(load: Load, fromMs: number, toMs: number): Lateness {
  const timings = new Map<string, Timing>()
  for (let i = 0; i < load.jobs; i += 1) timings.set(nameOf(i), timingOf(load, nameOf(i)))
  const found = new Map<string, { plannedMs: number; lateMs: number }>()
  let twice = 0
  for (const line of readFileSync(load.file, 'utf8').trim().split('\n')) {
    const [at, job, scheduledAt] = line.split(' ')
    const dueMs = Date.parse(scheduledAt!)
    if (dueMs < fromMs || dueMs >= toMs) continue
    const plannedMs = plannedStart(job!, timings.get(job!)!, dueMs)
    const key = `${job} ${dueMs}`
    if (found.has(key)) twice += 1
    else found.set(key, { plannedMs, lateMs: Number(at) - plannedMs })
  }
  const values = [...found.values()]
    .toSorted((a, b) => a.plannedMs - b.plannedMs)
    .map(({ lateMs }) => lateMs)
  const expected = ((toMs - fromMs) / 1_000) * load.jobs
  const early = values.filter((lateMs) => lateMs < 0).length
  return { values, early, missing: expected - found.size, twice }
}

function timingOf(load: Load, name: string): Timing {
  const parsed = parseDocument(document(load, name), { nowMs: 0, defaultTimezone: 'UTC' })
  if (!parsed.ok) throw new Error(parsed.refusal.message)
  return parsed.value.definition.timing
}

/** The same starts from C; `log`: each is first made durable there. */
function inC(bench: Bench, stamp: string, perSecond: number, log: readonly string[]): Samples {
  const file = join(bench.dir, 'c')
  if (existsSync(file)) rmSync(file)
  const startAt = compile('start-at', bench.dir)
  const args = [String(perSecond * 4), String(Math.floor(1e6 / perSecond)), stamp, file, ...log]
  if (spawnSync(startAt, args).status !== 0) throw new Error('the limit cannot be measured')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const values = lines.map((line) => {
    const [at, instant] = line.split(' ').map(Number)
    return at! - instant!
  })
  return rounds(values, roundCount)
}

const bench = new Bench()
const report = new Report('From the planned instant to the running process')
const stamp = compile('stamp', bench.dir)
const cluster = await startCluster(bench, { size: 3 })
for (const { name, jobs, windowMs, aims } of phases) {
  const limit = inC(bench, stamp, jobs, [])
  const durable = inC(bench, stamp, jobs, [join(bench.dir, 'log')])
  const load = { stamp, file: join(bench.dir, `late-${jobs}`), jobs }
  const { values, early, missing, twice } = await measure(cluster.nodes, load, windowMs)
  const samples = rounds(values, roundCount)
  for (const [label, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
    ['max', 1],
  ] as const) {
    report.add({
      what: `${name}: lateness ${label}`,
      unit: 'ms',
      values: quantiles(samples, share),
      against: { what: `C ${label}`, values: quantiles(limit, share) },
      ...(aims && label === 'p99' ? { aim: { of: 'figure', most: 10 } as const } : {}),
    })
  }
  report.add({
    what: `${name}: lateness p50, against a durable start`,
    unit: 'ms',
    values: quantiles(samples, 0.5),
    against: { what: 'C with fdatasync, p50', values: quantiles(durable, 0.5) },
  })
  report.add({
    what: `${name}: earliest start of all`,
    unit: 'ms',
    values: [Math.min(...values)],
    aim: { of: 'figure', least: 0 },
  })
  report.note(
    `${name}: ${values.length} starts, ${early} early, ${missing} not seen, ${twice} seen twice.`,
  )
}
await cluster.stop()
report.end()
process.exit(0)
