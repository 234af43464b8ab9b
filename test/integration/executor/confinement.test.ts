// What a command gets and what it leaves, at tier T0.

import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { launchOf } from '../../contract/executor-recorder.ts'
import { until } from '../../contract/network-until.ts'
import { directoryOf, Local } from './local.ts'
import { findRunning, hasLeft, isAlive, killOwner, startOwner } from './owner-process.ts'

test('the environment is built from empty', async (t) => {
  const env = { ...process.env, MESHCRON_TOKEN: 'canary', LANG: 'C.UTF-8', TZ: 'UTC' }
  const local = await Local.start(t, { env })
  const launch = local.shell('env | grep -v ^PWD=', { MESHCRON_JOB: 'job1', LANG: 'C' })
  await local.end(launch)
  const lines = (await local.output(launch)).trimEnd().split('\n')
  const allowed = ['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'LOGNAME', 'SHELL']
  for (const name of lines.map((line) => line.slice(0, line.indexOf('=')))) {
    assert.ok(
      [...allowed, 'MESHCRON_JOB', 'MESHCRON_OWNER', 'MESHCRON_RESULT_FILE'].includes(name),
      name,
    )
  }
  assert.ok(lines.includes('MESHCRON_JOB=job1'))
  assert.ok(lines.includes('LANG=C'), "the job's own value wins")
  assert.ok(lines.includes('TZ=UTC'))
})

test('the daemon process itself is not the parent, so its environment is out of reach', async (t) => {
  const env = { ...process.env, MESHCRON_TOKEN: 'canary' }
  const local = await Local.start(t, { env })
  const launch = local.shell('tr "\\0" "\\n" < /proc/$PPID/environ | grep -c canary; true')
  await local.end(launch)
  assert.equal((await local.output(launch)).trim(), '0')
})

test('a command has an empty input, one output and no other descriptor', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('wc -c; for fd in /proc/$$/fd/*; do readlink $fd; done; true')
  assert.equal((await local.end(launch)).exit, 0)
  const [size, ...targets] = (await local.output(launch)).trimEnd().split('\n')
  assert.equal(size, '0')
  assert.ok(targets.length >= 3)
  for (const target of targets) assert.match(target, /^\/dev\/null$|[/]pipes[/]\d+$/)
})

test('a descriptor that the daemon inherited by carelessness does not reach a command', async (t) => {
  const dir = directoryOf(t)
  const fd = openSync('/etc/hostname', 'r')
  t.after(() => closeSync(fd))
  const gap = Array.from({ length: 60 }, () => 'ignore' as const)
  const launch = launchOf('fds', { kind: 'shell', script: 'readlink /proc/$$/fd/*; sleep 1000' })
  const owner = await startOwner(dir, [launch], ['ignore', 'inherit', 'inherit', 'ipc', ...gap, fd])
  const inherited = readdirSync(`/proc/${owner.pid}/fd`).map((name) => {
    return readlinkSync(`/proc/${owner.pid}/fd/${name}`)
  })
  assert.ok(inherited.includes('/etc/hostname'), 'the daemon has it')
  const file = join(dir, 'output', 'fds%401700000000000.0.1.output')
  await until('it has printed', () => existsSync(file))
  assert.ok(!readFileSync(file, 'utf8').includes('hostname'))
  await killOwner(owner, 'alone')
  await until('all is gone', () => findRunning(launch.attempt).length === 0)
})

test('output and errors keep the order in which they were written', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell(
    'for i in 1 2 3; do echo out$i; echo err$i >&2; done; echo x >/dev/stderr',
  )
  await local.end(launch)
  assert.equal(await local.output(launch), 'out1\nerr1\nout2\nerr2\nout3\nerr3\nx\n')
})

