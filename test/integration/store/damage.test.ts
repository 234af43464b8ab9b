import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Database } from '../../../src/adapters/sqlite/database.ts'
import { readMeta, writeMeta } from '../../../src/adapters/sqlite/meta.ts'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import { createRandom } from '../../../src/core/random.ts'
import { stored } from '../../contract/store-records.ts'
import { copyOf, intent, loadedIds, tempDir } from './directory.ts'

const count = 300

/** A closed store of a few hundred intents and records. */
function writtenDir(t: TestContext): string {
  const dir = tempDir(t)
  const store = openStore(dir)
  for (let n = 0; n < count; n++) {
    store.commit([intent(`i${n}`), { kind: 'record', stored: stored('a', n) }], 'full')
  }
  store.commit([{ kind: 'seen', bytes: Buffer.from('seen') }], 'full')
  store.close()
  return dir
}

function change(path: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  edit(bytes)
  writeFileSync(path, bytes)
}

test('a database that cannot be trusted goes to quarantine, or is refused on request', (t) => {
  const dir = writtenDir(t)
  const { size } = statSync(join(dir, 'store.db'))
  const damages: readonly (readonly [string, (path: string) => void])[] = [
    ['header', (path) => change(path, (bytes) => bytes.fill(0x41, 0, 100))],
    ['page size', (path) => change(path, (bytes) => bytes.fill(0xff, 16, 18))],
    ['schema text', (path) => change(path, (bytes) => bytes.write('jub', bytes.indexOf('job')))],
    ['one page', (path) => change(path, (bytes) => bytes.fill(0, 8_192, 12_288))],
    ['half of the file', (path) => truncateSync(path, size / 2)],
    ['end inside a page', (path) => truncateSync(path, size - 1_000)],
    ['all of the file', (path) => truncateSync(path, 0)],
  ]
  for (const [label, damage] of damages) {
    const copy = copyOf(t, dir)
    const path = join(copy, 'store.db')
    damage(path)
    assert.throws(
      () => openStore(copy, { onDamage: 'refuse' }),
      { code: 'MC_STORE_CORRUPT', hint: /restore/ },
      label,
    )
    const store = openStore(copy)
    assert.equal(store.quarantined, `${path}.corrupt-1`, label)
    assert.ok(readdirSync(copy).includes('store.db.corrupt-1'), label)
    assert.deepEqual([...store.load().intents], [], label)
    store.commit([intent('again')], 'full')
    const { epoch } = store
    store.close()
    const again = openStore(copy)
    assert.deepEqual(
      [again.epoch, again.quarantined, again.lostCommits],
      [epoch, undefined, 0],
      label,
    )
    assert.deepEqual([...loadedIds(again)], ['again'], label)
    again.close()
  }
})

test('a flipped bit is found, or changed nothing that was written', (t) => {
  const dir = writtenDir(t)
  const original = readFileSync(join(dir, 'store.db'))
  const flips = Number(process.env['MESHCRON_TEST_FLIPS'] ?? 60)
  const random = createRandom(BigInt(process.env['MESHCRON_TEST_SEED'] ?? 7))
  const verdicts = { quarantined: 0, dropped: 0, harmless: 0 }
  const copy = copyOf(t, dir)
  for (let i = 0; i < flips; i++) {
    const at = random.below(original.length)
    const bit = random.below(8)
    const bytes = Buffer.from(original)
    bytes[at]! ^= 1 << bit
    writeFileSync(join(copy, 'store.db'), bytes)
    writeFileSync(join(copy, 'high-water'), readFileSync(join(dir, 'high-water')))
    for (const file of readdirSync(copy)) {
      if (file.includes('.corrupt-')) rmSync(join(copy, file))
    }
    const store = openStore(copy)
    const ids = store.quarantined === undefined ? loadedIds(store) : new Set<string>()
    const label = `bit ${bit} of byte ${at}`
    if (store.quarantined !== undefined) verdicts.quarantined++
    else if (store.damaged > 0) verdicts.dropped++
    else verdicts.harmless++
    if (store.quarantined === undefined) {
      assert.ok(ids.size + store.damaged >= count, label)
      const { records, seen } = store.load()
      const all = [...records]
      assert.ok(all.length + store.damaged >= count, label)
      if (ids.size < count || all.length < count) assert.equal(seen, undefined, label)
      assert.equal(store.lostCommits, 0, label)
    }
    store.close()
  }
  t.diagnostic(JSON.stringify(verdicts))
  assert.ok(verdicts.dropped > 0 && verdicts.quarantined > 0)
})

