import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../src/adapters/memory/store.ts'
import type { Write } from '../../src/core/effect.ts'
import { jobName } from '../../src/core/ids.ts'
import type { Store } from '../../src/ports/store.ts'
import { storeContract } from './store.contract.ts'

const epoch = '00112233445566ff'

storeContract('memory', () => {
  const store = createMemoryStore({ epoch })
  return { store, reopen: () => store.crash({ lose: 'none' }) }
})

const intent = (id: string): Write => ({
  kind: 'intent',
  id,
  job: jobName('a'),
  bytes: new TextEncoder().encode(id),
})
const ids = (store: Store): readonly string[] =>
  [...store.load().intents].map((bytes) => new TextDecoder().decode(bytes))

test('memory: a power cut takes what was not synced, and a full commit syncs all before it', () => {
  const store = createMemoryStore({ epoch })
  store.commit([intent('1')], 'normal')
  store.commit([intent('2')], 'full')
  for (const id of ['3', '4', '5']) store.commit([intent(id)], 'normal')
  assert.deepEqual(ids(store.clone()), ['1', '2', '3', '4', '5'])
  const torn = store.crash({ lose: 'unsynced', torn: true })
  assert.deepEqual(ids(torn), ['1', '2', '3', '4'])
  assert.throws(() => store.load(), 'the old handle is closed')
  torn.commit([intent('6')], 'normal')
  assert.deepEqual(ids(torn.crash({ lose: 'unsynced' })), ['1', '2', '3', '4'])
})

test('memory: a failed commit writes nothing, and an I/O error stays', () => {
  const store = createMemoryStore({ epoch })
  for (const failure of ['full', 'readonly', 'io'] as const) {
    store.failNext(failure)
    assert.throws(() => store.commit([intent(failure)], 'full'), {
      code: 'MC_STORE_FAILED',
      failure,
    })
    if (failure === 'io') continue
    store.commit([], 'full')
  }
  assert.throws(() => store.commit([], 'full'), { failure: 'io' })
  assert.deepEqual(ids(store), [])
})