test('commands run in the home directory, or in the data directory without one', async (t) => {
  const homeless = await Local.start(t, { env: { PATH: process.env['PATH'], HOME: '/nowhere' } })
  const first = homeless.shell('pwd')
  await homeless.end(first)
  assert.equal((await homeless.output(first)).trim(), homeless.dir)
  const home = join(directoryOf(t), 'home')
  await mkdir(home)
  const local = await Local.start(t, { env: { ...process.env, HOME: home } })
  const second = local.shell('pwd')
  await local.end(second)
  assert.equal((await local.output(second)).trim(), home)
  assert.notEqual(home, homedir())
})

test('what cannot be started says why', async (t) => {
  const local = await Local.start(t)
  const cases: readonly (readonly [argv: readonly string[], detail: RegExp])[] = [
    [['/nowhere/nothing'], /no such command.*ENOENT/],
    [['/etc/passwd'], /not executable.*EACCES/],
    [['/etc'], /not executable.*EACCES/],
    [[], /must not be empty/],
    [['echo', 'a\0b'], /zero byte/],
    [['echo', 'x'.repeat(131_072)], /at most 131072/],
  ]
  for (const [argv, detail] of cases) {
    const ended = await local.end(local.launch({ kind: 'exec', argv }))
    assert.equal(ended.reason, 'spawn', argv[0])
    assert.match(ended.detail, detail, argv[0])
  }
  const big = { BIG: 'x'.repeat(200_000) }
  const tooBig = await local.end(local.launch({ kind: 'exec', argv: ['true'] }, big))
  assert.match(tooBig.detail, /E2BIG/)
  const nul = await local.end(local.launch({ kind: 'exec', argv: ['true'] }, { A: 'x\0y' }))
  assert.match(nul.detail, /zero byte/)
})

test('nothing of an argument is interpreted', async (t) => {
  const local = await Local.start(t)
  const argv = ['printf', '%s|', '$HOME', '`id`', ';', '--', 'a b', '*', '\n']
  const launch = local.launch({ kind: 'exec', argv })
  await local.end(launch)
  assert.equal(await local.output(launch), '$HOME|`id`|;|--|a b|*|\n|')
})

test('a grandchild that holds the output does not hold the job, and is killed', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('sleep 1000 & echo $!')
  const pid = Number(await local.line(launch))
  assert.equal((await local.end(launch)).exit, 0)
  await until('the grandchild is gone', () => !isAlive(pid))
})

test('of the group nothing remains, also when it has closed the output', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('sleep 1000 >/dev/null 2>&1 & echo $!')
  const pid = Number(await local.line(launch))
  await local.end(launch)
  await until('the grandchild is gone', () => !isAlive(pid))
})

test('TERM reaches the whole group, a stopped one too', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('sleep 1000 & echo $!; kill -STOP $$; wait')
  const pid = Number(await local.line(launch))
  local.executor.stop(launch.attempt, 60_000)
  assert.equal((await local.end(launch)).detail, 'SIGTERM')
  await until('the other one is gone', () => !isAlive(pid))
})

test('what left the group survives the job at T0, and is killed by close', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('setsid sleep 1000 >/dev/null 2>&1 & wait $!; exit 0')
  const pid = await local.recorder.started(launch.attempt)
  await until('it has left', () => findRunning(launch.attempt).some((other) => hasLeft(other, pid)))
  local.executor.stop(launch.attempt, 1_000)
  await local.end(launch)
  assert.equal(findRunning(launch.attempt).length, 1)
  await local.executor.close()
  assert.deepEqual(findRunning(launch.attempt), [])
})

test('close leaves no process and no helper', async (t) => {
  const local = await Local.start(t)
  const scripts = [
    "trap '' TERM; sleep 1000",
    'setsid setsid sleep 1000',
    'sleep 1000 & sleep 1000',
  ]
  const launches = scripts.map((script) => local.shell(script))
  for (const { attempt } of launches) await local.recorder.started(attempt)
  await local.executor.close()
  for (const { attempt } of launches) assert.deepEqual(findRunning(attempt), [], attempt)
})
