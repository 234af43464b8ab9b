import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openStore } from '../../src/adapters/sqlite/open-store.ts'
import type { Store } from '../../src/ports/store.ts'
import { storeContract } from './store.contract.ts'

const tempDir = (t: TestContext): string => {
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-store-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

storeContract('sqlite', (t) => {
  const stores: Store[] = []
  const open = (dir: string): Store => {
    const store = openStore(dir)
    stores.push(store)
    return store
  }
  const dir = tempDir(t)
  t.after(() => {
    for (const store of stores) {
      try {
        store.close()
      } catch {
        continue // closed by the test itself
      }
    }
  })
  return {
    store: open(dir),
    // The files as they are while the store is open are what a killed process leaves.
    reopen: () => {
      const copy = tempDir(t)
      for (const file of readdirSync(dir)) copyFileSync(join(dir, file), join(copy, file))
      return open(copy)
    },
  }
})
