import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { listPlugins } from '../../../src/adapters/executor/plugins.ts'
import type { Launch } from '../../../src/core/effect.ts'
import { limits } from '../../../src/core/limits.ts'
import { directoryOf, Local } from './local.ts'

const example = resolve(import.meta.dirname, '../../../examples/meshcron-plugin-disk-free')

/** A directory of plugins: name → script that speaks for itself, or what `sh` is told to. */
function pluginsOf(t: TestContext, scripts: Readonly<Record<string, string>>): string {
  const dir = directoryOf(t)
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  return dir
}

const places = (dir: string) => ({ dir, table: {} })

const launchOf = (local: Local, name: string, config: object = {}): Launch =>
  local.launch({ kind: 'plugin', name, config: JSON.stringify(config) }, environment)

const environment = {
  MESHCRON_SCHEDULED_AT: '2027-01-01T00:00:00Z',
  MESHCRON_ATTEMPT: '3',
  MESHCRON_FENCE: '7',
  MESHCRON_NODE: 'barn',
}

/** Greets as a plugin does, and reads what it is to do into $order. */
const greeting = `read hello; echo '{"type":"ready","protocol":1}'; read order`

test('a plugin is greeted, told what to do, and judged by its word', async (t) => {
  const dir = pluginsOf(t, {
    echo: [
      greeting,
      'printf "%s\\n" "$hello" "$order" >&2',
      `printf '%s\\n' '{"type":"output","data":"printed\\n"}'`,
      `echo '{"type":"progress","percent":40.4,"message":"half"}'`,
      `echo '{"type":"result","value":{"rows":[1,2.5]}}'`,
      // Nobody hears this any more, and the exit status no longer matters.
      `echo '{"type":"output","data":"late"}'`,
      'exit 3',
    ].join('\n'),
  })
  const local = await Local.start(t, { plugins: places(dir) })
  const launch = launchOf(local, 'echo', { host: 'h', list: [1.5] })
  const ended = await local.end(launch)
  assert.deepEqual([ended.reason, ended.exit, ended.detail], ['exit', 0, ''])
  assert.equal(Buffer.from(ended.result ?? []).toString(), '{"rows":[1,2.5]}')
  const output = await local.output(launch)
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { type: 'hello', protocols: [1] },
      {
        type: 'run',
        config: { host: 'h', list: [1.5] },
        execution: launch.execution,
        job: launch.job,
        slot: '0',
        scheduledAt: '2027-01-01T00:00:00Z',
        attempt: 3,
        fence: 7,
        node: 'barn',
      },
    ],
  )
  assert.match(output, /printed\n40 % half\n/)
  assert.ok(!output.includes('late'))
  const kinds = local.recorder.of(launch.attempt).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['started', 'ended'])
})

test('each way in which a plugin can fail has its reason', async (t) => {
  const endless = 'while :; do sleep 600; done'
  const dir = pluginsOf(t, {
    coded: `${greeting}; echo '{"type":"error","code":"busy","message":"try later","exit":75}'`,
    bare: `${greeting}; echo '{"type":"error"}'`,
    mute: `${greeting}; exit 0`,
    dies: `${greeting}; exit 9`,
    killed: `${greeting}; kill -9 $$`,
    noise: `${greeting}; echo no json; ${endless}`,
    unknown: `${greeting}; echo '{"type":"dance"}'; ${endless}`,
    long: `${greeting}; head -c ${limits.pluginLineBytesMax + 1} /dev/zero | tr '\\0' x; ${endless}`,
    newer: `read hello; echo '{"type":"ready","protocol":2}'; ${endless}`,
    early: `echo '{"type":"result"}'; ${endless}`,
    gone: 'exit 4',
    twice: `${greeting}; echo '{"type":"ready","protocol":1}'; ${endless}`,
  })
  const local = await Local.start(t, { plugins: places(dir) })
  const cases: readonly (readonly [string, reason: string, exit: number | null, RegExp])[] = [
    ['coded', 'exit', 75, /^busy: try later$/],
    ['bare', 'exit', 1, /^error$/],
    ['mute', 'expect', null, /without a result/],
    ['dies', 'exit', 9, /^$/],
    ['killed', 'signal', null, /SIGKILL/],
    ['noise', 'expect', null, /"no json" is no JSON/],
    ['unknown', 'expect', null, /"dance" is no type/],
    ['long', 'expect', null, /more than \d+ bytes/],
    ['twice', 'expect', null, /"ready" twice/],
    ['newer', 'spawn', null, /speaks protocol 2, this node 1/],
    ['early', 'spawn', null, /"result" before "ready"/],
    ['gone', 'spawn', null, /before it was ready \(exit status 4\)/],
  ]
  for (const [name, reason, exit, detail] of cases) {
    const launch = launchOf(local, name)
    const ended = await local.end(launch)
    assert.deepEqual([ended.reason, ended.exit], [reason, exit], `${name}: ${ended.detail}`)
    assert.match(ended.detail, detail, name)
    const isStarted = local.recorder.of(launch.attempt).length === 2
    assert.equal(isStarted, reason !== 'spawn', name)
  }
})

