// What scenarios ask of the ground truth of a fleet.

import assert from 'node:assert/strict'
import type { Fleet, Start } from '../fleet.ts'

/** Every tick of a period in [fromMs, toMs] was started exactly once, on the predicted member if asked. */
export function assertOnceEach(
  fleet: Fleet,
  job: string,
  periodMs: number,
  [fromMs, toMs]: readonly [number, number],
): void {
  for (let dueMs = fromMs; dueMs <= toMs; dueMs += periodMs) {
    const starts = fleet.tick(job, dueMs)
    assert.equal(starts.length, 1, `${told(fleet, dueMs)}: ${starts.length} starts`)
  }
}

/** Each tick was started at least once; answers how many more starts there were. */
export function assertNoneMissed(
  fleet: Fleet,
  job: string,
  periodMs: number,
  [fromMs, toMs]: readonly [number, number],
): number {
  let extra = 0
  for (let dueMs = fromMs; dueMs <= toMs; dueMs += periodMs) {
    const starts = fleet.tick(job, dueMs)
    assert.ok(starts.length > 0, `${told(fleet, dueMs)}: missed`)
    extra += starts.length - 1
  }
  return extra
}

export const latenessMs = (start: Start, dueMs: number): number => start.atMs - dueMs

/** The single start of a tick. */
export function onlyStart(fleet: Fleet, job: string, dueMs: number): Start {
  const starts = fleet.tick(job, dueMs)
  assert.equal(starts.length, 1, `${told(fleet, dueMs)}: ${starts.length} starts`)
  return starts[0]!
}

export const told = (fleet: Fleet, dueMs: number): string =>
  `tick ${new Date(dueMs).toISOString()} (now ${new Date(fleet.nowMs).toISOString()})`

/** What a node has on record for a tick: the outcome of its newest attempt, or its phase. */
export function outcomeOf(fleet: Fleet, node: number, job: string, dueMs: number): string {
  const rows = fleet.storedTick(node, job, dueMs)
  const place = ({ record }: (typeof rows)[number]): number =>
    record.phase === 'queued' ? -1 : record.attempt
  const newest = rows.toSorted((a, b) => place(b) - place(a))[0]?.record
  return newest === undefined ? 'none' : (newest.outcome ?? newest.phase)
}

/** The same outcome of a tick on every running node. */
export function assertOutcome(fleet: Fleet, job: string, dueMs: number, outcome: string): void {
  const found = fleet.up.map((node) => outcomeOf(fleet, node, job, dueMs))
  assert.deepEqual(
    found,
    fleet.up.map(() => outcome),
    told(fleet, dueMs),
  )
}

/** The nodes that started something, ascending. */
export const nodesOf = (starts: readonly Start[]): readonly number[] =>
  [...new Set(starts.map(({ node }) => node))].toSorted((a, b) => a - b)
