import assert from 'node:assert/strict'
import { test } from 'node:test'
import { childExecutionId, soleSlot, tickExecutionId } from '../../../src/core/ids.ts'
import { Fleet } from '../fleet.ts'
import { assertOutcome, onlyStart, outcomeOf } from './truth.ts'

const minuteMs = 60_000
const everyTen = { schedule: '*/10 * * * *', misfire: { deadline: '1h' } }

/** What a tick did: minutes after the first one of its start and end; or why it did not start. */
type Cell = readonly [number, number] | 'skipped-overlap'

/** Every 10 min, each execution takes 25 min, D = 1 h; ticks at 0, 10, 20, 30, 40 min. */
const golden: Readonly<Record<string, readonly Cell[]>> = {
  skip: [[0, 25], 'skipped-overlap', 'skipped-overlap', [30, 55], 'skipped-overlap'],
  allow: [
    [0, 25],
    [10, 35],
    [20, 45],
    [30, 55],
    [40, 65],
  ],
  'queue-one': [[0, 25], [25, 50], 'skipped-overlap', [50, 75], 'skipped-overlap'],
  'queue-all': [
    [0, 25],
    [25, 50],
    [50, 75],
    [75, 100],
    [100, 125],
  ],
  'cancel-other': [
    [0, 10 + 5 / 60],
    [10 + 5 / 60, 20 + 5 / 60],
    [20 + 5 / 60, 30 + 5 / 60],
    [30 + 5 / 60, 40 + 5 / 60],
  ],
  'kill-other': [
    [0, 10],
    [10, 20],
    [20, 30],
    [30, 40],
  ],
}

for (const [overlap, cells] of Object.entries(golden)) {
  test(`golden: every 10 min, each execution takes 25 min, D = 1 h: ${overlap}`, () => {
    // a little less than 25 min, or the ticks would end after the cutoff that they must meet
    const script = { durationMs: 25 * minuteMs - 1_000, exit: 0, termMs: 5_000 }
    const fleet = Fleet.running({ size: 3, script: () => script })
    fleet.put(0, 'a', { ...everyTen, overlap })
    const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
    fleet.runTo(firstMs + 126 * minuteMs)
    for (const [i, cell] of cells.entries()) {
      const dueMs = firstMs + i * 10 * minuteMs
      const told = `${overlap}, tick ${i}`
      if (typeof cell === 'string') {
        assert.equal(fleet.tick('a', dueMs).length, 0, told)
        assertOutcome(fleet, 'a', dueMs, cell)
        continue
      }
      const start = onlyStart(fleet, 'a', dueMs)
      const found = [start.atMs - firstMs, start.endMs! - firstMs].map((ms) => ms / minuteMs)
      for (const [k, at] of cell.entries()) {
        assert.ok(Math.abs(found[k]! - at) < 0.1, `${told}: ${found.join()} for ${cell.join()}`)
      }
      const isStopped = overlap.endsWith('-other')
      assertOutcome(fleet, 'a', dueMs, isStopped ? 'cancelled' : 'success')
      if (!isStopped) continue
      const [row] = fleet.storedTick(1, 'a', dueMs).filter(({ record }) => record.executor !== null)
      assert.equal(row!.record.reason, 'overlap', told)
    }
  })
}

