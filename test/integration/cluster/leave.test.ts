import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, untilClock } from '../../until.ts'
import { processesIn } from './processes.ts'
import { Cluster, untilExecution } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('SIGTERM says good-bye, lets a run finish, and costs no tick', async () => {
  const tags = (node: number): readonly string[] => (node === 2 ? ['role=leaver'] : [])
  await Cluster.run({ nodes: 3, tags }, async (cluster) => {
    const [watcher, , leaver] = cluster.nodes
    const run = { shell: cluster.truth.script() }
    await watcher!.api.createJob({ name: job, ...everySecond, run })
    const slow = { shell: cluster.truth.script('sleep 3; echo done') }
    const placement = { tags: { role: 'leaver' } }
    await watcher!.api.createJob({ name: 'slow', schedule: '@manually', placement, run: slow })
    await cluster.untilSeen('slow')
    const fromMs = Date.now() + 1_000
    await until('a second tick runs', () => cluster.truth.ticksOf(job).size >= 2)
    const id = await watcher!.api.runJob('slow')
    await untilExecution(watcher!, id, 'running')

    const { code } = await leaver!.terminate()
    assert.equal(code, 0, leaver!.tail())
    assert.deepEqual(processesIn(leaver!.home), [], 'nothing of it is left')
    const { outcome } = await untilExecution(watcher!, id, 'ended')
    assert.equal(outcome, 'success', 'the run was let finish')
    for (const { api, name } of cluster.up) {
      await until(`${name} heard it go`, async () => {
        const { members } = await api.status()
        return members.find((one) => one.id === leaver!.id)?.state === 'left'
      })
    }
    const toMs = Math.floor(Date.now() / 1_000) * 1_000 + 3_000
    await untilClock(toMs)
    await until('the last tick ran', () => cluster.truth.ticksOf(job).has(toMs))
    const { missed, doubled } = cluster.truth.check(job, { fromMs, toMs })
    assert.deepEqual([missed, doubled], [[], []])
  })
})

test('what is still running after the drain is stopped, and its end is known to the others', async () => {
  const tags = (node: number): readonly string[] => (node === 1 ? ['role=leaver'] : [])
  await Cluster.run({ nodes: 2, tags }, async (cluster) => {
    const [watcher, leaver] = cluster.nodes
    const run = { shell: cluster.truth.script('sleep 600') }
    const placement = { tags: { role: 'leaver' } }
    await leaver!.api.createJob({ name: 'endless', schedule: '@manually', placement, run })
    await cluster.untilSeen('endless')
    await leaver!.api.runJob('endless')
    const mine = await until('it runs', () => cluster.truth.starts('endless')[0])
    const ended = leaver!.terminate()
    process.kill(leaver!.pid, 'SIGTERM')
    assert.equal((await ended).code, 0)
    assert.deepEqual(processesIn(leaver!.home), [], 'nothing of it is left')
    const { outcome, reason } = await untilExecution(watcher!, mine.execution, 'ended')
    assert.deepEqual([outcome, reason], ['cancelled', 'shutdown'])
  })
})
