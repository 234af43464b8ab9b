// What a register has promised survives a new version of the program, and is never quietly forgotten.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { Database } from '../../../src/adapters/sqlite/database.ts'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import { migrate } from '../../../src/adapters/sqlite/schema.ts'
import type { Write } from '../../../src/core/effect.ts'
import { jobName } from '../../../src/core/ids.ts'

const promise: Write = { kind: 'register', key: 'job~1#1#ticks', bytes: new Uint8Array([1, 2, 3]) }

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-registers-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

test('a store of the version before registers is read on, and takes them', (t) => {
  const dir = directory(t)
  const old = new Database(join(dir, 'store.db'))
  migrate(old, 1)
  old.exec("INSERT INTO watermark VALUES ('old', 5, x'00')")
  old.close()
  const store = openStore(dir)
  store.commit([{ kind: 'watermark', job: jobName('new'), dueMs: 7 }, promise], 'full')
  const { watermarks, registers } = store.load()
  assert.deepEqual([...watermarks], [['new', 7]], 'a row without its sum is not taken')
  assert.deepEqual([...registers!], [[promise.key, promise.bytes]])
  store.close()
})

test('a damaged register voids the vote of its store for ever', (t) => {
  const dir = directory(t)
  const store = openStore(dir)
  store.commit([promise], 'full')
  store.close()
  const database = new DatabaseSync(join(dir, 'store.db'))
  database.exec("UPDATE register SET bytes = x'010204'")
  database.close()
  for (let start = 1; start <= 2; start += 1) {
    const again = openStore(dir)
    assert.equal(again.load().registers, undefined, `start ${start}`)
    again.commit([promise], 'full')
    again.close()
  }
})
