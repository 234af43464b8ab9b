import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, untilClock } from '../../until.ts'
import type { Daemon } from './daemon.ts'
import { Cluster, untilKnown } from './harness.ts'
import { everySecond } from './truth.ts'

test('definitions that were acknowledged survive kill -9 of one node and of all', async () => {
  await Cluster.run({ nodes: 3 }, async (cluster) => {
    const run = { shell: cluster.truth.script() }
    const misfire = { policy: 'latest', deadline: '60s' }
    const [first, second] = cluster.nodes as [Daemon, Daemon]
    await first.api.createJob({ name: 'second', ...everySecond, run })
    const pair = { ...everySecond, schedule: '*/2 * * * * *', misfire }
    await first.api.createJob({ name: 'latest', ...pair, run })

    await second.api.createJob({ name: 'before-one', schedule: '@manually', run })
    await second.kill()
    await second.start()
    assert.ok(await second.api.hasJob('before-one'))
    await cluster.untilComplete()

    await until('a tick has run', () => cluster.truth.starts('latest').length > 0)
    const names = await acknowledged(cluster, run)
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    const downMs = Date.now()
    await untilClock(downMs + 6_500)
    const upMs = Date.now()
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await cluster.untilComplete()
    for (const name of names) await cluster.untilSeen(name)

    await goesOn(cluster, 'second')
    await ranOnce(cluster, { downMs, upMs })
  })
})

/** Writes jobs on every node; the kill comes right after the last acknowledgement. */
async function acknowledged(cluster: Cluster, run: object): Promise<readonly string[]> {
  const names = ['a', 'b', 'c', 'd'].flatMap((letter) =>
    cluster.nodes.map((node) => `job-${letter}-${node.name}`),
  )
  const job = { schedule: '@manually', run }
  await Promise.all(
    names.map((name, i) => cluster.node(i % cluster.nodes.length).api.createJob({ name, ...job })),
  )
  return ['before-one', ...names]
}

async function goesOn(cluster: Cluster, job: string): Promise<void> {
  const fromMs = Math.ceil(Date.now() / 1_000) * 1_000
  const toMs = fromMs + 3_000
  await until('ticks go on', () => cluster.truth.ticksOf(job).has(toMs))
  const { missed, doubled } = cluster.truth.check(job, { fromMs, toMs })
  assert.deepEqual([missed, doubled], [[], []])
}

/** Of the ticks that nobody was there for the newest ran, once, and a record tells of the others. */
async function ranOnce(
  cluster: Cluster,
  { downMs, upMs }: { readonly downMs: number; readonly upMs: number },
): Promise<void> {
  const starts = cluster.truth.starts('latest').map(({ scheduledMs }) => scheduledMs)
  const before = Math.max(...starts.filter((ms) => ms <= downMs))
  const after = starts.filter((ms) => ms > before).sort((a, b) => a - b)
  const first = after[0]!
  assert.ok(first >= upMs - 2_000, 'older ticks do not run')
  const expected = after.map((_, i) => first + i * 2_000)
  assert.deepEqual(after, expected, 'the newest tick and every later one, once')
  const passed = (first - before) / 2_000 - 1
  assert.ok(passed >= 2, `${passed} ticks passed`)
  for (const node of cluster.nodes) {
    await until(`${node.name} knows what was missed`, async () => {
      const items = await node.api.executions('latest', '&state=missed')
      assert.equal(
        items.reduce((sum, { count }) => sum + count, 0),
        passed,
      )
      return true
    })
    await untilKnown(node, cluster.truth, 'latest', { fromMs: first, toMs: first })
  }
}
