import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatenessChecker } from '../../../src/simulation/checkers/lateness.ts'
import { clean, flagged } from './expect.ts'
import { at, definition, Story } from './story.ts'

const checker = new LatenessChecker()

/** Ticks at 0 and 60 start on time; the story ends before the one at 120 can be judged. */
const steady = (nodes = 2): Story =>
  new Story(nodes)
    .put(-600, 1, definition({ timing: { startAtMs: at(0) } }))
    .start(0.01, 0, 0, { lastsS: 1 })
    .start(60.01, 1, 60, { lastsS: 1 })

const untilMs = 110

test('C1 accepts ticks on time and counts how late they were', () => {
  clean(checker, steady().history(untilMs))
  assert.equal(checker.stats['obliged'], 2)
  assert.equal(checker.stats['binding@quiet'], 2)
  assert.equal(checker.stats['late≤10'], 2)
})

test('C1 flags a tick that nobody starts', () => {
  const story = new Story(2).put(-600, 1, definition({ timing: { startAtMs: at(60) } }))
  flagged(checker, story.history(untilMs), /^no start/)
})

test('C1 flags a late start, the sooner the less was wrong', () => {
  const late = (second: number): Story =>
    new Story(3).put(-600, 1, definition({ timing: { startAtMs: at(60) } })).start(second, 0, 60)
  flagged(checker, late(65).history(untilMs), /late although nothing was wrong/)
  clean(checker, late(65).down(59, 2).history(untilMs), 'a takeover')
  flagged(checker, late(82).down(59, 2).history(untilMs), /late on node 0/)
})

test('C1 flags a start before its time, unless a clock that could be followed says so', () => {
  const early = new Story(2)
    .put(-600, 1, definition({ timing: { startAtMs: at(60) } }))
    .start(50, 1, 60)
  flagged(checker, early.history(untilMs), /early on node 1/)
  early.fact(-100, { kind: 'clock', node: 1, offsetMs: 10_000, driftPpm: 0 })
  clean(checker, early.history(untilMs))
})

test('C1 owes nothing while a definition is new, replaced, paused or deleted', () => {
  const once = definition({ timing: { startAtMs: at(60), endAtMs: at(61) } })
  const written = new Story(2).put(50, 1, once)
  clean(checker, written.history(untilMs), 'written 10 s before')
  assert.equal(checker.stats['waived.in-flux'], 1)
  const other = definition({ timing: { schedule: ['@manually'] } })
  clean(checker, new Story(2).put(-600, 1, once).put(20, 2, other).history(untilMs), 'replaced')
  const paused = new Story(2).put(-600, 1, once).write(20, 'pause.ack', 2)
  clean(checker, paused.history(untilMs))
  assert.equal(checker.stats['waived.paused'], 1)
  paused.write(25, 'resume.ack', 3)
  flagged(checker, paused.history(untilMs), /^no start/, 'resumed in time')
  const deleted = new Story(2).put(-600, 1, once).write(20, 'def.delete.ack', 2)
  clean(checker, deleted.history(untilMs))
  assert.equal(checker.stats['waived.deleted'], 1)
})

test('C1 takes concurrent writes for undecided', () => {
  const once = definition({ timing: { startAtMs: at(60), endAtMs: at(61) } })
  const story = new Story(2)
    .put(-600, 1, definition({ timing: { schedule: ['@manually'] } }), { node: 0, without: [1] })
    .put(-599, 2, once, { node: 1, without: [0] })
  clean(checker, story.history(untilMs))
  assert.equal(checker.stats['waived.in-flux'], 1)
})

test('C1 excuses a tick only when no node was eligible all the time', () => {
  const base = (): Story =>
    new Story(2).put(-600, 1, definition({ timing: { startAtMs: at(60), endAtMs: at(61) } }))
  const one = base().down(58, 0)
  flagged(checker, one.history(untilMs), /^no start/, 'the other one is there')
  clean(checker, base().down(58, 0).down(59, 1).history(untilMs))
  assert.equal(checker.stats['missed.no-eligible-node'], 1)
  const stalls = base().down(40, 0).fact(59, { kind: 'node.stalled', node: 1 })
  stalls.fact(62, { kind: 'node.runs', node: 1 })
  clean(checker, stalls.history(untilMs), 'a stall of three seconds')
  const full = base().down(40, 0).fact(59, { kind: 'store.failing', node: 1, failure: 'full' })
  clean(checker, full.history(untilMs), 'a full disk')
  const skewed = base().down(40, 0).fact(30, { kind: 'clock', node: 1, offsetMs: 5e3, driftPpm: 0 })
  clean(checker, skewed.history(untilMs), 'a wrong clock')
  const fresh = base().down(-50, 0).down(-50, 1).up(20, 1)
  clean(checker, fresh.history(untilMs), 'not ready yet')
  const cut = base().cut(30, 0, 1)
  flagged(checker, cut.history(untilMs), /^no start/, 'a partition is no excuse')
})