test('a plugin is stopped like a command, with all that it started', async (t) => {
  const dir = pluginsOf(t, {
    deaf: `trap '' TERM; ${greeting}; printf '%s\\n' '{"type":"output","data":"ready\\n"}'; sleep 600 & wait`,
    silent: 'sleep 600',
  })
  const local = await Local.start(t, { plugins: places(dir) })
  const deaf = launchOf(local, 'deaf')
  assert.equal(await local.line(deaf), 'ready')
  local.executor.stop(deaf.attempt, 100)
  const ended = await local.end(deaf)
  assert.deepEqual([ended.reason, ended.detail], ['signal', 'SIGKILL'])
  const silent = launchOf(local, 'silent')
  local.executor.stop(silent.attempt, 1_000)
  assert.equal((await local.end(silent)).reason, 'spawn')
})

test('a plugin that went away is missing, and says where to put it', async (t) => {
  const local = await Local.start(t, { plugins: places(directoryOf(t)) })
  const { reason, detail } = await local.end(launchOf(local, 'nothing'))
  assert.equal(reason, 'executor-missing')
  assert.match(detail, /no plugin nothing: put it into/)
  const bare = await Local.start(t)
  assert.equal((await bare.end(launchOf(bare, 'nothing'))).reason, 'executor-missing')
})

test('the table comes first, then programs, then packages; what others can write is refused', (t) => {
  const dir = pluginsOf(t, { both: ':', program: ':', open: ':', 'Wrong.name': ':', plain: ':' })
  chmodSync(join(dir, 'open'), 0o777)
  chmodSync(join(dir, 'plain'), 0o644)
  for (const name of ['both', 'packed', 'broken']) {
    const home = join(dir, 'node_modules', `meshcron-plugin-${name}`)
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), name === 'broken' ? '{' : '{"main":"main.js"}')
    writeFileSync(join(home, 'main.js'), '')
  }
  mkdirSync(join(dir, 'node_modules', 'other'))
  const table = { named: join(dir, 'program'), missing: '/nowhere/at-all' }
  const { names, refused } = listPlugins({ dir, table })
  assert.deepEqual(names, ['both', 'named', 'packed', 'program'])
  const whys = Object.fromEntries(refused.map(({ name, why }) => [name, why]))
  assert.deepEqual(Object.keys(whys), ['broken', 'missing', 'open', 'plain'])
  assert.match(whys['open'] ?? '', /others may write it: chmod go-w/)
  assert.match(whys['missing'] ?? '', /ENOENT/)
  assert.match(whys['plain'] ?? '', /not executable/)
  chmodSync(dir, 0o777)
  assert.deepEqual(listPlugins({ dir, table }).names, ['named'])
  chmodSync(dir, 0o755)
})

test('a node offers so many plugins and says which it leaves out', (t) => {
  const scripts = Array.from({ length: 20 }, (_, i) => [`p${String(i).padStart(2, '0')}`, ':'])
  const { names, refused } = listPlugins(places(pluginsOf(t, Object.fromEntries(scripts))))
  assert.equal(names.length + 4, limits.executorsMax)
  assert.deepEqual(
    refused.map(({ name }) => name),
    ['p16', 'p17', 'p18', 'p19'],
  )
})

test('the example runs as the package that it is', async (t) => {
  const dir = directoryOf(t)
  const home = join(dir, 'node_modules/meshcron-plugin-disk-free')
  cpSync(example, home, { recursive: true })
  for (const file of ['', 'disk-free.js']) chmodSync(join(home, file), 0o755)
  assert.deepEqual(listPlugins(places(dir)), { names: ['disk-free'], refused: [] })
  const local = await Local.start(t, { plugins: places(dir) })
  const fine = launchOf(local, 'disk-free', { path: dir, minPercent: 0 })
  const ended = await local.end(fine)
  assert.deepEqual([ended.reason, ended.exit], ['exit', 0])
  const result = JSON.parse(Buffer.from(ended.result ?? []).toString()) as { percent: number }
  assert.ok(result.percent >= 0 && result.percent <= 100)
  assert.match(await local.output(fine), /looking at .*\n.* % free/)
  const full = await local.end(launchOf(local, 'disk-free', { path: dir, minPercent: 101 }))
  assert.deepEqual([full.reason, full.exit], ['exit', 2])
  assert.match(full.detail, /^too-full: /)
  const lost = await local.end(launchOf(local, 'disk-free', { path: '/nowhere/at-all' }))
  assert.match(lost.detail, /^ENOENT: /)
})
