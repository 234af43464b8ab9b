import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { defaultDataDirs } from '../../src/app/data-dir.ts'
import { until } from '../until.ts'
import { ask, nodesOf, pidsWith, Place, seenBy, type Node } from './demo-program.ts'

const isGone = (state: string | undefined): boolean => state === 'unreachable' || state === 'down'

/** Waits until each of these nodes sees exactly those as alive. */
async function untilAlive(nodes: readonly Node[], alive: readonly Node[]): Promise<void> {
  const names = alive.map(({ name }) => name).sort()
  await until(
    `${nodes.map(({ name }) => name).join()} see ${names.join()} alive`,
    async () => {
      const views = await Promise.all(nodes.map(seenBy))
      return views.every((view) => {
        const seen = Object.keys(view).filter((name) => view[name] === 'alive')
        return seen.sort().join() === names.join()
      })
    },
    60_000,
  )
}

test('nodes of a demo are killed, started, cut off, joined again and stopped', async (t) => {
  const place = new Place(t)
  const demo = place.start('demo')
  const nodes = await nodesOf(demo)
  assert.equal(nodes.length, 3, demo.out() + demo.err())
  const [a, b, c] = nodes as [Node, Node, Node]
  await untilAlive(nodes, nodes)
  assert.match(
    demo.out(),
    /^ {2}meshcron \d\S* · 3 demo nodes · dashboard http:\/\/127\.0\.0\.1:\d+\//m,
  )
  const token = readFileSync(join(a.dataDir, 'api-token'), 'utf8').trim()
  assert.ok(demo.out().includes(`dashboard ${a.url}/#token=${token} `))
  const health = await fetch(`${b.url}/healthz`)
  assert.equal(health.status, 200)
  assert.equal(statSync(dirname(a.dataDir)).mode & 0o777, 0o700)

  const second = await place.run('demo')
  assert.equal(second.status, 1, second.err)
  assert.match(second.err, /MC_DATA_DIR_LOCKED: a demo of this user runs already/)

  assert.equal((await place.run('demo', 'kill', a.name)).status, 0)
  await untilAlive([b, c], [b, c])
  assert.ok(isGone((await seenBy(b))[a.name]))
  const again = await place.run('demo', 'kill', a.name)
  assert.equal(again.status, 4, again.err)
  assert.match(again.err, /is not running/)
  const unknown = await place.run('demo', 'kill', 'nobody')
  assert.equal(unknown.status, 3, unknown.err)
  assert.match(unknown.err, /MC_UNKNOWN_MEMBER/)

  const started = await place.run('demo', 'start', a.name)
  assert.equal(started.status, 0, started.err)
  await untilAlive(nodes, nodes)

  assert.equal((await place.run('demo', 'split', b.name)).status, 0)
  await untilAlive([a, c], [a, c])
  await untilAlive([b], [b])
  const healed = await place.run('demo', 'heal')
  assert.equal(healed.status, 0, healed.err)
  await untilAlive(nodes, nodes)

  const stopped = await place.run('demo', 'stop')
  assert.equal(stopped.status, 0, stopped.err)
  assert.equal(await demo.ended, 0, demo.err())
  assert.deepEqual(readdirSync(place.dir), [])
  assert.deepEqual(place.pids(), [])
  const none = await place.run('demo', 'heal')
  assert.equal(none.status, 5, none.err)
  assert.match(none.err, /MC_UNREACHABLE: no demo runs/)
})

test('without data directory a command finds the first node of a demo that lives', async (t) => {
  const place = new Place(t)
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = place.dir
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  const [own = ''] = defaultDataDirs(place.dir)
  assert.deepEqual(defaultDataDirs(place.dir), [own])
  const demo = place.start('demo', '--nodes', '2')
  const [a, b] = (await nodesOf(demo)) as [Node, Node]
  assert.deepEqual(defaultDataDirs(place.dir), [own, a.dataDir, b.dataDir])
  assert.equal((await place.run('demo', 'kill', a.name)).status, 0)
  assert.deepEqual(defaultDataDirs(place.dir), [own, b.dataDir])
  const id = await place.run('id')
  assert.equal(id.status, 0, id.err)
  demo.child.kill('SIGTERM')
  assert.equal(await demo.ended, 0)
  assert.deepEqual(defaultDataDirs(place.dir), [own])
})

test('ctrl-c leaves nothing, neither a killed node’s job nor a file', async (t) => {
  const place = new Place(t)
  const demo = place.start('demo', '--nodes', '1')
  const [node] = (await nodesOf(demo)) as [Node]
  const mark = `3153600${process.pid}`
  const job = { name: 'long', schedule: '@manually', run: { exec: ['sleep', mark] } }
  await until('the job is written', async () => {
    const written = (await ask(node, '/api/v1/jobs', job)) as { readonly name?: string }
    return written.name === 'long'
  })
  await ask(node, '/api/v1/jobs/long/trigger', {})
  await until('the job runs', () => pidsWith(mark).length > 0, 30_000)
  assert.equal((await place.run('demo', 'kill', node.name)).status, 0)
  demo.child.kill('SIGINT')
  assert.equal(await demo.ended, 0, demo.err())
  assert.deepEqual(pidsWith(mark), [])
  assert.deepEqual(place.pids(), [])
  assert.deepEqual(readdirSync(place.dir), [])
})

test('ctrl-c while the nodes start ends the demo too', async (t) => {
  const place = new Place(t)
  const demo = place.start('demo')
  await until('nodes are being started', () => place.pids().length > 2)
  demo.child.kill('SIGINT')
  assert.equal(await demo.ended, 0, demo.err())
  assert.deepEqual(place.pids(), [])
  assert.deepEqual(readdirSync(place.dir), [])
})

test('nodes whose demo was killed stop and delete what is there', async (t) => {
  const place = new Place(t)
  const demo = place.start('demo', '--nodes', '2')
  const [node] = (await nodesOf(demo)) as [Node]
  demo.child.kill('SIGKILL')
  await until('no process is left', () => place.pids().length === 0, 20_000)
  assert.equal(existsSync(dirname(node.dataDir)), false)
  const next = place.start('demo', '--nodes', '1')
  assert.equal((await nodesOf(next)).length, 1, next.err())
  next.child.kill('SIGTERM')
  assert.equal(await next.ended, 0)
})

test('a number of nodes that cannot be is refused', async (t) => {
  const place = new Place(t)
  for (const nodes of ['0', '17', 'many', '1.5']) {
    const { status, err } = await place.run('demo', '--nodes', nodes)
    assert.equal(status, 2, nodes)
    assert.match(err, /MC_BAD_INPUT/, nodes)
  }
})