test('C1 owes a start on each side of a partition', () => {
  const once = definition({ timing: { startAtMs: at(60), endAtMs: at(61) } })
  const split = (): Story =>
    new Story(3).put(-600, 1, once).cut(20, 0, 2).cut(20, 1, 2).start(60.1, 0, 60, { lastsS: 1 })
  flagged(checker, split().history(untilMs), /no start on the side of node 2/)
  clean(checker, split().start(62, 2, 60, { lastsS: 1 }).history(untilMs), 'both sides started')
  clean(checker, split().heal(70, 1, 2).history(untilMs), 'it may have heard of it')
  clean(checker, split().down(50, 2).history(untilMs), 'it was not there')
})

test('C1 asks nothing of a clock that ran ahead of a tick and was put back, or of a fleet of them', () => {
  const once = definition({ timing: { startAtMs: at(600), endAtMs: at(601) } })
  const set = (second: number, node: number, offsetMs: number) =>
    ({ second, fact: { kind: 'clock', node, offsetMs, driftPpm: 0 } }) as const
  const story = (nodes: number, wrong: number): Story => {
    const one = new Story(nodes).put(-600, 1, once)
    for (let node = 0; node < wrong; node++) {
      for (const { second, fact } of [set(0, node, 900_000), set(100, node, 0)]) {
        one.fact(second, fact)
      }
    }
    return one
  }
  clean(checker, story(1, 1).history(650))
  flagged(checker, story(3, 1).history(650), /^no start/, 'two others were right')
  clean(checker, story(3, 2).history(650), 'most were wrong, and the third one followed them')
  const second = story(3, 1).start(602.5, 1, 600)
  clean(checker, second.history(650), 'the next one waits for it')
  assert.equal(checker.stats['obliged@skew'], 1)
})

test('C1 asks only nodes that hold the definition and have the tags', () => {
  const once = { startAtMs: at(60), endAtMs: at(61) }
  const unknown = new Story(2).put(-600, 1, definition({ timing: once }), { without: [1] })
  clean(checker, unknown.down(50, 0).history(untilMs))
  const tagged = definition({ timing: once, placement: { tags: { site: 'a' } } })
  clean(checker, new Story(2).put(-600, 1, tagged).history(untilMs))
})

test('C1 accepts that an open execution stands in the way, and that a deadline is short', () => {
  const skip = definition({
    timing: { startAtMs: at(60), endAtMs: at(61) },
    delivery: { overlap: 'skip' },
  })
  const open = new Story(2).put(-600, 1, skip).start(10, 0, 0, { lastsS: 55 })
  clean(checker, open.history(untilMs))
  assert.equal(checker.stats['missed.overlap'], 1)
  const over = new Story(2).put(-600, 1, skip).start(10, 0, 0, { lastsS: 10 })
  flagged(checker, over.history(untilMs), /^no start/)
  const short = definition({
    timing: { startAtMs: at(60), endAtMs: at(61) },
    delivery: { misfire: { policy: 'latest', deadlineMs: 5_000, max: 10 } },
  })
  flagged(checker, new Story(3).put(-600, 1, short).history(untilMs), /^no start/, 'quiet')
  clean(checker, new Story(3).put(-600, 1, short).down(59, 2).history(untilMs))
  assert.equal(checker.stats['missed.deadline'], 1)
})

test('C1 owes a start on every node where every node has its own', () => {
  const every = definition({
    timing: { startAtMs: at(60), endAtMs: at(61) },
    placement: { every: true },
  })
  const story = new Story(2).put(-600, 1, every).start(60.1, 0, 60, { slot: 'member0' })
  flagged(checker, story.history(untilMs), /^no start/)
  story.start(60.1, 1, 60, { slot: 'member1' })
  clean(checker, story.history(untilMs))
})

test('C1 accepts that a node still runs what it began before every node had its own', () => {
  const every = definition({
    timing: { startAtMs: at(60), endAtMs: at(61) },
    placement: { every: true },
    delivery: { overlap: 'skip' },
  })
  const story = (busy: number): Story =>
    new Story(2).put(-600, 1, every).start(0, busy, 0).start(60.1, 0, 60, { slot: 'member0' })
  clean(checker, story(1).history(untilMs))
  flagged(checker, story(0).history(untilMs), /^no start/, 'the other node is free')
})
