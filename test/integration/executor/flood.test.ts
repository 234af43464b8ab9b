import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { test } from 'node:test'
import { limits } from '../../../src/core/limits.ts'
import { Local } from './local.ts'
import { childrenOf } from './owner-process.ts'

const kept = limits.outputHeadBytes + limits.outputTailBytes

const residentBytes = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024

test('1 GB of output is counted and bounded, and costs the daemon nothing', async (t) => {
  const local = await Local.start(t)
  const small = local.shell('head -c 10000000 /dev/zero')
  await local.end(small)
  const [helper] = childrenOf(process.pid)
  assert.ok(helper !== undefined)
  const before = residentBytes(helper)
  const ownBefore = process.memoryUsage.rss()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const launch = local.shell('head -c 1000000000 /dev/zero; echo end')
  const ended = await local.end(launch)
  delay.disable()
  assert.equal(ended.outputBytes, 1_000_000_004)
  assert.equal(ended.outputDropped, 1_000_000_004 - kept)
  const text = await local.output(launch)
  assert.equal(text.length, kept)
  assert.ok(text.endsWith('end\n'))
  const grownBytes = residentBytes(helper) - before
  t.diagnostic(`helper grew ${Math.round(grownBytes / 1e6)} MB`)
  t.diagnostic(`loop p99 ${delay.percentile(99) / 1e6} ms, max ${delay.max / 1e6} ms`)
  assert.ok(grownBytes < 64_000_000, `helper grew ${grownBytes}`)
  assert.ok(process.memoryUsage.rss() - ownBefore < 64_000_000)
})

test('a page is readable while more is printed than is kept', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('while :; do head -c 1000000 /dev/zero; done')
  for (let offset = 0, pages = 0; pages < 20; pages += 1) {
    const page = await local.executor.readOutput(launch.attempt, offset, 65_536, 10_000)
    assert.ok(page !== undefined && page.bytes.length > 0)
    assert.ok(page.offset >= offset && page.offset + page.bytes.length <= page.total)
    offset = page.offset + page.bytes.length
  }
  local.executor.stop(launch.attempt, 1_000)
  await local.end(launch)
})

test('old outputs go, the oldest first', async (t) => {
  const local = await Local.start(t, { outputsMax: 3 })
  const launches = []
  for (let i = 0; i < 6; i += 1) {
    const launch = local.shell(`echo ${i}`)
    await local.end(launch)
    launches.push(launch)
  }
  for (const [i, { attempt }] of launches.entries()) {
    const page = await local.executor.readOutput(attempt, 0, 100, 0)
    assert.equal(page !== undefined, i >= 3, attempt)
  }
  assert.equal(readdirSync(join(local.dir, 'output')).length, 3)
})

test('outputs are bounded in bytes and outlive a restart', async (t) => {
  const first = await Local.start(t, { outputsBytesMax: 25_000 })
  const launches = []
  for (let i = 0; i < 4; i += 1) {
    const launch = first.shell(`head -c 10000 /dev/zero | tr '\\0' ${i}`)
    await first.end(launch)
    launches.push(launch)
  }
  await first.executor.close()
  const files = readdirSync(join(first.dir, 'output'))
  const sizes = files.map((file) => statSync(join(first.dir, 'output', file)).size)
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 25_000)
  const second = await Local.start(t, { dir: first.dir })
  assert.equal(await second.output(launches[3]!), '3'.repeat(10_000))
  assert.equal(await second.executor.readOutput(launches[0]!.attempt, 0, 10, 0), undefined)
})

test('file names are safe whatever an attempt is called', async (t) => {
  const local = await Local.start(t)
  const names = ['..', '../../escape', 'a/b', 'a b~2', '%2E', 'é\n', 'x'.repeat(300), 'CON']
  for (const name of names) {
    const launch = { ...local.shell('true'), attempt: `${name}@1.0.1` as never }
    local.executor.launch({ ...launch, run: { kind: 'shell', script: 'echo hi' } })
    await local.end(launch)
    assert.equal(await local.output(launch), 'hi\n', name)
  }
  assert.equal(readdirSync(join(local.dir, 'output')).length, names.length)
})
