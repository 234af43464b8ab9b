import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { until } from '../../until.ts'
import type { Daemon } from './daemon.ts'
import { Cluster, untilKnown } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

/** Makes every file read-only for one process, or writable again; false: not possible here. */
function setWritable({ pid }: Daemon, isWritable: boolean): boolean {
  const size = isWritable ? 'unlimited' : '0'
  return spawnSync('prlimit', [`--fsize=${size}:unlimited`, '--pid', String(pid)]).status === 0
}

test('a node whose store turns read-only refuses writes and lets others run, until it is writable', async (t) => {
  if (spawnSync('prlimit', ['--version']).status !== 0) return t.skip('no prlimit')
  await Cluster.run({ nodes: 3 }, async (cluster) => {
    const [victim, other] = cluster.nodes as [Daemon, Daemon, Daemon]
    const run = { shell: cluster.truth.script() }
    await victim.api.createJob({ name: job, ...everySecond, run })
    await cluster.untilSeen(job)
    const fromMs = Date.now() + 1_000
    const manual = { schedule: '@manually', run: { exec: ['true'] } }
    await victim.api.createJob({ name: 'acknowledged', ...manual })
    assert.ok(setWritable(victim, false))

    const body = { name: 'refused', ...manual }
    const problem = await until('a write is refused', async () => {
      const answer = await victim.api.send('POST', '/api/v1/jobs', { body })
      return answer.status === 507 ? (answer.json as { code: string; hint: string }) : undefined
    })
    assert.equal(problem.code, 'MC_STORE_FAILED')
    assert.notEqual(problem.hint, '')
    assert.equal(await victim.api.hasJob('refused'), false)
    assert.ok(await victim.api.hasJob('acknowledged'))
    await other.api.createJob({ name: 'meanwhile', ...manual })
    const brokenMs = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000
    const fixedMs = brokenMs + 5_000
    await until('ticks go on', () => cluster.truth.ticksOf(job).has(fixedMs))
    const there = cluster.truth.starts(job).filter((one) => one.scheduledMs >= brokenMs)
    assert.ok(
      there.every(({ node }) => node !== victim.name),
      'it starts nothing',
    )

    assert.ok(setWritable(victim, true))
    await until('it takes writes again', async () => {
      const answer = await victim.api.send('POST', '/api/v1/jobs', { body })
      return answer.status === 201
    })
    for (const name of ['acknowledged', 'meanwhile', 'refused']) await cluster.untilSeen(name)
    await until('it runs ticks again', () =>
      cluster.truth
        .starts(job)
        .some((one) => one.scheduledMs > fixedMs && one.node === victim.name),
    )
    const toMs = Math.max(...cluster.truth.ticksOf(job))
    const { missed, doubled, latenessMs } = cluster.truth.check(job, { fromMs, toMs })
    t.diagnostic(JSON.stringify(latenessMs))
    assert.deepEqual([missed, doubled], [[], []])
    await untilKnown(victim, cluster.truth, job, { fromMs, toMs })
    await survives(cluster, victim)
  })
})

/** What was acknowledged before, while and after it is still there when it starts again. */
async function survives(cluster: Cluster, victim: Daemon): Promise<void> {
  await victim.kill()
  await victim.start()
  for (const name of ['acknowledged', 'meanwhile', 'refused']) {
    assert.ok(await victim.api.hasJob(name), name)
  }
  await cluster.untilComplete()
}
