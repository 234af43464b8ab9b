import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName } from '../../../src/core/ids.ts'
import { formatInstant } from '../../../src/core/jobs/shape-time.ts'
import { Fleet } from '../fleet.ts'
import { assertOutcome } from './truth.ts'

const minuteMs = 60_000
const minutely = { schedule: '* * * * *' }
const noteOf = (fleet: Fleet, node: number, job = 'a') => {
  const { enabled } = fleet.machine(node).node.replica.catalog.live(jobName(job))!.groups
  return enabled.enabled ? undefined : enabled.note
}

test('pauseOnFailure: after n failures in a row the job pauses with a generated note', () => {
  let exit = 1
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit }) })
  fleet.put(0, 'a', { ...minutely, pauseOnFailure: 3 })
  const firstMs = fleet.nextTick(minuteMs, 10_000)
  fleet.runTo(firstMs + 30_000)
  exit = 0
  fleet.runTo(firstMs + 90_000)
  exit = 1
  // a success between them: the row begins anew
  fleet.runTo(firstMs + 3 * minuteMs + 30_000)
  assert.equal(noteOf(fleet, 0), undefined)
  fleet.runTo(firstMs + 5 * minuteMs + 30_000)
  const span = [2, 4].map((i) => formatInstant(firstMs + i * minuteMs))
  for (const node of fleet.up) {
    const said = `3 failed in a row, from the tick of ${span[0]} to the tick of ${span[1]}`
    assert.equal(noteOf(fleet, node), said)
  }
  assert.equal(fleet.tick('a', firstMs + 5 * minuteMs).length, 0)
  assertOutcome(fleet, 'a', firstMs + 5 * minuteMs, 'paused')
})

test('pauseOnFailure: a job that is resumed has n failures before it', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  fleet.put(0, 'a', { ...minutely, pauseOnFailure: 2 })
  const firstMs = fleet.nextTick(minuteMs, 10_000)
  fleet.runTo(firstMs + 2 * minuteMs + 30_000)
  assert.notEqual(noteOf(fleet, 1), undefined)
  fleet.resume(1, 'a')
  fleet.runTo(firstMs + 3 * minuteMs + 30_000)
  assert.equal(noteOf(fleet, 1), undefined)
  fleet.runTo(firstMs + 4 * minuteMs + 30_000)
  assert.match(noteOf(fleet, 1)!, /^2 failed in a row/)
  assert.equal(fleet.tick('a', firstMs + 3 * minuteMs).length, 1)
})

test('pauseOnFailure: a success on a later attempt is a success, and a skipped tick counts for nothing', () => {
  const fleet = Fleet.running({
    size: 3,
    script: ({ attempt }) => ({ durationMs: 70_000, exit: attempt.endsWith('.1') ? 1 : 0 }),
  })
  const retry = { max: 1, backoff: 'fixed', base: '1s', jitter: 0 }
  fleet.put(0, 'a', { ...minutely, pauseOnFailure: 1, retry })
  fleet.run(20 * minuteMs)
  assert.equal(noteOf(fleet, 0), undefined)
  assert.ok(fleet.starts('a').length > 6)
})

test('pauseOnFailure: what failed is remembered over a restart of all', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  fleet.put(0, 'a', { ...minutely, pauseOnFailure: 3 })
  const firstMs = fleet.nextTick(minuteMs, 10_000)
  fleet.runTo(firstMs + minuteMs + 30_000)
  fleet.restart(0, 1, 2)
  fleet.runTo(firstMs + 3 * minuteMs + 30_000)
  for (const node of fleet.up) assert.match(noteOf(fleet, node)!, /^3 failed in a row/)
  assert.equal(fleet.starts('a').length, 3)
})

test('pauseOnFailure: in a partition both sides say the same, and it is no conflict', () => {
  const fleet = Fleet.running({ size: 4, script: () => ({ durationMs: 100, exit: 1 }) })
  fleet.put(0, 'a', { ...minutely, pauseOnFailure: 2 })
  const firstMs = fleet.nextTick(minuteMs, 10_000)
  fleet.runTo(firstMs + 30_000)
  fleet.islands([0, 1], [2, 3])
  fleet.runTo(firstMs + 3 * minuteMs)
  fleet.heal()
  fleet.run(2 * minuteMs)
  const notes = new Set(fleet.up.map((node) => noteOf(fleet, node)))
  assert.equal(notes.size, 1)
  const job = fleet.machine(0).node.replica.catalog.live(jobName('a'))!
  assert.deepEqual(job.conflicts, [])
})

