import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../until.ts'
import { Cluster, untilKnown } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('a node that joins while ticks fire costs none, doubles none, and takes its share', async (t) => {
  await Cluster.run({ nodes: 2 }, async (cluster) => {
    const run = { shell: cluster.truth.script() }
    await cluster.node(0).api.createJob({ name: job, ...everySecond, run })
    await cluster.untilSeen(job)
    const fromMs = Date.now() + 1_000
    const joiner = await cluster.join()
    await joiner.start()
    const joinedMs = Date.now()
    await until('it sees the jobs', () => joiner.api.hasJob(job))
    const { eligibleFromMs } = await until('it says from when it counts', async () => {
      const { members } = await cluster.node(0).api.status()
      return members.find(({ id, eligibleFromMs: ms }) => id === joiner.id && ms > 0)
    })
    assert.ok(eligibleFromMs > joinedMs, 'it is announced ahead')
    const first = await until(
      'it runs a tick',
      () => cluster.truth.starts(job).find(({ node }) => node === joiner.name),
      20_000,
    )
    assert.ok(first.scheduledMs >= eligibleFromMs, 'not before its time')
    const toMs = first.scheduledMs + 2_000
    await until('two more ticks ran', () => cluster.truth.ticksOf(job).has(toMs))
    const { missed, doubled, latenessMs } = cluster.truth.check(job, { fromMs, toMs })
    t.diagnostic(`first tick ${first.atMs - joinedMs} ms after it; ${JSON.stringify(latenessMs)}`)
    assert.deepEqual([missed, doubled], [[], []])
    await untilKnown(joiner, cluster.truth, job, { fromMs, toMs })
    const plans = await Promise.all(cluster.nodes.map(({ api }) => api.plan(job, 5)))
    assert.deepEqual(plans[2], plans[0])
  })
})
