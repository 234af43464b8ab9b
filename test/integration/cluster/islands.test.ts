import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, untilClock } from '../../until.ts'
import type { Daemon } from './daemon.ts'
import { Cluster, untilKnown } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('two islands run every tick, and are one cluster again when they meet', async (t) => {
  await Cluster.run({ nodes: 3, isProxied: true }, async (cluster) => {
    const [alone, second, third] = cluster.nodes as [Daemon, Daemon, Daemon]
    const run = { shell: cluster.truth.script() }
    await alone.api.createJob({ name: job, ...everySecond, run })
    const edited = { schedule: '@manually', run: { exec: ['true'] } }
    await alone.api.createJob({ name: 'edited', description: 'as it was', ...edited })
    await cluster.untilSeen('edited')
    const fromMs = Date.now() + 1_000
    await untilClock(fromMs + 1_000)

    cluster.proxies.split([0], [1, 2])
    await untilApart(cluster)
    const apartMs = Math.ceil(Date.now() / 1_000) * 1_000
    await alone.api.putJob('edited', { ...edited, description: 'by the one' })
    await second.api.putJob('edited', { ...edited, description: 'by the two' })
    await until('both islands run', () => bothRan(cluster, apartMs, apartMs + 4_000))

    const healMs = Date.now()
    cluster.proxies.heal()
    await cluster.untilComplete()
    t.diagnostic(`healed after ${Date.now() - healMs} ms`)
    for (const { api, name } of cluster.nodes) {
      const { conflicts } = await api.status()
      assert.deepEqual(conflicts, ['edited'], name)
      const [conflict, ...more] = (await api.job('edited')).conflicts
      assert.deepEqual([conflict!.group, conflict!.losers.length, more.length], ['meta', 1, 0])
      const { document, differences } = conflict!.losers[0]!
      assert.deepEqual([document['name'], differences.length], ['edited', 1], name)
      assert.equal(differences[0]!.path, 'description')
      assert.equal(differences[0]!.after, document['description'], 'PUT of it makes it count')
    }
    const toMs = Math.floor(Date.now() / 1_000) * 1_000 + 2_000
    await until('the last tick ran', () => cluster.truth.ticksOf(job).has(toMs))
    await sameHistory(cluster, { fromMs, toMs })
    await untilSolved(cluster, third)
  })
})

/** Nobody of one island counts on anybody of the other. */
async function untilApart({ nodes }: Cluster): Promise<void> {
  const expected = [1, 2, 2]
  for (const [i, { api, name }] of nodes.entries()) {
    await until(`${name} sees its island`, async () => {
      const { members } = await api.status()
      return members.filter(({ state }) => state === 'alive').length === expected[i]
    })
  }
}

/** Whether each tick of the span was started once on each island. */
function bothRan({ truth }: Cluster, fromMs: number, toMs: number): boolean {
  const starts = truth.starts(job)
  for (let tick = fromMs; tick <= toMs; tick += 1_000) {
    const nodes = starts.filter((one) => one.scheduledMs === tick).map((one) => one.node)
    const isBoth = nodes.includes('n0') && nodes.some((name) => name !== 'n0')
    if (!isBoth) return false
    assert.equal(nodes.length, 2, `${tick} ran on ${nodes.join(', ')}`)
  }
  return true
}

/** Nothing is missed, and every node knows every start and counts every double one. */
async function sameHistory(
  cluster: Cluster,
  span: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  for (const node of cluster.nodes) await untilKnown(node, cluster.truth, job, span)
  const { missed, doubled } = cluster.truth.check(job, span)
  assert.deepEqual(missed, [])
  assert.ok(doubled.length >= 4)
  for (const { api, name } of cluster.nodes) {
    const { counters } = await api.status()
    assert.equal(counters.duplicates, doubled.length, `${name} counts all duplicates`)
    assert.equal(counters.missed, 0, name)
  }
}

/** A later write settles the conflict for everybody. */
async function untilSolved({ nodes }: Cluster, { api }: Daemon): Promise<void> {
  const { document } = await api.job('edited')
  await api.putJob('edited', { ...document, description: 'settled' })
  for (const node of nodes) {
    await until(`${node.name} sees no conflict`, async () => {
      const { conflicts, description } = {
        ...(await node.api.job('edited')),
        description: (await node.api.job('edited')).document['description'],
      }
      return conflicts.length === 0 && description === 'settled'
    })
  }
}
