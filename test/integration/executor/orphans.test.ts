import { openPolicy } from '../../../src/core/trust/policy.ts'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../contract/network-until.ts'
import { launchOf } from '../../contract/executor-recorder.ts'
import { directoryOf, Local } from './local.ts'
import { LocalExecutor } from '../../../src/adapters/executor/executor.ts'
import { childrenOf, findRunning, isAlive, killOwner, startOwner } from './owner-process.ts'

/** Named apart from what an earlier run may have left. */
const shell = (name: string, script: string): ReturnType<typeof launchOf> =>
  launchOf(`${name}-${process.pid}`, { kind: 'shell', script })

test('after kill -9 of the daemon alone its commands end at once, and are reported later', async (t) => {
  const dir = directoryOf(t)
  const launches = [shell('a', 'sleep 1000'), shell('b', "trap '' TERM; sleep 1000")]
  const owner = await startOwner(dir, launches)
  await killOwner(owner, 'alone')
  for (const { attempt } of launches) {
    await until(`${attempt} is gone`, () => findRunning(attempt).length === 0)
  }
  const executor = new LocalExecutor({ env: process.env }, { dir, policy: openPolicy })
  t.after(() => executor.close())
  const attempts = await executor.start(() => {})
  assert.deepEqual([...attempts].sort(), launches.map(({ attempt }) => attempt).sort())
})

test('after kill -9 of daemon and helper the next start finds what has left its group', async (t) => {
  const dir = directoryOf(t)
  const daemonised = shell('d', 'setsid sleep 1000 >/dev/null 2>&1 & sleep 1000')
  const owner = await startOwner(dir, [daemonised])
  await until('it has left', () => findRunning(daemonised.attempt).length === 3)
  await killOwner(owner, 'with helper')
  assert.equal(findRunning(daemonised.attempt).length, 3)
  const executor = new LocalExecutor({ env: process.env }, { dir, policy: openPolicy })
  t.after(() => executor.close())
  assert.deepEqual(await executor.start(() => {}), [daemonised.attempt])
  assert.deepEqual(findRunning(daemonised.attempt), [])
})

test('output printed before the crash is still there', async (t) => {
  const dir = directoryOf(t)
  const launch = shell('p', 'echo before; sleep 1000')
  const owner = await startOwner(dir, [launch])
  const file = join(dir, 'output', `${encodeURIComponent(launch.attempt)}.output`)
  await until('it is written', () => read(file).endsWith('before\n'))
  await killOwner(owner, 'with helper')
  const local = await Local.start(t, { dir })
  assert.equal(await local.output(launch), 'before\n')
})

test('a pid that was used again is reported and left alone', async (t) => {
  const dir = directoryOf(t)
  const first = await Local.start(t, { dir })
  await first.executor.close()
  const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  t.after(() => stranger.kill('SIGKILL'))
  const bootId = read('/proc/sys/kernel/random/boot_id').trim()
  const entry = { attempt: 'old@1.0.1', pid: stranger.pid, startTicks: '1', bootId }
  writeFileSync(join(dir, 'running'), JSON.stringify(entry).padEnd(1_024))
  const executor = new LocalExecutor({ env: process.env }, { dir, policy: openPolicy })
  t.after(() => executor.close())
  assert.deepEqual(await executor.start(() => {}), ['old@1.0.1'])
  assert.ok(stranger.pid !== undefined && isAlive(stranger.pid))
})

test('another daemon on the same machine keeps its children', async (t) => {
  const other = await Local.start(t)
  const launch = other.shell('sleep 1000')
  const pid = await other.recorder.started(launch.attempt)
  const local = await Local.start(t)
  await local.executor.close()
  assert.ok(isAlive(pid))
})

test('when the helper dies its attempts end, and the next ones run', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('sleep 1000')
  const pid = await local.recorder.started(launch.attempt)
  const [helper] = childrenOf(process.pid)
  const waiting = local.executor.readOutput(launch.attempt, 0, 10, 60_000)
  process.kill(helper!, 'SIGKILL')
  const ended = await local.end(launch)
  assert.equal(ended.reason, 'signal')
  assert.match(ended.detail, /helper/)
  assert.equal(isAlive(pid), false)
  assert.equal(await waiting, undefined)
  const next = local.shell('echo again')
  assert.equal((await local.end(next)).exit, 0)
  assert.equal(await local.output(next), 'again\n')
})

test('launches said while no helper runs are not lost', async (t) => {
  const local = await Local.start(t)
  const [helper] = childrenOf(process.pid)
  process.kill(helper!, 'SIGKILL')
  const launches = Array.from({ length: 20 }, () => local.shell('true'))
  for (const launch of launches) await local.end(launch)
  assert.equal(local.recorder.reports.filter(({ kind }) => kind === 'ended').length, 20)
})

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