test('maxStartsPerMinute: what is beyond it ends capped (rate)', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '*/10 * * * * *', maxStartsPerMinute: 4 })
  const firstMs = fleet.nextTick(minuteMs, 10_000)
  fleet.runTo(firstMs + 2 * minuteMs - 1_000)
  for (const i of [0, 1, 2, 3, 6, 7, 8, 9]) {
    assertOutcome(fleet, 'a', firstMs + i * 10_000, 'success')
  }
  for (const i of [4, 5, 10, 11]) {
    assertOutcome(fleet, 'a', firstMs + i * 10_000, 'capped')
    const [row] = fleet.storedTick(0, 'a', firstMs + i * 10_000)
    assert.equal(row!.record.reason, 'rate')
  }
})

test('maxStartsPerDay: it counts executions, not slots or attempts, run-now too, and survives a restart of all', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  const retry = { max: 2, backoff: 'fixed', base: '1s', jitter: 0 }
  fleet.put(0, 'a', { ...minutely, maxStartsPerDay: 4, retry, placement: { every: true } })
  const firstMs = fleet.nextTick(minuteMs, 10_000)
  fleet.runTo(firstMs + minuteMs + 30_000)
  fleet.restart(0, 1, 2)
  fleet.run(10_000)
  const reply = fleet.dispatch(1, 'a', 'now')
  assert.ok(reply.ok)
  fleet.runTo(firstMs + 4 * minuteMs + 30_000)
  const begun = new Set(fleet.starts('a').map(({ execution }) => execution))
  assert.equal(begun.size, 4)
  assert.equal(fleet.tick('a', firstMs).length, 9)
  assert.equal(fleet.tick('a', firstMs + 4 * minuteMs).length, 0)
})

test('overlapKey: overlap looks only at executions with the same value of the parameter', () => {
  const script = () => ({ durationMs: 20_000, exit: 0 })
  const fleet = Fleet.running({ size: 3, script })
  const params = { site: { default: 'north' }, mode: { default: 'fast' } }
  fleet.put(0, 'a', { schedule: '@manually', params, overlapKey: 'site', overlap: 'queue-all' })
  fleet.run(8_000)
  const asked = [{}, { site: 'south' }, { site: 'north', mode: 'slow' }, { site: 'south' }]
  const said = asked.map((given, i) => {
    const reply = fleet.command(i % 3, {
      kind: 'dispatch',
      name: jobName('a'),
      key: `k${i}`,
      ask: { params: given },
    })
    fleet.run(1_000)
    assert.ok(reply.ok)
    return reply.execution!
  })
  fleet.run(60_000)
  const at = said.map((execution) => {
    const starts = fleet.startsOf(execution)
    assert.equal(starts.length, 1)
    return starts[0]!
  })
  assert.ok(at[1]!.atMs < at[0]!.endMs!, 'another value runs beside it')
  assert.ok(at[2]!.atMs >= at[0]!.endMs!, 'the default counts as the value')
  assert.ok(at[3]!.atMs >= at[1]!.endMs!, 'the same value waits')
  assert.ok(at[3]!.atMs < at[2]!.endMs!, 'each value has a line of its own')
})

test('a node at its concurrency limit declines, and the next rank takes over', () => {
  const script = () => ({ durationMs: 20_000, exit: 0 })
  const schedule = { schedule: '0 * * * *', misfire: { deadline: '5m' } }
  for (const seed of [1n, 2n, 3n, 4n]) {
    const fleet = Fleet.running({ size: 3, script, maxRunning: 2, seed })
    const jobs = Array.from({ length: 9 }, (_, i) => `job-${i}`)
    for (const job of jobs) fleet.put(0, job, schedule)
    const firstMs = fleet.nextTick(60 * minuteMs, 30_000)
    fleet.runTo(firstMs + 15_000)
    const soon = jobs.flatMap((job) => fleet.tick(job, firstMs))
    const byNode = [0, 1, 2].map((node) => soon.filter((start) => start.node === node).length)
    assert.deepEqual(byNode, [2, 2, 2], 'as many as there is room for, on whichever node')
    fleet.runTo(firstMs + 5 * minuteMs)
    for (const job of jobs) {
      assert.equal(fleet.tick(job, firstMs).length, 1, `seed ${seed}, ${job}`)
      assertOutcome(fleet, job, firstMs, 'success')
    }
  }
})
