import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { launchOf } from '../../contract/executor-recorder.ts'
import { Local } from './local.ts'

test('a command reads its input, also through /dev/stdin, and nothing of it stays', async (t) => {
  const local = await Local.start(t)
  const input = `${JSON.stringify({ params: { blob: 'é'.repeat(8_000) } })}\n`
  for (const [i, script] of ['cat', 'cat /dev/stdin'].entries()) {
    const launch = { ...launchOf(`reads${i}`, { kind: 'shell', script }), input }
    local.executor.launch(launch)
    assert.equal((await local.end(launch)).exit, 0)
    assert.ok((await local.output(launch)) === Buffer.from(input).toString('latin1'))
  }
  for (const entry of readdirSync(local.dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.endsWith('output')) continue
    assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes('params'), entry.name)
  }
})

test('a command without input finds its end at once', async (t) => {
  const local = await Local.start(t)
  const launch = local.shell('cat; echo over')
  await local.end(launch)
  assert.equal(await local.output(launch), 'over\n')
})