test('queue-all: at most so many wait, and what comes then is skipped-overlap (queue-full)', () => {
  const fleet = Fleet.running({ size: 2, script: () => ({ durationMs: Infinity, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '@every 1s', overlap: 'queue-all', misfire: { deadline: '10h' } })
  fleet.run(8_000)
  const firstMs = Math.min(...fleet.starts('a').map(({ plannedMs }) => plannedMs))
  fleet.runTo(firstMs + 1_010_000)
  assert.equal(fleet.starts('a').length, 1)
  assertOutcome(fleet, 'a', firstMs + 1_000_000, 'queued')
  assertOutcome(fleet, 'a', firstMs + 1_001_000, 'skipped-overlap')
  const [row] = fleet.storedTick(1, 'a', firstMs + 1_001_000)
  assert.equal(row!.record.reason, 'queue-full')
})

test('queued ticks keep their cutoff: too late is missed (deadline)', () => {
  const fleet = Fleet.running({
    size: 3,
    script: () => ({ durationMs: 25 * minuteMs - 1_000, exit: 0 }),
  })
  fleet.put(0, 'a', {
    schedule: '*/10 * * * *',
    misfire: { deadline: '20m' },
    overlap: 'queue-all',
  })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  fleet.runTo(firstMs + 60 * minuteMs)
  assertOutcome(fleet, 'a', firstMs + 10 * minuteMs, 'success')
  const lateMs = firstMs + 20 * minuteMs
  assertOutcome(fleet, 'a', lateMs, 'missed')
  const rows = fleet.storedTick(2, 'a', lateMs)
  assert.deepEqual(
    rows.map(({ record }) => record.reason),
    ['deadline'],
  )
  assert.equal(fleet.tick('a', lateMs).length, 0)
})

test('queued ticks survive a restart of the whole fleet, and start once', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 15 * minuteMs, exit: 0 }) })
  fleet.put(0, 'a', { ...everyTen, overlap: 'queue-all' })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  const secondMs = firstMs + 10 * minuteMs
  fleet.runTo(secondMs + 60_000)
  assertOutcome(fleet, 'a', secondMs, 'queued')
  fleet.restart(0, 1, 2)
  fleet.run(2 * minuteMs)
  assert.equal(fleet.tick('a', secondMs).length, 1)
  fleet.run(16 * minuteMs)
  // what was queued and has run is not taken up again
  fleet.restart(0, 1, 2)
  fleet.run(5 * minuteMs)
  assert.equal(fleet.tick('a', secondMs).length, 1)
  assertOutcome(fleet, 'a', secondMs, 'success')
})

test('a queued tick starts although the member that queued it is dead', () => {
  for (const dead of ['best', 'all but one'] as const) {
    const fleet = Fleet.running({ size: 4, script: () => ({ durationMs: 12 * minuteMs, exit: 0 }) })
    fleet.put(0, 'a', { ...everyTen, overlap: 'queue-one' })
    const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
    const secondMs = firstMs + 10 * minuteMs
    fleet.runTo(secondMs + 30_000)
    const runner = onlyStart(fleet, 'a', firstMs).node
    const others = fleet.rank(runner, 'a', secondMs).filter((node) => node !== runner)
    fleet.kill(...(dead === 'best' ? others.slice(0, 1) : others))
    fleet.runTo(firstMs + 13 * minuteMs)
    const start = onlyStart(fleet, 'a', secondMs)
    const waitedMs = start.atMs - onlyStart(fleet, 'a', firstMs).endMs!
    assert.ok(waitedMs < 8_000, `${dead}: ${waitedMs}`)
  }
})

test('a queued tick of a job that was paused or edited is superseded', () => {
  for (const change of ['pause', 'edit', 'remove'] as const) {
    const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 12 * minuteMs, exit: 0 }) })
    fleet.put(0, 'a', { ...everyTen, overlap: 'queue-one' })
    const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
    const secondMs = firstMs + 10 * minuteMs
    fleet.runTo(secondMs + 30_000)
    if (change === 'pause') fleet.pause(1, 'a')
    else if (change === 'remove') fleet.remove(1, 'a')
    else fleet.put(1, 'a', { schedule: '5 0 * * *', overlap: 'queue-one' })
    fleet.runTo(secondMs + 5 * minuteMs)
    assert.equal(fleet.tick('a', secondMs).length, 0, change)
    assertOutcome(fleet, 'a', secondMs, 'superseded')
  }
})

test('before a tick is skipped the executor is asked: what it has ended is no overlap', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 500, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '0 * * * * *' })
  fleet.run(8_000)
  // the best of the second tick does not hear the end of the first: it hears nothing for a while
  for (let i = 0; i < 20; i++) {
    const dueMs = fleet.nextTick(minuteMs, 2_000)
    const [runner] = fleet.rank(0, 'a', dueMs)
    const [second] = fleet.rank(0, 'a', dueMs + minuteMs)
    if (runner === second) {
      fleet.runTo(dueMs + 10_000)
      continue
    }
    fleet.runTo(dueMs + 200)
    fleet.cutOneWay(runner!, second!)
    fleet.runTo(dueMs + 800)
    fleet.heal()
    fleet.runTo(dueMs + minuteMs + 5_000)
    assertOutcome(fleet, 'a', dueMs + minuteMs, 'success')
    return
  }
  assert.fail('no two ticks on different members')
})