test('every flip inside a payload is found, and the row is gone for good', (t) => {
  const dir = writtenDir(t)
  const path = join(dir, 'store.db')
  const damaged = ['i7', 'i77', 'i299']
  change(path, (bytes) => {
    for (const id of damaged) {
      const text = `${id} ${id} ${id}`
      // Pages keep what was on them before they were split: each copy is hit.
      for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 400)) {
        bytes[at + 5]! ^= 1
      }
    }
  })
  const store = openStore(dir)
  const ids = loadedIds(store)
  assert.equal(store.damaged, damaged.length)
  assert.equal(ids.size, count - damaged.length)
  for (const id of damaged) assert.ok(!ids.has(id), id)
  assert.equal(store.load().seen, undefined, 'they are pulled again')
  store.commit(
    damaged.map((id) => intent(id)),
    'full',
  )
  store.close()
  const again = openStore(dir)
  assert.equal(loadedIds(again).size, count)
  assert.equal(again.damaged, 0)
  again.close()
})

test('damaged history is neither listed nor sent', (t) => {
  const dir = tempDir(t)
  const first = openStore(dir)
  const records = [1, 2, 3].map((n) => stored('a', n))
  first.commit(
    records.map((stored) => ({ kind: 'record', stored })),
    'full',
  )
  first.close()
  change(join(dir, 'store.db'), (bytes) => {
    bytes[bytes.indexOf(records[1]!.bytes) + 5]! ^= 1
  })
  const store = openStore(dir)
  const due = store.executions({ limit: 9 }).rows.map(({ record }) => record.dueMs)
  assert.deepEqual(due, [3, 1])
  assert.equal(store.damaged, 1)
  assert.deepEqual(store.attempts('a@2'), [])
  store.close()
})

test('a cut log loses only what was not acknowledged; a hole in it is noticed', (t) => {
  const dir = tempDir(t)
  const open = openStore(dir)
  for (let n = 0; n < 100; n++) open.commit([intent(`i${n}`)], 'full')
  const cut = copyOf(t, dir)
  const hole = copyOf(t, dir)
  open.close()

  const torn = readFileSync(join(cut, 'store.db-wal'))
  writeFileSync(join(cut, 'store.db-wal'), Buffer.concat([torn, torn.subarray(0, 3_000)]))
  const whole = openStore(cut)
  assert.equal(loadedIds(whole).size, 100)
  assert.equal(whole.lostCommits, 0)
  whole.close()

  change(join(hole, 'store.db-wal'), (bytes) => {
    bytes[Math.floor(bytes.length / 2)]! ^= 1
  })
  const short = openStore(hole)
  const ids = loadedIds(short)
  assert.ok(ids.size > 0 && ids.size < 100)
  assert.equal(short.lostCommits, 100 - ids.size)
  assert.equal(short.quarantined, undefined)
  short.close()
  const again = openStore(hole)
  assert.equal(again.lostCommits, 0, 'it is told once')
  again.close()
})

test('a store of a newer version is refused and left as it is', (t) => {
  const dir = tempDir(t)
  openStore(dir).close()
  const path = join(dir, 'store.db')
  const before = readFileSync(path)
  const database = new Database(path)
  const schema = Buffer.from(readMeta(database, 'schema')!).toString()
  writeMeta(database, 'schema', Buffer.from(schema.replace(/^\d+/, '99')))
  database.close()
  assert.throws(() => openStore(dir), { code: 'MC_DATA_DIR', message: /newer/ })
  assert.equal(readFileSync(path).length, before.length)
})

test('a directory that is none is refused', (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'file'), '')
  assert.throws(() => openStore(join(dir, 'file')), { code: 'MC_DATA_DIR' })
})
