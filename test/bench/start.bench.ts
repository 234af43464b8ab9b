// From the start of the process to its ready line, and what an idle node with 1,000 jobs holds and
// uses. The limit is an empty Node.js.

import { once } from 'node:events'
import { Bench, type BundledNode, pass, type Usage, usageOf } from './bundled.ts'
import { median, Report } from './report.ts'

const startRounds = 10
const idleRounds = 3
const settleMs = 12_000
const windowMs = 5_000
const jobs = 1_000
const alone = ['--listen', '/ip4/127.0.0.1/tcp/0']
const smallHeap = ['--max-semi-space-size=1', '--optimize-for-size']

async function startEmpty(bench: Bench): Promise<number> {
  const startMs = performance.now()
  const child = bench.spawn(['-e', 'console.log(1)'])
  await once(child.stdout!, 'data')
  const tookMs = performance.now() - startMs
  await once(child, 'close')
  return tookMs
}

async function putJobs(node: BundledNode): Promise<void> {
  const body = { schedule: '0 3 1 1 *', timezone: 'UTC', run: { exec: ['/bin/true'] } }
  for (let from = 0; from < jobs; from += 20) {
    const slice = Array.from({ length: 20 }, (_, i) => `job-${from + i}`)
    await Promise.all(slice.map((name) => node.api.putJob(name, { name, ...body })))
  }
}

async function starts(bench: Bench, report: Report): Promise<void> {
  const restarted = bench.node({ name: 'restarted', flags: alone })
  await restarted.start()
  await putJobs(restarted)
  await restarted.stop()
  const empty: number[] = []
  const first: number[] = []
  const again: number[] = []
  for (let round = 0; round < startRounds; round += 1) {
    empty.push(await startEmpty(bench))
    const fresh = bench.node({ name: `fresh-${round}`, flags: alone })
    first.push(await fresh.start())
    await fresh.kill()
    again.push(await restarted.start())
    await restarted.kill()
  }
  const against = { what: 'empty Node', values: empty }
  const aim = { of: 'figure', most: 500 } as const
  report.add({ what: 'first start → ready', unit: 'ms', values: first, against, aim })
  report.add({ what: 'start with 1,000 jobs → ready', unit: 'ms', values: again, against, aim })
}

/** Usage of a node and its helper in windows of idling. */
interface Idle {
  readonly node: readonly Usage[]
  readonly helper: readonly Usage[]
  readonly cores: readonly number[]
}

async function idle(nodes: readonly BundledNode[]): Promise<readonly Idle[]> {
  await pass(settleMs)
  const cpuOf = (node: BundledNode): number =>
    [node.pid, ...node.helpers].reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0)
  const found = nodes.map(() => ({
    node: [] as Usage[],
    helper: [] as Usage[],
    cores: [] as number[],
  }))
  for (let round = 0; round < idleRounds; round += 1) {
    const before = nodes.map(cpuOf)
    await pass(windowMs)
    for (const [i, node] of nodes.entries()) {
      found[i]!.cores.push(((cpuOf(node) - before[i]!) / windowMs) * 100)
      found[i]!.node.push(node.usage)
      found[i]!.helper.push(...node.helpers.map(usageOf))
    }
  }
  return found
}

async function idling(bench: Bench, report: Report): Promise<void> {
  const variants = [
    { name: 'as-shipped' },
    { name: 'small-heap', nodeFlags: smallHeap },
    { name: 'no-compile-cache', env: { NODE_DISABLE_COMPILE_CACHE: '1' } },
  ]
  const nodes = variants.map((variant) => bench.node({ flags: alone, ...variant }))
  const empty = bench.spawn(['-e', 'setInterval(() => {}, 1000)'])
  for (const node of nodes) {
    await node.start()
    await putJobs(node)
    // the writes left garbage; what counts is a node that has been started with its jobs
    await node.stop()
    await node.start()
  }
  const found = await idle(nodes)
  const base = usageOf(empty.pid!)
  for (const [i, { node, helper, cores }] of found.entries()) {
    const { name } = variants[i]!
    const judged = name === 'as-shipped'
    const against = { what: 'empty Node', values: [base.residentMb] }
    const what = (thing: string): string => `${thing}, 1,000 jobs, idle, ${name}`
    const residents = node.map(({ residentMb }) => residentMb)
    report.add({
      what: what('resident'),
      unit: 'MB',
      values: residents,
      against,
      ...(judged ? { aim: { of: 'figure', most: 90 } as const } : {}),
    })
    const anonymous = node.map(({ anonymousMb }) => anonymousMb)
    report.add({
      what: what('anonymous'),
      unit: 'MB',
      values: anonymous,
      against: { what: 'empty Node', values: [base.anonymousMb] },
      ...(judged ? { aim: { of: 'figure', most: 35 } as const } : {}),
    })
    if (!judged) continue
    const aim = { of: 'figure', most: 1 } as const
    report.add({ what: what('processor with helper'), unit: '% of a core', values: cores, aim })
    if (helper.length === 0) continue
    const both = median(helper.map(({ residentMb }) => residentMb))
    const own = median(helper.map(({ anonymousMb }) => anonymousMb))
    report.note(
      `Beside the node, its helper process holds ${both.toFixed(0)} MB, ${own.toFixed(0)} MB of it its own.`,
    )
  }
  await Promise.all(nodes.map((node) => node.stop()))
}

const bench = new Bench()
const report = new Report('Start, memory and processor of one node')
await starts(bench, report)
await idling(bench, report)
report.note('The variant small-heap runs with --max-semi-space-size=1 --optimize-for-size.')
report.end()
process.exit(0)