test('an executor that cannot be reached holds the job until it is lost and orphanGrace is over', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: Infinity, exit: 0 }) })
  const misfire = { deadline: '8m' }
  fleet.put(0, 'a', { schedule: '*/10 * * * *', misfire, orphanGrace: '2m' })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  const secondMs = firstMs + 10 * minuteMs
  fleet.runTo(secondMs - 2_000)
  fleet.powerOff(onlyStart(fleet, 'a', firstMs).node)
  fleet.runTo(secondMs + 7 * minuteMs)
  const start = onlyStart(fleet, 'a', secondMs)
  const heldMs = start.atMs - secondMs
  // given up after 30 s of being down at the earliest
  assert.ok(heldMs > 2.5 * minuteMs && heldMs < 3.7 * minuteMs, `${heldMs}`)
})

test('an execution that nobody can ask about holds a tick no longer than its cutoff', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: Infinity, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '*/10 * * * *', misfire: { deadline: '1m' } })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  const secondMs = firstMs + 10 * minuteMs
  fleet.runTo(secondMs - 2_000)
  fleet.powerOff(onlyStart(fleet, 'a', firstMs).node)
  fleet.runTo(secondMs + 2 * minuteMs)
  assert.equal(fleet.tick('a', secondMs).length, 0)
  assertOutcome(fleet, 'a', secondMs, 'skipped-overlap')
  // never for hours
  fleet.runTo(firstMs + 20 * minuteMs + 10_000)
  assert.equal(fleet.tick('a', firstMs + 20 * minuteMs).length, 1)
})

test('cancel-other starts without an end when killAfter and a question are over', () => {
  const script = { durationMs: Infinity, exit: 0, termMs: 3_000_000 }
  const fleet = Fleet.running({ size: 3, script: () => script })
  fleet.put(0, 'a', { ...everyTen, overlap: 'cancel-other', killAfter: '20s' })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  const secondMs = firstMs + 10 * minuteMs
  fleet.runTo(secondMs + minuteMs)
  const waitedMs = onlyStart(fleet, 'a', secondMs).atMs - secondMs
  assert.ok(waitedMs >= 20_000 && waitedMs <= 22_000, `${waitedMs}`)
})

test('cancel-other and kill-other end an execution that waits for its next attempt', () => {
  for (const overlap of ['cancel-other', 'kill-other']) {
    const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
    const retry = { max: 3, backoff: 'fixed', base: '20m', cap: '20m', jitter: 0 }
    fleet.put(0, 'a', { ...everyTen, overlap, retry })
    const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
    fleet.runTo(firstMs + 25 * minuteMs)
    assert.equal(fleet.tick('a', firstMs).length, 1, overlap)
    assertOutcome(fleet, 'a', firstMs, 'cancelled')
    assert.equal(onlyStart(fleet, 'a', firstMs + 10 * minuteMs).atMs > firstMs, true)
  }
})

test('for every-node overlap is each node for itself', () => {
  for (const overlap of ['queue-one', 'kill-other', 'skip']) {
    const fleet = Fleet.running({
      size: 3,
      script: (_, node) => ({ durationMs: node === 1 ? 12 * minuteMs : 1_000, exit: 0 }),
    })
    fleet.put(0, 'a', { ...everyTen, overlap, placement: { every: true } })
    const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
    const secondMs = firstMs + 10 * minuteMs
    fleet.runTo(secondMs + 5 * minuteMs)
    const delays = fleet.tick('a', secondMs).map(({ node, atMs }) => [node, atMs - secondMs])
    const prompt = delays.filter(([, ms]) => ms! < 1_000).map(([node]) => node)
    const isSlowPrompt = overlap === 'kill-other'
    assert.deepEqual(new Set(prompt), new Set(isSlowPrompt ? [0, 1, 2] : [0, 2]), overlap)
    assert.equal(delays.length, overlap === 'skip' ? 2 : 3, overlap)
  }
})

