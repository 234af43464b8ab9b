import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExecutionItem, PlannedTick } from '../../src/adapters/http/schema.ts'
import { axisTicks } from '../../src/dashboard/model/axis.ts'
import { hintOfExecution, hintOfTick } from '../../src/dashboard/model/hint.ts'
import { laneHeads } from '../../src/dashboard/model/lane-heads.ts'
import {
  firstVisible,
  layLanes,
  notRunKey,
  typicalDurations,
  type LaneHead,
} from '../../src/dashboard/model/lanes.ts'
import { hitOf, sceneOf, stepFrom, type SceneInit } from '../../src/dashboard/model/scene.ts'
import {
  edgesOf,
  live,
  nowShare,
  panned,
  parseSpan,
  spanName,
  zoomed,
} from '../../src/dashboard/model/viewport.ts'
import { item } from './items.ts'

const nowMs = Date.parse('2027-03-01T12:00:00.000Z')
const at = (s: number): string => new Date(nowMs + s * 1_000).toISOString()

/** An execution from one second to another, as seen from now. */
function ran(from: number, to: number | null, changes: Partial<ExecutionItem> = {}): ExecutionItem {
  return item({
    id: `hello@${nowMs + from * 1_000}`,
    scheduledAt: at(from),
    startedAt: at(from),
    finishedAt: to === null ? null : at(to),
    through: at(from),
    ...(to === null ? { state: 'running', outcome: null } : {}),
    ...changes,
  })
}

const head = (key: string): LaneHead => ({ key, label: key, state: 'alive', path: [] })
const heads = [head('node-a'), head('node-b'), head(notRunKey)]

function tick(seconds: number, node: string | null): PlannedTick {
  const excluded = [{ id: 'node-b', name: 'b', reason: 'it has no tag site=barn' }]
  const rank = node === null ? [] : [{ id: node, name: 'a' }].concat({ id: 'node-b', name: 'b' })
  return {
    job: 'hello',
    scheduledAt: at(seconds),
    plannedAt: at(seconds),
    node,
    nodeName: node === null ? null : 'a',
    deniedBy: null,
    rank,
    excluded,
  }
}

function scene(
  items: readonly ExecutionItem[],
  changes: Partial<SceneInit> = {},
): ReturnType<typeof sceneOf> {
  return sceneOf({
    lanes: layLanes(items, heads, changes.by ?? 'node', nowMs),
    by: 'node',
    ticks: [],
    absencesOf: () => [],
    originOf: () => undefined,
    typicalMs: new Map(),
    viewport: { spanMs: 100_000, fromMs: nowMs - 50_000 },
    nowMs,
    width: 1_000,
    zone: 'UTC',
    ...changes,
  })
}

describe('the window of the timeline', () => {
  const view = { spanMs: 600_000, fromMs: undefined }

  test('stands still around NOW while it is live, whatever its span', () => {
    const { fromMs, toMs } = edgesOf(view, nowMs)
    assert.equal((nowMs - fromMs) / (toMs - fromMs), nowShare)
    assert.equal(zoomed(view, 0.5, 0.1, nowMs).fromMs, undefined)
  })

  test('keeps the instant under the pointer when it is zoomed', () => {
    const fixed = panned(view, -1, nowMs)
    const before = edgesOf(fixed, nowMs).fromMs + 0.3 * fixed.spanMs
    const closer = zoomed(fixed, 0.25, 0.3, nowMs)
    assert.equal(edgesOf(closer, nowMs).fromMs + 0.3 * closer.spanMs, before)
  })

  test('is a minute at least and a week at most, and its span survives the URL', () => {
    assert.equal(parseSpan('1s'), 60_000)
    assert.equal(parseSpan('90d'), 7 * 86_400_000)
    for (const text of ['1m', '90s', '36h', '7d'])
      assert.equal(parseSpan(spanName(parseSpan(text))), parseSpan(text))
    assert.equal(parseSpan('nonsense'), 600_000)
    assert.equal(live(panned(view, 3, nowMs)).fromMs, undefined)
  })
})

