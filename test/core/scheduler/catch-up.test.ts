import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName } from '../../../src/core/ids.ts'
import { CatchUps } from '../../../src/core/scheduler/catch-up.ts'
import type { OverdueTick } from '../../../src/core/scheduler/misfire.ts'

const job = jobName('books')
const tick = (dueMs: number, cutoffMs = 1_000): OverdueTick => ({
  dueMs,
  plannedMs: dueMs,
  cutoffMs,
  hasGrace: false,
})

function lineOf(...ticks: readonly ReturnType<typeof tick>[]): {
  release(nowMs?: number): readonly number[]
  readonly decided: Set<number>
  readonly open: Set<number>
  readonly catchUps: CatchUps
} {
  const catchUps = new CatchUps()
  const decided = new Set<number>()
  const open = new Set<number>()
  catchUps.set(job, ticks)
  const world = {
    isDecided: (dueMs: number) => decided.has(dueMs),
    isOver: (dueMs: number) => decided.has(dueMs) && !open.has(dueMs),
  }
  const release = (nowMs = 0): readonly number[] =>
    catchUps.release(job, nowMs, world).map(({ dueMs }) => dueMs)
  return { release, decided, open, catchUps }
}

test('late ticks run in ascending order, each when the one before it has ended', () => {
  const line = lineOf(tick(1), tick(2), tick(3))
  assert.deepEqual(line.release(), [1])
  assert.deepEqual(line.release(), [])
  line.decided.add(1)
  line.open.add(1)
  assert.deepEqual(line.release(), [])
  line.open.delete(1)
  assert.deepEqual(line.release(), [2])
  line.decided.add(2)
  assert.deepEqual(line.release(), [3])
  assert.deepEqual(line.catchUps.names(), [])
})

test('a tick that another node has started leaves the line', () => {
  const line = lineOf(tick(1), tick(2), tick(3))
  line.decided.add(1)
  line.decided.add(2)
  assert.deepEqual(line.release(), [3])
})

test('a tick that waits for its turn beyond its cutoff is let go to end as missed', () => {
  const line = lineOf(tick(1), tick(2, 10), tick(3))
  assert.deepEqual(line.release(), [1])
  assert.deepEqual(line.release(10), [])
  assert.deepEqual(line.release(11), [2])
  assert.deepEqual(
    line.catchUps.waiting(job).map(({ dueMs }) => dueMs),
    [3],
  )
})
