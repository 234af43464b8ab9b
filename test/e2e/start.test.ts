import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../until.ts'
import { ask, pidsWith, Place, type Node, type Program } from './demo-program.ts'

const anyPort = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']

interface Ready {
  readonly id: string
  readonly name: string
  readonly http: string
  readonly addresses: readonly string[]
  readonly dataDir: string
}

/** Starts a node and waits for the line that says that it is ready. */
async function startNode(
  place: Place,
  ...flags: readonly string[]
): Promise<{ program: Program; ready: Ready; node: Node }> {
  const program = place.start('start', '--log', 'json', ...anyPort, ...flags)
  await until(
    'the node is ready',
    () => program.out() !== '' || program.child.exitCode !== null,
    30_000,
  )
  assert.equal(program.child.exitCode, null, program.err())
  const ready = JSON.parse(program.out()) as Ready
  const { name, http: url, dataDir } = ready
  return { program, ready, node: { name, url, dataDir } }
}

async function stopNode(program: Program, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  program.child.kill(signal)
  assert.equal(await program.ended, 0, program.err())
}

test('a node says in one line that it is ready, and stops cleanly on either signal', async (t) => {
  const place = new Place(t)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const program = place.start('start', '--name', 'barn', ...anyPort)
    // the first start of all says too how others come in
    const hint = signal === 'SIGTERM' ? 'more machines: meshcron invite\n' : ''
    await until('the node is ready', () => program.out().endsWith(hint || '\n'), 30_000)
    const said = (): string => program.out().replace(hint, '')
    const line =
      /^meshcron \d\S* {2}barn {2}\w{8} {2}peers \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+ {2}http http:\/\/127\.0\.0\.1:\d+ {2}data \S+\n$/
    assert.match(said(), line)
    await stopNode(program, signal)
    assert.match(said(), line)
    assert.deepEqual(place.pids(), [])
  }
})

test('SEC-22: what a start makes is private, and the next start keeps it', async (t) => {
  const place = new Place(t)
  const first = await startNode(place)
  const { dataDir } = first.ready
  assert.equal(dataDir, join(place.dir, 'meshcron-data'))
  assert.equal(statSync(dataDir).mode & 0o777, 0o700)
  const secrets = ['api-token', 'cluster.key', 'network.key', 'node.enc', 'node.key']
  const read = (): readonly string[] =>
    secrets.map((name) => readFileSync(join(dataDir, name), 'hex'))
  for (const name of [...secrets, 'api.sock']) {
    assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name)
  }
  const made = read()
  const token = readFileSync(join(dataDir, 'api-token'), 'utf8').trim()
  assert.match(token, /^mct_[\w-]{43}$/)
  const url = `${first.ready.http}/api/v1/status`
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(answer.status, 200)
  assert.equal((await fetch(url)).status, 401)
  await stopNode(first.program)
  const second = await startNode(place)
  assert.equal(second.ready.id, first.ready.id)
  assert.deepEqual(read(), made)
  assert.deepEqual(
    readdirSync(dataDir).filter((name) => name.startsWith('api-token.')),
    [],
  )
  await stopNode(second.program)
})

test('what keeps a node from starting is told in one error with its status', async (t) => {
  const place = new Place(t)
  const running = await startNode(place, '--data-dir', 'running')
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const dir = (name: string, content?: string, mode = 0o600): string => {
    mkdirSync(join(place.dir, name))
    const file = join(place.dir, name, 'api-token')
    if (content !== undefined) writeFileSync(file, content)
    if (content !== undefined) chmodSync(file, mode)
    return name
  }
  writeFileSync(join(place.dir, 'file'), '')
  writeFileSync(join(place.dir, 'short.key'), 'abc')
  const table: readonly (readonly [readonly string[], number, string, RegExp])[] = [
    [['--data-dir', 'file'], 1, 'MC_DATA_DIR', /is a file/],
    [['--data-dir', 'file/below'], 1, 'MC_DATA_DIR', /is a file/],
    [['--data-dir', 'running'], 1, 'MC_DATA_DIR_LOCKED', /is used by the process \d+/],
    [['--data-dir', dir('loose', `mct_${'a'.repeat(43)}`, 0o644)], 1, 'MC_DATA_DIR', /chmod 600/],
    [['--data-dir', dir('empty', '')], 1, 'MC_DATA_DIR', /holds no token/],
    [['--http', `127.0.0.1:${port}`], 1, 'MC_PORT_IN_USE', new RegExp(`${port}`)],
    [['--listen', `127.0.0.1:${port}`], 1, 'MC_PORT_IN_USE', new RegExp(`${port}`)],
    [['--network-key', 'none.key'], 2, 'MC_BAD_CONFIG', /none\.key/],
    [['--network-key', 'short.key'], 2, 'MC_BAD_CONFIG', /64 hex digits/],
    [['--profile', 'fast'], 2, 'MC_BAD_CONFIG', /choose one of lan, wan, iot/],
    [['--http', '0.0.0.0:7172'], 2, 'MC_BAD_CONFIG', /reached from other machines/],
  ]
  for (const [flags, status, code, text] of table) {
    const ports = flags[0] === '--listen' ? anyPort.slice(2) : anyPort
    const result = await place.run('start', ...ports, ...flags)
    assert.equal(result.status, status, `${flags.join(' ')}: ${result.err}`)
    assert.equal(result.out, '', flags.join(' '))
    const [line = ''] = result.err.split('\n').filter((one) => one.startsWith('error '))
    assert.ok(line.startsWith(`error ${code}: `), `${flags.join(' ')}: ${result.err}`)
    assert.match(result.err, text, flags.join(' '))
    assert.doesNotMatch(result.err, /^ {4}at /m, flags.join(' '))
  }
  const json = await place.run('start', '--log', 'json', '--data-dir', 'file', ...anyPort)
  const { code, level } = JSON.parse(json.err) as { code: string; level: string }
  assert.deepEqual({ code, level }, { code: 'MC_DATA_DIR', level: 'error' })
  await stopNode(running.program)
})

/** Writes a job that is started by hand, starts it, and waits until it runs. */
async function runJob(node: Node, exec: readonly string[], mark: string): Promise<void> {
  await ask(node, '/api/v1/jobs', { name: 'long', schedule: '@manually', run: { exec } })
  await ask(node, '/api/v1/jobs/long/trigger', {})
  await until('the job runs', () => pidsWith(mark).length > 0, 20_000)
}

async function outcomeOf(node: Node): Promise<string> {
  const page = (await ask(node, '/api/v1/executions?job=long')) as {
    items: readonly { readonly outcome: string | null }[]
  }
  return page.items[0]?.outcome ?? ''
}

test('a clean stop lets a running job finish', async (t) => {
  const place = new Place(t)
  const first = await startNode(place, '--drain', '60s')
  const mark = `1.000${process.pid}`
  await runJob(first.node, ['sleep', mark], mark)
  await stopNode(first.program)
  assert.deepEqual(pidsWith(mark), [])
  const second = await startNode(place)
  assert.equal(await outcomeOf(second.node), 'success')
  await stopNode(second.program)
})

test('a job that takes longer than the drain is stopped', async (t) => {
  const place = new Place(t)
  const { program, node } = await startNode(place, '--drain', '0s')
  const mark = `3153601${process.pid}`
  await runJob(node, ['sleep', mark], mark)
  await stopNode(program)
  assert.deepEqual(pidsWith(mark), [])
})
