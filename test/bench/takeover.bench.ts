// The executor of a tick is killed, or stands still, just before the tick: planned instant → start by
// its substitute.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until, untilClock } from '../until.ts'
import { Bench, type BundledNode, pass } from './bundled.ts'
import { startCluster } from './cluster.ts'
import { compile } from './native.ts'
import { Report } from './report.ts'

/** One more than are killed and still three: each round kills one for good. */
const size = 8
const roundCount = 5
const periodMs = 5_000
/** From the fault to the tick. */
const beforeMs = 50
const job = 'guarded'

interface Start {
  readonly atMs: number
  readonly dueMs: number
  readonly node: string
}

class Watch {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  starts(dueMs: number): readonly Start[] {
    if (!existsSync(this.#file)) return []
    const lines = readFileSync(this.#file, 'utf8').trim().split('\n').filter(Boolean)
    return lines
      .map((line) => {
        const [at, scheduledAt, node] = line.split(' ')
        return { atMs: Number(at), dueMs: Date.parse(scheduledAt!), node: node! }
      })
      .filter((start) => start.dueMs === dueMs)
  }
}

/** The next tick that leaves time to prepare, and who will run it. */
async function nextTick(up: readonly BundledNode[]): Promise<{ dueMs: number; node: BundledNode }> {
  return await until('a tick that all nodes predict alike', async () => {
    const plans = await Promise.all(up.map(({ api }) => api.plan(job, 3)))
    const ticks = plans.map((plan) =>
      plan.find(({ scheduledAt }) => Date.parse(scheduledAt) > Date.now() + 500),
    )
    const first = ticks[0]
    if (first === undefined || ticks.some((tick) => tick?.nodeName !== first.nodeName)) return false
    const node = up.find(({ name }) => name === first.nodeName)
    return node !== undefined && { dueMs: Date.parse(first.scheduledAt), node }
  })
}

/** Breaks the executor just before its tick; answers how late the substitute was. */
async function round(
  up: readonly BundledNode[],
  watch: Watch,
  fault: NodeJS.Signals,
): Promise<{ lateMs: number; node: BundledNode; dueMs: number }> {
  const { dueMs, node } = await nextTick(up)
  await untilClock(dueMs - beforeMs)
  node.signal(fault)
  await until('the substitute starts', () => watch.starts(dueMs).length > 0, 10_000)
  const [start] = watch.starts(dueMs)
  if (start!.node === node.name) throw new Error('the tick was started before the fault')
  return { lateMs: start!.atMs - dueMs, node, dueMs }
}

const bench = new Bench()
const report = new Report('Takeover of a tick')
const file = join(bench.dir, 'starts')
const watch = new Watch(file)
const stamp = compile('stamp', bench.dir)
const { nodes, untilComplete, stop } = await startCluster(bench, { size })
await nodes[0]!.api.putJob(job, {
  name: job,
  schedule: `*/${periodMs / 1_000} * * * * *`,
  timezone: 'UTC',
  // a tick that is taken over late must not be skipped for the next one
  overlap: 'allow',
  run: { exec: [stamp, file, '{scheduledAt}', '{node}'] },
})
await pass(periodMs)

const stopped: number[] = []
const killed: number[] = []
const ticks: number[] = []
for (let i = 0; i < roundCount; i += 1) {
  const { lateMs, node, dueMs } = await round(nodes, watch, 'SIGSTOP')
  stopped.push(lateMs)
  ticks.push(dueMs)
  node.signal('SIGCONT')
  await untilComplete()
}
let up = nodes
for (let i = 0; i < roundCount; i += 1) {
  const { lateMs, node, dueMs } = await round(up, watch, 'SIGKILL')
  killed.push(lateMs)
  ticks.push(dueMs)
  up = up.filter((other) => other !== node)
  await until('the others know', async () => {
    const seen = await Promise.all(up.map(({ api }) => api.status()))
    return seen.every(({ members }) =>
      members.every(({ name, state }) => name !== node.name || state !== 'alive'),
    )
  })
}
await pass(3_000)
const aim = { of: 'figure', most: 2_000 } as const
report.add({
  what: 'tick → start by the substitute, after kill -9',
  unit: 'ms',
  values: killed,
  aim,
})
report.add({ what: 'tick → start by the substitute, after SIGSTOP', unit: 'ms', values: stopped })
const starts = ticks.map((dueMs) => watch.starts(dueMs).length)
report.note(
  `${size} nodes, LAN profile, fault ${beforeMs} ms before the tick; ${starts.filter((n) => n > 1).length} of ${starts.length} ticks were started twice.`,
)
await stop()
report.end()
process.exit(0)
