// Three nodes, nothing broken: what everybody predicts happens, and everybody knows that it did.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until, untilClock } from '../../until.ts'
import { Cluster, executorOf, untilExecution } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('three nodes are one scheduler', async (t) => {
  await Cluster.run({ nodes: 3 }, async (cluster) => {
    await prediction(t, cluster)
    await outcomes(t, cluster)
    await dispatches(t, cluster)
    await stopping(t, cluster)
    await life(t, cluster)
  })
})

async function prediction(t: TestContext, cluster: Cluster): Promise<void> {
  await cluster.step(t, 'a job created on one node is seen on all', async () => {
    const run = { shell: cluster.truth.script() }
    // not at once: a tick a few milliseconds after the write may find a node that has not heard of it
    const startAt = new Date(Date.now() + 1_500).toISOString()
    await cluster.node(0).api.createJob({ name: job, ...everySecond, startAt, run })
    await cluster.untilSeen(job)
  })

  await cluster.step(t, 'a tick runs on the node that every node predicted', async () => {
    const plans = await Promise.all(cluster.nodes.map((node) => node.api.plan(job, 6)))
    const statuses = await Promise.all(cluster.nodes.map((node) => node.api.status()))
    const predicted = new Map<string, string | null>()
    for (const { scheduledAt, nodeName } of [...plans.flat(), ...statuses.flatMap((s) => s.next)]) {
      const known = predicted.get(scheduledAt) ?? nodeName
      assert.equal(nodeName, known, `two nodes predict differently for ${scheduledAt}`)
      predicted.set(scheduledAt, nodeName)
    }
    const last = Date.parse(plans[0]!.at(-1)!.scheduledAt)
    await untilClock(last)
    await until('the tick ran', () => cluster.truth.ticksOf(job).has(last))
    const starts = cluster.truth.starts(job).filter(({ scheduledMs }) => scheduledMs <= last)
    const wrong = starts.filter(({ scheduledMs, node }) => {
      const name = predicted.get(new Date(scheduledMs).toISOString())
      return name !== undefined && name !== node
    })
    assert.deepEqual(wrong, [])
    assert.ok(starts.length >= 5, `${starts.length} starts`)
  })
}

async function outcomes(t: TestContext, cluster: Cluster): Promise<void> {
  await cluster.step(
    t,
    'every tick has one outcome, known on any node about every node',
    async () => {
      const starts = cluster.truth.starts(job)
      const nodeOf = new Map(starts.map(({ scheduledMs, node }) => [scheduledMs, node]))
      assert.equal(nodeOf.size, starts.length, 'no tick started twice')
      for (const { api, name } of cluster.nodes) {
        await until(`${name} knows every end`, async () => {
          const items = await api.executions(job)
          for (const [tick, node] of nodeOf) {
            const same = items.filter(({ scheduledAt }) => Date.parse(scheduledAt) === tick)
            assert.deepEqual(
              same.map(({ nodeName, outcome, attempt }) => [nodeName, outcome, attempt]),
              [[node, 'success', 1]],
            )
          }
          return true
        })
      }
    },
  )

  await cluster.step(t, 'the counters say what happened', async () => {
    const started = cluster.truth.starts(job).length
    for (const { api, name } of cluster.nodes) {
      const { counters } = await until(`${name} counts`, async () => {
        const status = await api.status()
        return status.counters.succeeded >= started ? status : undefined
      })
      const { takeovers, duplicates, missed, failed, skipped } = counters
      assert.deepEqual([takeovers, duplicates, missed, failed, skipped], [0, 0, 0, 0, 0], name)
      assert.ok(counters.started >= started)
    }
  })
}

async function dispatches(t: TestContext, cluster: Cluster): Promise<void> {
  const [first, second] = [cluster.node(0).api, cluster.node(1).api]

  await cluster.step(t, 'output is read through another node than the executor', async () => {
    const run = { shell: 'echo "said by $MESHCRON_NODE"' }
    await first.createJob({ name: 'say', schedule: '@manually', run })
    const id = await first.runJob('say')
    const { nodeName } = await untilExecution(cluster.node(0), id, 'ended')
    for (const { api } of cluster.others(cluster.byName(nodeName))) {
      assert.equal(await api.output(id), `said by ${nodeName}\n`)
    }
  })

  await cluster.step(t, 'run now with one Idempotency-Key is one execution', async () => {
    const run = { shell: cluster.truth.script() }
    await first.createJob({ name: 'once', schedule: '@manually', run })
    await cluster.untilSeen('once')
    const ids = await Promise.all([first.runJob('once', 'k1'), second.runJob('once', 'k1')])
    await untilExecution(cluster.node(1), ids[0], 'ended')
    ids.push(await first.runJob('once', 'k1'))
    assert.equal(new Set(ids).size, 1, 'on whichever node it is said')
    const other = await second.runJob('once', 'k2')
    assert.notEqual(other, ids[0])
    await untilExecution(cluster.node(0), other, 'ended')
    const runs = cluster.truth.starts('once').map(({ execution }) => execution)
    assert.deepEqual(runs.sort(), [ids[0], other].sort())
  })
}

async function stopping(t: TestContext, cluster: Cluster): Promise<void> {
  await cluster.step(t, 'what runs on one node is stopped from another', async () => {
    const { api } = cluster.node(0)
    const pidFile = join(cluster.dir, 'long.pid')
    const run = { shell: `echo $$ > '${pidFile}'\nexec sleep 600` }
    await api.createJob({ name: 'long', schedule: '@manually', run })
    const id = await api.runJob('long')
    const executor = await executorOf(cluster, id)
    const child = await cluster.childIn(pidFile)
    const [other] = cluster.others(executor)
    await untilExecution(other!, id, 'running')
    await other!.api.stopExecution(id)
    const { outcome, reason } = await untilExecution(other!, id, 'ended')
    assert.deepEqual([outcome, reason], ['cancelled', 'operator'])
    assert.equal(child.isAlive(), false)
    const problem = await other!.api.refused(409, 'POST', `/api/v1/executions/${id}/stop`)
    assert.equal(problem.code, 'MC_NOT_RUNNING')
  })
}

async function life(t: TestContext, cluster: Cluster): Promise<void> {
  const last = (): number => Math.max(...cluster.truth.ticksOf(job))

  await cluster.step(t, 'a paused job has ticks that are recorded and do not run', async () => {
    await cluster.node(1).api.pauseJob(job)
    for (const { api, name } of cluster.nodes) {
      await until(`${name} sees the pause`, async () => (await api.job(job)).state === 'paused')
    }
    const pausedMs = Date.now()
    await untilClock(pausedMs + 2_500)
    assert.ok(last() <= pausedMs, 'nothing started while paused')
    await cluster.node(2).api.resumeJob(job)
    const resumedMs = Date.now()
    await until('it runs again', () => last() > resumedMs)
    const { missed, doubled } = cluster.truth.check(job, {
      fromMs: resumedMs + 1_000,
      toMs: last(),
    })
    assert.deepEqual([missed, doubled], [[], []])
    await until('the ticks between are recorded as paused', async () => {
      const items = await cluster.node(0).api.executions(job, '&state=paused')
      return items.reduce((sum, { count }) => sum + count, 0) >= 2
    })
  })

  await cluster.step(t, 'a deleted job is gone everywhere and starts no more', async () => {
    await cluster.node(2).api.removeJob(job)
    for (const { api, name } of cluster.nodes) {
      await until(`${name} forgets it`, async () => !(await api.hasJob(job)))
    }
    const goneMs = Date.now()
    await untilClock(goneMs + 2_000)
    assert.ok(last() <= goneMs)
  })
}
