// Data directories for tests of the store, and copies of them as a crash leaves them.

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Write } from '../../../src/core/effect.ts'
import { jobName } from '../../../src/core/ids.ts'
import type { Store } from '../../../src/ports/store.ts'

/** A directory that goes with the test. */
export function tempDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-store-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The files as they are now, in another directory: what a killed process leaves. */
export function copyOf(t: TestContext, dir: string): string {
  const copy = tempDir(t)
  cpSync(dir, copy, { recursive: true })
  return copy
}

/** An intent whose content can be told from its id. */
export function intent(id: string, size = 400): Write {
  const bytes = Buffer.from(`${id} `.repeat(Math.ceil(size / (id.length + 1)))).subarray(0, size)
  return { kind: 'intent', id, job: jobName('a'), bytes }
}

/** Ids of the intents that a store loads. */
export const loadedIds = (store: Store): ReadonlySet<string> =>
  new Set([...store.load().intents].map((bytes) => Buffer.from(bytes).toString().split(' ', 1)[0]!))
