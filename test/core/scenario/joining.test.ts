import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'

test('a member joins a fleet with a long history, gets all of it, and is ready', () => {
  const fleet = new Fleet({ size: 3 })
  fleet.start([0, 1])
  fleet.run(2_000)
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(40 * 60_000)
  fleet.start([2])
  fleet.until('it is ready', 20_000, () => fleet.machine(2).node.isReady)
  fleet.until('it has what the others have', 20_000, () => fleet.hasEqualDigests())
  const due = fleet.starts('a')[10]!.execution
  assert.equal(fleet.stored(2, due).at(-1)?.record.outcome, 'success')
})
