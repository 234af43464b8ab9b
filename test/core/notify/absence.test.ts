import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName } from '../../../src/core/ids.ts'
import type { Job } from '../../../src/core/jobs/catalog.ts'
import { Absence } from '../../../src/core/notify/absence.ts'
import { judgeTick } from '../../../src/core/scheduler/judge-tick.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'

const startMs = Date.UTC(2026, 0, 5, 12)
const minuteMs = 60_000
const timing = { ...defaultGroups.timing, schedule: ['* * * * *'], anchorMs: startMs - minuteMs }
const job = {
  name: jobName('backup'),
  generation: 1,
  groups: { ...defaultGroups, timing },
} as unknown as Job

function watch(isDecided: (dueMs: number) => boolean): { absence: Absence; absent: number[] } {
  const absent: number[] = []
  const absence = new Absence({
    judge: (one, dueMs) => judgeTick(one, [], dueMs),
    isDecided: (_job, { dueMs }) => isDecided(dueMs),
    absent: (_job, dueMs) => absent.push(dueMs - startMs),
  })
  absence.look([job], startMs)
  return { absence, absent }
}

test('a tick without outcome and without open execution by P + D + grace is told of once', () => {
  const { absence, absent } = watch((dueMs) => dueMs !== startMs + 2 * minuteMs)
  // D is half of the interval
  const dueAfter = 2 * minuteMs + 30_000 + minuteMs
  absence.look([job], startMs + dueAfter - 1)
  assert.deepEqual(absent, [])
  absence.look([job], startMs + dueAfter)
  absence.look([job], startMs + dueAfter + minuteMs)
  assert.deepEqual(absent, [2 * minuteMs])
})

test('what was due before somebody watched is not told of, nor what another generation owed', () => {
  const { absence, absent } = watch(() => false)
  const later = startMs + 10 * minuteMs
  absence.look([{ ...job, generation: 2 }], later)
  absence.look([{ ...job, generation: 2 }], later + minuteMs)
  assert.deepEqual(absent, [])
})

test('a long absence is looked at in slices', () => {
  const { absence, absent } = watch(() => false)
  absence.look([job], startMs + 1_000 * minuteMs)
  assert.equal(absent.length, 64)
})