describe('the scale of the timeline', () => {
  test('stands at round readings of the wall clock of its zone', () => {
    const ticks = axisTicks(nowMs, nowMs + 3_600_000, 800, 'Asia/Kolkata')
    assert.deepEqual(ticks[0], { atMs: nowMs, label: '17:30', isDay: false })
    assert.ok(ticks.every(({ label }) => /:\d0$/.test(label)))
  })

  test('never crowds, and names the day at midnight', () => {
    for (const spanMs of [60_000, 600_000, 86_400_000, 7 * 86_400_000]) {
      const ticks = axisTicks(nowMs, nowMs + spanMs, 1_000, 'Europe/Berlin')
      assert.ok(ticks.length >= 2 && ticks.length <= 12, `${spanMs}: ${ticks.length}`)
    }
    const days = axisTicks(nowMs, nowMs + 3 * 86_400_000, 1_000, 'UTC').filter(({ isDay }) => isDay)
    assert.deepEqual(
      days.map(({ label }) => label),
      ['Tue 02 Mar', 'Wed 03 Mar', 'Thu 04 Mar'].slice(0, days.length),
    )
    assert.equal(days.length, 2 + Number(days.length === 3))
  })

  test('goes on where the clock is changed', () => {
    const spring = Date.parse('2027-03-28T00:00:00.000Z')
    const ticks = axisTicks(spring, spring + 6 * 3_600_000, 900, 'Europe/Berlin', 100)
    const labels = ticks.map(({ label }) => label)
    assert.deepEqual(labels, ['01:00', '03:00', '04:00', '05:00', '06:00', '07:00'])
  })
})

describe('lanes', () => {
  test('what overlaps lies in rows below each other, and a free row is used again', () => {
    const [lane] = layLanes([ran(-30, -10), ran(-25, -5), ran(-8, null)], heads, 'node', nowMs)
    assert.deepEqual(
      lane!.bars.map(({ row }) => row),
      [0, 1, 0],
    )
    assert.equal(lane!.rows, 2)
  })

  test('a tick that nobody ran lies in its own lane and covers its range', () => {
    const missed = ran(-20, -20, {
      state: 'ended',
      attempt: 0,
      node: null,
      outcome: 'missed',
      through: at(-2),
    })
    const lanes = layLanes([missed], heads, 'node', nowMs)
    const bars = lanes.find(({ key }) => key === notRunKey)!.bars
    assert.deepEqual([bars[0]!.fromMs, bars[0]!.toMs], [nowMs - 20_000, nowMs - 2_000])
  })

  test('a search by begin misses no bar that reaches into the window', () => {
    const items = [ran(-100, -1), ...Array.from({ length: 50 }, (_, i) => ran(-90 + i, -89 + i))]
    const [lane] = layLanes(items, heads, 'node', nowMs)
    assert.equal(firstVisible(lane!, nowMs - 10_000), 0)
  })

  test('each member has one, who is gone or has left too; jobs have theirs by name', () => {
    const left = ran(-5, -4, { node: 'node-x', nodeName: 'x' })
    const member = { id: 'node-a', name: 'a', state: 'alive' } as Parameters<
      typeof laneHeads
    >[1][number]
    const byNode = laneHeads('node', [member], [], [left], '')
    assert.deepEqual(
      byNode.map(({ label, state }) => `${label} ${state}`),
      ['a alive', 'x left'],
    )
    const byJob = laneHeads('job', [member], [], [left, ran(-3, -2, { job: 'a.b' })], '')
    assert.deepEqual(
      byJob.map(({ label }) => label),
      ['a.b', 'hello'],
    )
  })

  test('a job usually takes the median of its successes', () => {
    const items = [ran(-9, -8), ran(-8, -6), ran(-7, 0), ran(-6, -1, { outcome: 'failure' })]
    assert.equal(typicalDurations(items).get('hello'), 2_000)
  })
})

