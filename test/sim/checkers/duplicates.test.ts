import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DuplicatesChecker } from '../../../src/simulation/checkers/duplicates.ts'
import { clean, flagged } from './expect.ts'
import { at, definition, Story } from './story.ts'

const checker = new DuplicatesChecker()

/** Node 0 starts the tick at 60 on time, node 1 three seconds later. */
const twice = (nodes = 3): Story =>
  new Story(nodes).start(60, 0, 60).claim(60, 0, 0, 60).start(63, 1, 60).claim(63, 1, 1, 60)

test('C2 flags two starts of one attempt, and accepts two attempts', () => {
  flagged(checker, twice().history(100), /ran on node 0 and, 3000 ms later, on node 1/)
  const other = new Story(2).start(60, 0, 60).start(63, 1, 60, { number: 2 }).start(120, 1, 120)
  clean(checker, other.history(200))
})

test('C2 excuses starters without a path that lasted', () => {
  clean(checker, twice(2).cut(50, 0, 1).history(100))
  assert.equal(checker.stats['duplicates.no-path'], 1)
  clean(checker, twice(2).cut(50, 0, 1).heal(59, 0, 1).history(100), 'healed after P − settle')
  flagged(checker, twice(2).cut(10, 0, 1).heal(15, 0, 1).history(100), /ran on/, 'healed before')
  flagged(checker, twice(3).cut(50, 0, 1).history(100), /ran on/, 'node 2 sees both')
  clean(checker, twice(3).cut(50, 0, 1).cut(50, 2, 1).history(100), 'node 2 sees one of them')
  clean(checker, twice(3).cut(50, 0, 1).down(61, 2).history(100), 'node 2 died meanwhile')
  const oneWay = twice(2).fact(50, { kind: 'link.cut', from: 0, to: 1 })
  clean(checker, oneWay.history(100), 'one direction is no path')
  const slow = twice(2).fact(60, { kind: 'link.slow', from: 0, to: 1, arrivesMs: 0 })
  flagged(checker, slow.history(100), /ran on/, 'a frame that was late before')
})

test('C2 excuses no one that holds the claim of the other', () => {
  const held = twice(2).cut(61, 0, 1).claim(60.1, 1, 0, 60)
  flagged(checker, held.history(100), /ran on/)
  const crossed = (): Story =>
    new Story(2)
      .start(60, 0, 60)
      .claim(60, 0, 0, 60)
      .claim(62.9, 1, 1, 60)
      .claim(62.95, 1, 0, 60)
      .start(63, 1, 60)
  clean(checker, crossed().cut(50, 0, 1).history(100), 'it came after the own claim, by no path')
  flagged(checker, crossed().history(100), /ran on/, 'there was a path')
})

test('C2 excuses a first starter that died or hung unheard', () => {
  clean(checker, twice().down(60.5, 0).history(100))
  assert.equal(checker.stats['duplicates.unheard'], 1)
  flagged(
    checker,
    twice().claim(60.1, 2, 0, 60).down(60.5, 0).history(100),
    /ran on/,
    'node 2 had it',
  )
  const aside = twice().claim(60.1, 2, 0, 60).down(60.5, 0).cut(60, 1, 2)
  clean(checker, aside.history(100), 'node 2 could not tell')
  assert.equal(checker.stats['duplicates.restarted'], 1)
  const hung = twice().fact(60.2, { kind: 'node.stalled', node: 0 })
  clean(checker, hung.history(100))
  const later = twice().fact(62.5, { kind: 'node.stalled', node: 0 })
  flagged(checker, later.history(100), /ran on/, 'it was heard long before')
})

test('C2 excuses what every holder lost with its power', () => {
  const again = new Story(2).claim(60, 0, 0, 60).start(60, 0, 60).claim(60.1, 1, 0, 60)
  const lost = again
    .down(70, 0, 'power')
    .fact(70, { kind: 'store.wiped', node: 0 })
    .down(70, 1, 'power')
    .fact(70, { kind: 'store.torn', node: 1, lost: 1 })
    .up(75, 0)
    .start(80, 0, 60)
  clean(checker, lost.history(100))
  assert.equal(checker.stats['duplicates.forgotten'], 1)
})

test('C2 does not let a node repeat what is on its own disk', () => {
  const again = new Story(1).claim(60, 0, 0, 60).start(60, 0, 60)
  again.down(70, 0, 'power').fact(70, { kind: 'store.torn', node: 0, lost: 3 }).up(75, 0)
  flagged(checker, again.start(80, 0, 60).history(100), /ran on node 0/)
})

test('C2 takes no excuse where the job may start at most once, but a disk that was rolled back', () => {
  const promised = { mode: 'at-most-once', roster: ['node-0'], minority: 'run' } as const
  const voted = definition({ delivery: { promised } })
  const apart = (): Story => twice(2).put(-100, 1, voted).cut(50, 0, 1)
  flagged(checker, apart().history(100), /ran on node 0 and/)
  assert.equal(checker.stats['attempts.voted'], 1)
  const back = apart().fact(61, { kind: 'store.rolledBack', node: 1, toMs: at(10) })
  clean(checker, back.history(100))
  assert.equal(checker.stats['duplicates.rolled-back'], 1)
  const other = twice(2).put(-100, 1, voted, { generation: 2 }).cut(50, 0, 1)
  clean(checker, other.history(100), 'another generation promised it')
})
