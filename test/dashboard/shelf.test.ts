import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Shelf } from '../../src/dashboard/model/shelf.ts'
import { minutesOf, nextHour, troublesSince } from '../../src/dashboard/model/summary.ts'
import { item } from './items.ts'

describe('the executions that a page knows', () => {
  test('a later phase replaces an earlier one, in whichever order they come', () => {
    const shelf = new Shelf()
    const running = item({ state: 'running', outcome: null, finishedAt: null })
    assert.ok(shelf.put([item()]))
    assert.ok(!shelf.put([running]), 'an old page brings nothing back')
    assert.equal(shelf.newestFirst()[0]!.state, 'ended')
  })

  test('what was queued is gone as soon as somebody claims it', () => {
    const shelf = new Shelf()
    shelf.put([item({ state: 'queued', node: null, attempt: 0, outcome: null })])
    shelf.put([item({ state: 'claimed', outcome: null })])
    assert.deepEqual(
      shelf.newestFirst().map(({ state }) => state),
      ['claimed'],
    )
  })

  test('attempts stand side by side, the newest tick first', () => {
    const shelf = new Shelf()
    shelf.put([
      item(),
      item({ attempt: 2 }),
      item({ id: 'x@2', scheduledAt: '2027-03-01T12:00:10Z' }),
    ])
    assert.deepEqual(
      shelf.newestFirst().map(({ id, attempt }) => `${id} ${attempt}`),
      ['x@2 1', 'hello@1 2', 'hello@1 1'],
    )
  })

  test('holds no more than its limit, and the oldest go first', () => {
    const shelf = new Shelf(100)
    const at = (i: number): string => new Date(i * 1_000).toISOString()
    for (let i = 0; i < 500; i += 1) shelf.put([item({ id: `x@${i}`, scheduledAt: at(i) })])
    assert.ok(shelf.size <= 100)
    assert.equal(shelf.newestFirst()[0]!.id, 'x@499')
  })

  test('the same item again is no news', () => {
    const shelf = new Shelf()
    shelf.put([item()])
    assert.ok(!shelf.put([item()]))
    assert.ok(shelf.put([item({ duplicate: true })]), 'a duplicate found later is')
  })
})

describe('the numbers of the overview', () => {
  const nowMs = Date.parse('2027-03-01T12:00:30.000Z')

  test('counts each tick in its minute, and what went wrong apart', () => {
    const minutes = minutesOf(
      [
        item(),
        item({ outcome: 'failure', scheduledAt: '2027-03-01T11:59:00.000Z' }),
        item({ outcome: 'missed', attempt: 0, count: 3, scheduledAt: '2027-03-01T11:59:00.000Z' }),
        item({ scheduledAt: '2027-03-01T10:00:00.000Z' }),
      ],
      nowMs,
    )
    assert.equal(minutes.length, 60)
    assert.deepEqual(minutes[59], { good: 1, bad: 0 })
    assert.deepEqual(minutes[58], { good: 0, bad: 4 })
    assert.equal(
      minutes.reduce((sum, { good, bad }) => sum + good + bad, 0),
      5,
    )
  })

  test('troubles are failures, losses and misses, not what is tried again', () => {
    const items = [
      item({ outcome: 'failure' }),
      item({ outcome: 'lost' }),
      item({ outcome: 'missed', attempt: 0 }),
      item({ outcome: 'failure', nextAttemptAt: '2027-03-01T12:01:00.000Z' }),
      item({ outcome: 'skipped-overlap', attempt: 0 }),
      item(),
    ]
    assert.equal(troublesSince(items, 0).length, 3)
    assert.equal(troublesSince(items, nowMs).length, 0)
  })

  test('the next hour has a lane per node, and one for ticks that nobody may run', () => {
    const tick = (
      node: string | null,
      plannedAt: string,
    ): Parameters<typeof nextHour>[0][number] => ({
      job: 'hello',
      scheduledAt: plannedAt,
      plannedAt,
      node,
      nodeName: node,
      deniedBy: null,
      rank: [],
      excluded: [],
    })
    const lanes = nextHour(
      [
        tick(null, '2027-03-01T12:01:00.000Z'),
        tick('a', '2027-03-01T12:00:40.000Z'),
        tick('a', '2027-03-01T12:00:50.000Z'),
        tick('a', '2027-03-01T13:00:40.000Z'),
        tick('a', '2027-03-01T12:00:20.000Z'),
      ],
      nowMs,
    )
    assert.deepEqual(
      lanes.map(({ name, count }) => `${name} ${count}`),
      ['a 2', 'no node 1'],
    )
    assert.equal(lanes[0]!.minutes[0], 2)
  })
})
