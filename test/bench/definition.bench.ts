// A definition acknowledged by one of three nodes → visible on all of them. Watchers of the event
// streams note the instant; the limit is one durable append on the same disk.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { until } from '../until.ts'
import { Bench, type BundledNode } from './bundled.ts'
import { startCluster } from './cluster.ts'
import { compile } from './native.ts'
import { quantiles, Report, rounds } from './report.ts'

const writes = 300
const roundCount = 5
const recordBytes = 640

/** When each job was first seen on one node. */
type Seen = Map<string, number>

/** Notes every definition that the node tells of, until the benchmark ends. */
async function watch(node: BundledNode): Promise<Seen> {
  const seen: Seen = new Map()
  const stream = await node.api.events()
  void follow(stream, seen).catch(() => undefined)
  return seen
}

async function follow(stream: AsyncIterable<Uint8Array>, seen: Seen): Promise<void> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of stream) {
    const nowMs = performance.now()
    text += decoder.decode(bytes, { stream: true })
    const events = text.split('\n\n')
    text = events.pop()!
    for (const event of events) {
      const data = /^data: ?(.*)$/m.exec(event)?.[1]
      if (data === undefined) continue
      const { type, job } = JSON.parse(data) as { type: string; job?: string }
      if (type === 'job' && !seen.has(job!)) seen.set(job!, nowMs)
    }
  }
}

interface Sample {
  readonly ackMs: number
  readonly acrossMs: number
  readonly inAllMs: number
}

async function write(nodes: readonly BundledNode[], seen: readonly Seen[]): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let i = 0; i < writes; i += 1) {
    const name = `job-${i}`
    const sentMs = performance.now()
    await nodes[i % nodes.length]!.api.putJob(name, {
      name,
      schedule: '0 3 1 1 *',
      timezone: 'UTC',
      run: { exec: ['/bin/true'] },
    })
    const ackMs = performance.now()
    await until(`${name} is on all nodes`, () => seen.every((one) => one.has(name)))
    const lastMs = Math.max(...seen.map((one) => one.get(name)!))
    samples.push({
      ackMs: ackMs - sentMs,
      acrossMs: Math.max(0, lastMs - ackMs),
      inAllMs: lastMs - sentMs,
    })
  }
  return samples
}

function appends(bench: Bench): readonly number[] {
  const program = compile('append-sync', bench.dir)
  const args = [join(bench.dir, 'log'), String(writes), String(recordBytes)]
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return stdout
    .trim()
    .split('\n')
    .map((us) => Number(us) / 1_000)
}

const bench = new Bench()
const report = new Report('A definition on three nodes')
const cluster = await startCluster(bench, { size: 3 })
const seen = await Promise.all(cluster.nodes.map(watch))
const before = appends(bench)
const samples = await write(cluster.nodes, seen)
const disk = rounds([...before, ...appends(bench)], 2 * roundCount)
const split = (of: (sample: Sample) => number): readonly (readonly number[])[] =>
  rounds(samples.map(of), roundCount)

const across = split(({ acrossMs }) => acrossMs)
const inAll = split(({ inAllMs }) => inAllMs)
const acks = split(({ ackMs }) => ackMs)
const against = { what: 'C append + fdatasync', values: quantiles(disk, 0.5) }
const unit = 'ms'
report.add({ what: 'sent → acknowledged, p50', unit, values: quantiles(acks, 0.5), against })
report.add({ what: 'sent → acknowledged, p99', unit, values: quantiles(acks, 0.99) })
report.add({ what: 'acknowledged → visible on all, p50', unit, values: quantiles(across, 0.5) })
report.add({
  what: 'acknowledged → visible on all, p99',
  unit,
  values: quantiles(across, 0.99),
  aim: { of: 'figure', most: 50 },
})
report.add({ what: 'sent → visible on all, p50', unit, values: quantiles(inAll, 0.5) })
report.add({ what: 'sent → visible on all, p99', unit, values: quantiles(inAll, 0.99) })
report.note(
  `${writes} writes one by one, by turns through each node, in ${roundCount} rounds. "Acknowledged" includes the request itself, about 1 ms of it.`,
)
await cluster.stop()
report.end()
process.exit(0)