describe('the scene', () => {
  test('a bar stands where its time is; what runs reaches to NOW', () => {
    const { marks, nowX } = scene([ran(-30, -20), ran(-10, null)])
    assert.equal(nowX, 500)
    assert.deepEqual(
      marks.map(({ x, w }) => [x, w]),
      [
        [200, 100],
        [400, 100],
      ],
    )
  })

  test('a predicted tick stands right of NOW on the lane of the node that is to run it', () => {
    const { marks, strips } = scene([], {
      ticks: [tick(-1, 'node-b'), tick(10, 'node-b'), tick(20, null)],
    })
    assert.deepEqual(
      marks.map(({ x }) => x),
      [600, 700],
      'a tick that is over is not predicted',
    )
    const lane = strips.find(({ lane }) => lane.key === 'node-b')!
    assert.ok(marks[0]!.y > lane.y && marks[0]!.y < lane.y + lane.h)
    assert.equal(marks[1]!.tone, 'bad', 'nobody may run it')
  })

  test('a takeover is linked to the lane of the member that was to act', () => {
    const taken = ran(-10, -9, { node: 'node-b', why: 'takeover', rank: 1 })
    const { links, strips } = scene([taken], { originOf: () => 'node-a' })
    assert.equal(links.length, 1)
    assert.equal(links[0]!.kind, 'takeover')
    assert.equal(links[0]!.y1, strips[0]!.y + strips[0]!.h / 2)
    assert.equal(scene([taken]).links.length, 0, 'an unknown origin is not made up')
  })

  test('a retry is linked to the attempt before it', () => {
    const id = 'hello@1'
    const first = ran(-30, -28, { id, outcome: 'failure', nextAttemptAt: at(-20) })
    const second = ran(-20, -18, { id, attempt: 2, node: 'node-b', why: 'retry' })
    const { links } = scene([first, second])
    assert.deepEqual(
      links.map(({ kind, x1, x2 }) => [kind, x1, x2]),
      [['retry', 220, 300]],
    )
  })

  test('an absence is shaded from what the member last did, and ends when it is back', () => {
    const done = ran(-30, -20)
    const gone = [{ fromMs: nowMs - 45_000, toMs: undefined, state: 'unreachable' }]
    const open = scene([done], { absencesOf: (id) => (id === 'node-a' ? gone : []) })
    assert.deepEqual(
      open.shades.map(({ x, w }) => [x, w]),
      [[300, 200]],
    )
    const over = [{ fromMs: nowMs - 45_000, toMs: nowMs - 40_000, state: 'down' }]
    const closed = scene([done], { absencesOf: (id) => (id === 'node-a' ? over : []) })
    assert.deepEqual(
      closed.shades.map(({ x, w }) => [x, w]),
      [[50, 50]],
    )
  })

  test('ten thousand bars become no more marks than there are pixels to show them', () => {
    const items = Array.from({ length: 10_000 }, (_, i) => {
      const second = -600_000 + i * 60
      return ran(second, second + 1, { id: `x@${i}` })
    })
    const { marks } = scene(items, {
      viewport: { spanMs: 7 * 86_400_000, fromMs: nowMs - 7 * 86_400_000 },
    })
    assert.ok(marks.length > 500 && marks.length <= 2_000, `${marks.length} marks`)
  })

  test('the pointer finds thin bars too, and keys walk through them in order', () => {
    const made = scene([ran(-30, -30), ran(-20, -10)])
    const [thin] = made.marks
    assert.equal(hitOf(made, thin!.x - 3, thin!.y + 2), thin)
    assert.equal(hitOf(made, thin!.x - 30, thin!.y + 2), undefined)
    const newest = stepFrom(made, undefined, -1)!
    assert.equal(newest.bar!.fromMs, nowMs - 20_000)
    assert.equal(stepFrom(made, newest.key, -1), thin)
    assert.equal(stepFrom(made, thin!.key, -1), thin)
    const ahead = scene([ran(-30, -30)], { ticks: [tick(10, 'node-b')] })
    const last = stepFrom(ahead, ahead.marks[0]!.key, 1)!
    assert.equal(last.tick?.job, 'hello', 'ticks to come are reached too')
  })
})

describe('what hovering tells', () => {
  test('an execution: outcome, node, lateness, and why there', () => {
    const taken = ran(-10, -8, {
      startedAt: at(-7.5),
      why: 'takeover',
      rank: 1,
      attempt: 2,
      duplicate: true,
    })
    const { title, lines } = hintOfExecution(taken, 'UTC', nowMs)
    assert.equal(title, 'hello')
    assert.deepEqual(lines, [
      'success',
      'on a',
      'due 11:59:50',
      'started 2.5 s after that, took 0 ms',
      'taken over: it ranked 2, the better ones were silent',
      'attempt 2',
      'two members started this attempt',
    ])
  })

  test('a tick to come: who will run it, and who if not', () => {
    assert.deepEqual(hintOfTick(tick(10, 'node-a'), 'UTC').lines, [
      'planned 12:00:10',
      'will run on a',
      'if it is gone: b',
    ])
    assert.deepEqual(hintOfTick(tick(10, null), 'UTC').lines, [
      'planned 12:00:10',
      'no node may run it',
      'b: it has no tag site=barn',
    ])
  })
})
