import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, untilClock } from '../../until.ts'
import type { Daemon } from './daemon.ts'
import { Cluster } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'once'
const delivery = { mode: 'at-most-once', roster: ['n0', 'n1', 'n2'] }

test('at most once: the side with the majority starts, the other does not, nothing starts twice', async (t) => {
  await Cluster.run({ nodes: 3, isProxied: true }, async (cluster) => {
    const [alone, second] = cluster.nodes as [Daemon, Daemon, Daemon]
    const run = { shell: cluster.truth.script() }
    await alone.api.createJob({ name: job, ...everySecond, run, delivery })
    await cluster.untilSeen(job)
    const fromMs = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000
    await until('whole, ticks run', () => ran(cluster, fromMs).length >= 3, 20_000)

    cluster.proxies.split([0], [1, 2])
    const splitMs = Date.now()
    await until('the two see each other only', async () => {
      const { members } = await second.api.status()
      return members.filter(({ state }) => state === 'alive').length === 2
    })
    const apartMs = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000
    // one whose best rank is gone may be overtaken by the next before it is taken over
    await until('the two run ticks', () => ran(cluster, apartMs).length >= 3, 20_000)
    await untilClock(apartMs + 5_000)
    const lone = cluster.truth
      .starts(job)
      .filter(({ node, scheduledMs }) => node === 'n0' && scheduledMs > splitMs)
    assert.deepEqual(lone, [], 'without a majority nothing starts')

    cluster.proxies.heal()
    await cluster.untilComplete()
    const healedMs = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000
    await until('whole again, ticks run', () => ran(cluster, healedMs).length >= 3, 20_000)
    const { doubled } = cluster.truth.check(job, { fromMs, toMs: Date.now() })
    assert.deepEqual(doubled, [])
    for (const { api, name } of cluster.nodes) {
      assert.equal((await api.status()).counters.duplicates, 0, name)
    }
    t.diagnostic(`${cluster.truth.starts(job).length} starts, none double`)
  })
})

/** Ticks that were started, of those due from an instant on. */
function ran({ truth }: Cluster, fromMs: number): readonly number[] {
  const ticks = truth.starts(job).map(({ scheduledMs }) => scheduledMs)
  return [...new Set(ticks)].filter((tick) => tick >= fromMs)
}
