import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIntent } from '../../../src/core/jobs/intent.ts'
import { openRecord } from '../../../src/core/execution/record-codec.ts'
import { createRandom } from '../../../src/core/random.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import { fakeCrypto } from '../fleet/crypto.ts'
import { Fleet } from '../fleet.ts'

const clusterId = '0123456789abcdef0123456789abcdef'

/** Every write that any store holds, by its dot: the bytes that it names. */
function collect(fleet: Fleet, named: Map<string, string>): void {
  for (const { store, id } of fleet.machines) {
    const note = (dot: { actor: string; seq: number }, bytes: Uint8Array): void => {
      const key = `${dot.actor}:${dot.seq}`
      const text = bytes.join()
      assert.equal(named.get(key) ?? text, text, `${key} names two writes`)
      named.set(key, text)
    }
    for (const bytes of store.load().intents) {
      const opened = openIntent(fakeCrypto(id), clusterId, bytes)
      if (opened.ok) note(opened.value.intent, bytes)
    }
    for (const bytes of store.recordsAfter({ seen: new SeenVector(), cursor: null }, Infinity)
      .records) {
      const opened = openRecord(clusterId, bytes)
      if (opened.ok) note(opened.value.stored, bytes)
    }
  }
}

test('no dot ever names two writes, over crashes, lost disks and restored images', () => {
  for (const seed of [1n, 2n, 3n, 4n]) {
    const random = createRandom(seed)
    const fleet = Fleet.running({ size: 3, seed })
    const named = new Map<string, string>()
    fleet.put(0, 'a', { schedule: '* * * * * *' })
    let image = fleet.machine(1).store.clone()
    for (let i = 0; i < 40; i++) {
      const node = random.below(3)
      fleet.run(random.between(1, 2_500))
      collect(fleet, named)
      const what = random.below(6)
      if (!fleet.machine(node).isUp()) fleet.start([node])
      else if (what < 2) fleet.powerOff(node)
      else if (what === 2) image = fleet.machine(1).store.clone()
      else if (what === 3) {
        // the disk of an earlier day, in the middle of everything
        fleet.kill(...fleet.up.filter((one) => one === 1))
        fleet.machine(1).store = image.clone()
        fleet.start([1])
      } else {
        fleet.put(node, `job-${i % 5}`, { schedule: '@daily', description: `${i}` })
      }
    }
    fleet.start([0, 1, 2].filter((node) => !fleet.machine(node).isUp()))
    fleet.remove(0, 'a')
    fleet.run(60_000)
    collect(fleet, named)
    assert.ok(named.size > 50)
    assert.ok(fleet.hasEqualDigests(), `seed ${seed}`)
  }
})
