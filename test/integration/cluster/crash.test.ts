import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { slack, until, untilClock } from '../../until.ts'
import { Cluster, executorOf, nextTick, untilExecution, untilKnown } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('a tick whose predicted node is killed before it is taken over, none is missed', async (t) => {
  await Cluster.run({ nodes: 3 }, async (cluster) => {
    const run = { shell: cluster.truth.script() }
    await cluster.node(0).api.createJob({ name: job, ...everySecond, run })
    await cluster.untilSeen(job)
    const fromMs = Date.now() + 1_000
    const { node: victim, atMs } = await nextTick(cluster, job)
    await untilClock(atMs - 150)
    await victim.kill()
    const start = await until('another node starts the tick', () =>
      cluster.truth.starts(job).find(({ scheduledMs }) => scheduledMs === atMs),
    )
    assert.notEqual(start.node, victim.name)
    const lateMs = start.atMs - atMs
    assert.ok(lateMs <= 2_000 * slack, `taken over after ${lateMs} ms`)
    for (const { api, name } of cluster.up) {
      await until(`${name} counts it`, async () => (await api.status()).counters.takeovers > 0)
    }

    await untilClock(fromMs + 9_000)
    await victim.start()
    await cluster.untilComplete()
    const toMs = fromMs + 20_000
    await untilClock(toMs)
    await until('the last tick ran', () => cluster.truth.ticksOf(job).has(lastSecond(toMs)))
    const verdict = cluster.truth.check(job, { fromMs, toMs })
    t.diagnostic(`taken over after ${lateMs} ms; ${JSON.stringify(verdict.latenessMs)}`)
    assert.deepEqual([verdict.missed, verdict.doubled], [[], []])
    // also what ran while it was away
    await untilKnown(victim, cluster.truth, job, { fromMs, toMs })
  })
})

test('a run whose daemon is killed is stopped by the next start, lost, and tried elsewhere', async () => {
  await Cluster.run({ nodes: 3 }, async (cluster) => {
    const { api } = cluster.node(0)
    const files = ['group', 'session'].map((name) => join(cluster.dir, `${name}.pid`))
    const shell = cluster.truth.script(`
      [ "$MESHCRON_ATTEMPT" = 1 ] || exit 0
      setsid sh -c "echo \\$\\$ > '${files[1]}'; exec sleep 600" &
      sh -c "echo \\$\\$ > '${files[0]}'; exec sleep 600"`)
    const retry = { max: 1, base: '1s', where: 'other', on: ['lost'] }
    await api.createJob({ name: 'long', schedule: '@manually', run: { shell }, retry })
    const id = await api.runJob('long')
    const victim = await executorOf(cluster, id)
    const children = await Promise.all(files.map((file) => cluster.childIn(file)))
    const [watcher] = cluster.others(victim)
    await untilExecution(watcher!, id, 'running')
    await victim.killWithHelper()
    assert.deepEqual(
      children.map((child) => child.isAlive()),
      [true, true],
      'what it ran lives on',
    )
    await victim.start()
    await until('what it ran is stopped', () => !children.some((child) => child.isAlive()), 3_000)

    const { attempts } = await until('the second attempt ends', async () => {
      const detail = await watcher!.api.execution(id)
      return detail.attempt === 2 && detail.state === 'ended' ? detail : undefined
    })
    assert.deepEqual(
      attempts.map(({ attempt, outcome, reason }) => [attempt, outcome, reason]),
      [
        [1, 'lost', 'unreported'],
        [2, 'success', ''],
      ],
    )
    const [first, second] = cluster.truth.starts('long')
    assert.equal(first!.node, victim.name)
    assert.notEqual(second!.node, victim.name)
    assert.equal(cluster.truth.starts('long').length, 2)
  })
})

const lastSecond = (ms: number): number => Math.floor(ms / 1_000) * 1_000
