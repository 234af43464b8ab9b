import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { StoreFailure } from '../../../src/adapters/sqlite/failure.ts'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import type { SqliteStore } from '../../../src/adapters/sqlite/store.ts'
import type { Write } from '../../../src/core/effect.ts'
import { claimed, stored } from '../../contract/store-records.ts'
import { intent, loadedIds } from './directory.ts'

/** Commits until the disk is full, or often enough; answers how many were acknowledged. */
function fill(store: SqliteStore, write: (n: number) => readonly Write[]): number {
  for (let n = 0; n < 1_500; n++) {
    try {
      store.commit(write(n), 'full')
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error
      assert.deepEqual([error.code, error.failure], ['MC_STORE_FAILED', 'full'])
      return n
    }
  }
  return 1_500
}

test('a full disk refuses definitions, takes claims, and is forgotten when space returns', (t) => {
  const mountPoint = mkdtempSync(join(tmpdir(), 'meshcron-full-'))
  t.after(() => {
    spawnSync('umount', ['-l', mountPoint])
    rmSync(mountPoint, { recursive: true })
  })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mountPoint])
  if (mounted.status !== 0) return t.skip('no right to mount a tmpfs')
  const dir = join(mountPoint, 'data')
  mkdirSync(dir)
  let store = openStore(dir)
  assert.ok(store.hasReserve)
  const { bavail, bsize } = statfsSync(dir)
  writeFileSync(join(mountPoint, 'filler'), Buffer.alloc(bavail * bsize - 600_000))

  const intents = fill(store, (n) => [intent(String(n))])
  assert.ok(intents > 0)
  assert.ok(store.hasReserve, 'a definition does not take the reserve')
  fill(store, () => [])
  assert.ok(store.hasReserve, 'nor does the attempt to write')
  const claims = fill(store, (n) => [{ kind: 'record', stored: stored('a', n, claimed) }])
  assert.ok(claims > 1_000, `${claims} claims`)
  assert.ok(!store.hasReserve)
  assert.equal(store.prune(0), 0)
  store.close()

  store = openStore(dir)
  assert.equal(store.quarantined, undefined)
  assert.equal(store.lostCommits, 0)
  const ids = loadedIds(store)
  for (let n = 0; n < intents; n++) assert.ok(ids.has(String(n)), String(n))
  for (let n = 0; n < claims; n++) assert.equal(store.attempts(`a@${n}`).length, 1, String(n))

  rmSync(join(mountPoint, 'filler'))
  store.commit([intent('later')], 'full')
  store.prune(0)
  assert.ok(store.hasReserve)
  assert.ok(loadedIds(store).has('later'))
  assert.equal(store.damaged, 0)
  store.close()
})