test('dispatches obey overlap: they wait in line, in order', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 20_000, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '0 0 * * *', overlap: 'queue-all' })
  fleet.run(8_000)
  const said = ['x', 'y', 'z'].map((key, i) => {
    const reply = fleet.dispatch(i, 'a', key)
    fleet.run(1_000)
    assert.ok(reply.ok)
    return reply.execution!
  })
  fleet.run(70_000)
  const starts = said.map((execution) => fleet.startsOf(execution))
  assert.deepEqual(
    starts.map(({ length }) => length),
    [1, 1, 1],
  )
  for (const i of [1, 2]) {
    const waitedMs = starts[i]![0]!.atMs - starts[i - 1]![0]!.endMs!
    assert.ok(waitedMs >= 0 && waitedMs < 6_000, `${waitedMs}`)
  }
})

test('in a partition each side decides by what it knows, and the line is one again after it', () => {
  const fleet = Fleet.running({ size: 4, script: () => ({ durationMs: 12 * minuteMs, exit: 0 }) })
  fleet.put(0, 'a', { ...everyTen, overlap: 'queue-all' })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  const secondMs = firstMs + 10 * minuteMs
  fleet.runTo(firstMs + minuteMs)
  const runner = onlyStart(fleet, 'a', firstMs).node
  const rest = [0, 1, 2, 3].filter((node) => node !== runner)
  fleet.islands([runner, rest[0]!], [rest[1]!, rest[2]!])
  fleet.runTo(secondMs + 20_000)
  fleet.heal()
  fleet.runTo(secondMs + 16 * minuteMs)
  assert.ok(fleet.tick('a', secondMs).length >= 1)
  const found = new Set(fleet.up.map((node) => outcomeOf(fleet, node, 'a', secondMs)))
  assert.deepEqual([...found], ['success'])
  assert.equal(
    fleet.machine(0).node.executions.ledger.isQueued(tickExecutionId('a', 1, secondMs), soleSlot),
    false,
  )
})

test('a child obeys overlap: it waits in line for the one of the root before', () => {
  for (const isRestarted of [false, true]) {
    const fleet = Fleet.running({
      size: 3,
      script: ({ job }) => ({ durationMs: job === 'b' ? 12 * minuteMs : 1_000, exit: 0 }),
    })
    fleet.put(0, 'a', everyTen)
    fleet.put(0, 'b', { after: [{ job: 'a', on: 'success' }], overlap: 'queue-one' })
    const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
    const childOf = (dueMs: number) => childExecutionId('b', tickExecutionId('a', 1, dueMs))
    fleet.runTo(firstMs + 11 * minuteMs)
    assert.equal(fleet.startsOf(childOf(firstMs + 10 * minuteMs)).length, 0)
    // whoever runs the first of them says after its restart that it is lost
    if (isRestarted) fleet.restart(0, 1, 2)
    fleet.runTo(firstMs + 14 * minuteMs)
    assert.equal(fleet.startsOf(childOf(firstMs)).length, 1)
    assert.equal(fleet.startsOf(childOf(firstMs + 10 * minuteMs)).length, 1, `${isRestarted}`)
  }
})

test('a tick that is queued does not start while its job is paused', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 12 * minuteMs, exit: 0 }) })
  fleet.put(0, 'a', { ...everyTen, overlap: 'queue-one' })
  const firstMs = fleet.nextTick(10 * minuteMs, 30_000)
  const secondMs = firstMs + 10 * minuteMs
  fleet.runTo(secondMs + 30_000)
  // the one that is to record it is not there
  const [home] = fleet.machine(0).node.post.order('a')
  const speaker = [0, 1, 2].find((node) => fleet.machine(node).id === home)!
  fleet.powerOff(speaker)
  const other = [0, 1, 2].find((node) => node !== speaker)!
  fleet.pause(other, 'a')
  fleet.runTo(secondMs + 5 * minuteMs)
  assert.equal(fleet.tick('a', secondMs).length, 0)
  assertOutcome(fleet, 'a', secondMs, 'superseded')
})
