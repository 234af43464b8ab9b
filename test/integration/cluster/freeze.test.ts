import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, untilClock } from '../../until.ts'
import { Cluster, nextTick, untilKnown } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('a node that stands still for 5 s costs no tick and comes back by itself', async (t) => {
  await Cluster.run({ nodes: 3 }, async (cluster) => {
    const run = { shell: cluster.truth.script() }
    await cluster.node(0).api.createJob({ name: job, ...everySecond, run })
    await cluster.untilSeen(job)
    const fromMs = Date.now() + 1_000
    const { node: victim, atMs } = await nextTick(cluster, job)
    const { self } = await victim.api.status()
    const [watcher] = cluster.others(victim)
    await untilClock(atMs - 150)
    victim.freeze()
    await until('the others take it for gone', async () => {
      const { members } = await watcher!.api.status()
      return members.find(({ id }) => id === victim.id)?.state === 'unreachable'
    })
    await untilClock(atMs - 150 + 5_000)
    victim.go()
    await cluster.untilComplete()
    const after = await victim.api.status()
    assert.ok(after.self.incarnation > self.incarnation, 'it has refuted')

    const toMs = Math.floor(Date.now() / 1_000) * 1_000 + 3_000
    await until('the last tick ran', () => cluster.truth.ticksOf(job).has(toMs))
    for (const node of cluster.nodes) await untilKnown(node, cluster.truth, job, { fromMs, toMs })
    const { missed, doubled, latenessMs } = cluster.truth.check(job, { fromMs, toMs })
    t.diagnostic(`${doubled.length} doubled; ${JSON.stringify(latenessMs)}`)
    assert.deepEqual(missed, [])
    for (const { api, name } of cluster.nodes) {
      const { counters } = await api.status()
      assert.equal(counters.missed, 0, name)
      assert.equal(counters.duplicates, doubled.length, `${name} counts ${doubled.join(', ')}`)
    }
  })
})
