// Jobs that do not behave. One node: what one job does must not touch the ticks of another.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../until.ts'
import { Cluster, untilExecution } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('a job that misbehaves harms nobody but itself', async (t) => {
  await Cluster.run({ nodes: 1 }, async (cluster) => {
    const run = { shell: cluster.truth.script() }
    await cluster.node(0).api.createJob({ name: job, ...everySecond, run })
    const fromMs = Date.now() + 1_000
    await stubborn(t, cluster)
    await background(t, cluster)
    await loud(t, cluster)

    await cluster.step(t, 'all the while another job has run every second', async () => {
      const toMs = Math.floor(Date.now() / 1_000) * 1_000
      await until('the last tick ran', () => cluster.truth.ticksOf(job).has(toMs))
      const { missed, doubled, latenessMs } = cluster.truth.check(job, { fromMs, toMs })
      t.diagnostic(JSON.stringify(latenessMs))
      assert.deepEqual([missed, doubled], [[], []])
    })
  })
})

async function stubborn(t: TestContext, cluster: Cluster): Promise<void> {
  const node = cluster.node(0)
  await cluster.step(t, 'one that ignores TERM is killed after its grace', async () => {
    const file = join(cluster.dir, 'stubborn.pid')
    const shell = `trap '' TERM\necho $$ > '${file}'\nwhile :; do sleep 600; done`
    const times = { timeout: '1s', killAfter: '500ms' }
    await node.api.createJob({ name: 'stubborn', schedule: '@manually', ...times, run: { shell } })
    const id = await node.api.runJob('stubborn')
    const child = await cluster.childIn(file)
    const { outcome, reason } = await untilExecution(node, id, 'ended')
    assert.deepEqual([outcome, reason], ['failure', 'timeout'])
    await until('it is gone', () => !child.isAlive(), 1_000)
  })
}

async function background(t: TestContext, cluster: Cluster): Promise<void> {
  const node = cluster.node(0)
  await cluster.step(t, 'one that leaves a daemon ends when its command ends', async () => {
    const file = join(cluster.dir, 'background.pid')
    const shell = `setsid sh -c 'echo $$ > "${file}"; exec sleep 600' & sleep 0.2; echo left`
    await node.api.createJob({ name: 'background', schedule: '@manually', run: { shell } })
    const id = await node.api.runJob('background')
    await cluster.childIn(file)
    const { outcome } = await untilExecution(node, id, 'ended')
    assert.equal(outcome, 'success')
    assert.equal(await node.api.output(id), 'left\n')
    // that nothing of it is left when the node stops is asserted for every cluster
  })
}

async function loud(t: TestContext, cluster: Cluster): Promise<void> {
  const node = cluster.node(0)
  await cluster.step(
    t,
    'of 1 GB of output the two ends are kept and the rest is counted',
    async () => {
      const bytes = 1_000_000_000
      const shell = `echo first; head -c ${bytes} /dev/zero | tr '\\0' x; echo; echo last`
      await node.api.createJob({ name: 'loud', schedule: '@manually', run: { shell } })
      const id = await node.api.runJob('loud')
      await untilExecution(node, id, 'running')
      let slowestMs = 0
      await until(
        'it ends',
        async () => {
          const startedMs = performance.now()
          const { state } = await node.api.execution(id)
          slowestMs = Math.max(slowestMs, performance.now() - startedMs)
          return state === 'ended'
        },
        30_000,
      )
      t.diagnostic(`slowest answer ${Math.round(slowestMs)} ms`)
      const { outcome, outputBytes, outputDropped } = await node.api.execution(id)
      assert.equal(outcome, 'success')
      assert.equal(outputBytes, bytes + 'first\n\nlast\n'.length)
      const kept = await node.api.output(id)
      assert.ok(kept.startsWith('first\nxxx') && kept.endsWith('xxx\nlast\n'))
      assert.ok(kept.length < 400_000, `${kept.length} bytes`)
      assert.ok(outputDropped > bytes - 400_000)
    },
  )
}
