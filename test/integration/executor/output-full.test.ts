import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../../../src/core/limits.ts'
import { directoryOf, Local } from './local.ts'

const tail = limits.outputTailBytes
const numbers = (to: number): string => Array.from({ length: to }, (_, i) => `${i + 1}\n`).join('')

test('a whole output is kept where the owner allows it', async (t) => {
  const local = await Local.start(t, { outputFullBytes: 10_000_000 })
  const launch = local.shell('seq 300000')
  const ended = await local.end(launch)
  const text = numbers(300_000)
  assert.deepEqual([ended.outputBytes, ended.outputDropped], [text.length, 0])
  assert.ok(text.length > limits.outputHeadBytes + tail)
  assert.equal(await local.output(launch), text)
  const page = await local.executor.readOutput(launch.attempt, 1_000_000, 20, 0)
  assert.equal(Buffer.from(page?.bytes ?? []).toString(), text.slice(1_000_000, 1_000_020))
  assert.deepEqual([page?.offset, page?.dropped, page?.ended], [1_000_000, 0, true])
})

test('beyond what the owner allows only the tail is kept', async (t) => {
  const outputFullBytes = 500_000
  const local = await Local.start(t, { outputFullBytes })
  const launch = local.shell('seq 300000')
  const ended = await local.end(launch)
  const text = numbers(300_000)
  assert.equal(ended.outputDropped, text.length - outputFullBytes - tail)
  assert.equal(await local.output(launch), text.slice(0, outputFullBytes) + text.slice(-tail))
})

test('a whole output can be read while it is printed', async (t) => {
  const local = await Local.start(t, { outputFullBytes: 10_000_000 })
  const launch = local.shell('seq 100000; sleep 600')
  const text = numbers(100_000)
  let read = ''
  while (read.length < text.length) {
    const page = await local.executor.readOutput(launch.attempt, read.length, 65_536, 10_000)
    assert.equal(page?.offset, read.length)
    read += Buffer.from(page?.bytes ?? []).toString()
  }
  assert.equal(read, text)
  local.executor.stop(launch.attempt, 1_000)
  await local.end(launch)
})

test('a short output has no file of its own, and a removed one leaves none', async (t) => {
  const dir = directoryOf(t)
  const files = (): readonly string[] =>
    readdirSync(join(dir, 'output')).filter((name) => name.endsWith('.full'))
  const local = await Local.start(t, { dir, outputFullBytes: 10_000_000, outputsMax: 2 })
  await local.end(local.shell('seq 10'))
  assert.equal(files().length, 0)
  const launch = local.shell('seq 100000')
  await local.end(launch)
  assert.equal(files().length, 1)
  for (const text of ['a', 'b']) await local.end(local.shell(`echo ${text}`))
  assert.equal(files().length, 0)
  assert.equal(await local.executor.readOutput(launch.attempt, 0, 10, 0), undefined)
})

test('whole outputs count in what all outputs may take', async (t) => {
  const local = await Local.start(t, { outputFullBytes: 10_000_000, outputsBytesMax: 2_000_000 })
  const first = local.shell('seq 200000')
  await local.end(first)
  const second = local.shell('seq 200000')
  await local.end(second)
  assert.equal(await local.executor.readOutput(first.attempt, 0, 10, 0), undefined)
  assert.equal(await local.output(second), numbers(200_000))
})

test('a whole output outlives the node that kept it', async (t) => {
  const dir = directoryOf(t)
  const before = await Local.start(t, { dir, outputFullBytes: 10_000_000 })
  const launch = before.shell('seq 100000')
  await before.end(launch)
  await before.executor.close()
  const after = await Local.start(t, { dir })
  assert.equal(await after.output(launch), numbers(100_000))
})

test('a result is a plain file of at most 4 KiB, and is taken away', async (t) => {
  const local = await Local.start(t)
  const cases: readonly (readonly [script: string, result: string | undefined, warning: RegExp])[] =
    [
      ['echo a; printf b > "$MESHCRON_RESULT_FILE"', 'b', /^none$/],
      ['echo a; : > "$MESHCRON_RESULT_FILE"', '', /^none$/],
      ['echo a; head -c 4096 /dev/zero > "$MESHCRON_RESULT_FILE"', '\0'.repeat(4_096), /^none$/],
      ['echo a; head -c 4097 /dev/zero > "$MESHCRON_RESULT_FILE"', undefined, /4097 bytes/],
      ['echo a; ln -s /etc/passwd "$MESHCRON_RESULT_FILE"', undefined, /no plain file/],
      ['echo a; mkfifo "$MESHCRON_RESULT_FILE"', undefined, /no plain file/],
      ['echo a; mkdir "$MESHCRON_RESULT_FILE"', undefined, /no plain file/],
    ]
  for (const [script, result, warning] of cases) {
    const ended = await local.end(local.shell(script))
    const text = ended.result === undefined ? undefined : Buffer.from(ended.result).toString()
    assert.deepEqual([ended.exit, text], [0, result], script)
    assert.match(ended.warning ?? 'none', warning, script)
  }
  assert.deepEqual(readdirSync(join(local.dir, 'results')), [])
})
