import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import { loadedIds, tempDir } from './directory.ts'

const kills = Number(process.env['MESHCRON_TEST_KILLS'] ?? 50)
const script = join(import.meta.dirname, 'writer.ts')

function startWriter(t: TestContext, argv: readonly string[], tracer: readonly string[] = []) {
  const [program, ...rest] = [...tracer, process.execPath, script, ...argv]
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Reads what the writer tells, until `enough`; answers all lines, those in the pipe included. */
async function follow(
  child: ChildProcess,
  enough: (line: string) => boolean,
): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line)
    if (enough(line)) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return lines
}

test('kill -9 during writes loses no acknowledged commit', async (t) => {
  const dir = tempDir(t)
  const acknowledged: number[] = []
  let from = 0
  for (let kill = 0; kill < kills; kill++) {
    const child = startWriter(t, [dir, String(from)])
    const until = from + ((kill * 37) % 60)
    const lines = await follow(child, (line) => Number(line) >= until)
    assert.equal(child.signalCode, 'SIGKILL', lines.at(-1) ?? 'no output')
    for (const line of lines.slice(1)) acknowledged.push(Number(line))
    from = acknowledged.at(-1)! + 2
    if (kill % 10 !== 9 && kill !== kills - 1) continue
    const store = openStore(dir)
    assert.deepEqual([store.quarantined, store.lostCommits], [undefined, 0])
    const ids = loadedIds(store)
    for (const n of acknowledged) {
      for (let k = 0; k <= n % 3; k++)
        assert.ok(ids.has(`${n}.${k}`), `${n}.${k} after ${kill} kills`)
    }
    assert.equal(store.damaged, 0)
    assert.equal(store.attempts(`a@${acknowledged.at(-1)!}`).length, 1)
    store.close()
  }
  t.diagnostic(`${kills} kills, ${acknowledged.length} acknowledged commits, 0 lost`)
})

test('a second process is told the pid of the one that holds the directory', async (t) => {
  const dir = tempDir(t)
  const child = startWriter(t, [dir, '0'])
  await follow(child, (line) => {
    assert.throws(() => openStore(dir), {
      code: 'MC_DATA_DIR_LOCKED',
      message: new RegExp(`process ${child.pid}`),
    })
    return line === '5'
  })
  openStore(dir).close()
})

test('the same process cannot open a directory twice', (t) => {
  const dir = tempDir(t)
  const store = openStore(dir)
  for (let i = 0; i < 2; i++) {
    assert.throws(() => openStore(dir), {
      code: 'MC_DATA_DIR_LOCKED',
      message: new RegExp(`${process.pid}`),
    })
  }
  store.close()
  openStore(dir).close()
})

test('after a failed sync nothing is tried again', async (t) => {
  const inject = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync']
  if (spawnSync('strace', [...inject, 'true']).status !== 0)
    return t.skip('no strace, or no ptrace')
  const dir = tempDir(t)
  const tracer = ['strace', ...inject, '-e', 'inject=fsync,fdatasync:error=EIO:when=30+']
  const child = startWriter(t, [dir, '0'], tracer)
  const lines = await follow(child, () => false)
  const failed = lines.filter((line) => line.startsWith('failed'))
  assert.deepEqual(failed, Array(3).fill('failed MC_STORE_FAILED io'))
  assert.ok(lines.length > 10)
  const store = openStore(dir)
  const ids = loadedIds(store)
  for (const n of lines.slice(1, -3)) assert.ok(ids.has(`${n}.0`), n)
  store.close()
})
