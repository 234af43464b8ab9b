import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allCheckers, judge } from '../../../src/simulation/checkers/all.ts'
import { ConvergenceChecker } from '../../../src/simulation/checkers/convergence.ts'
import { differingTraces } from '../../../src/simulation/checkers/determinism.ts'
import { LivenessChecker } from '../../../src/simulation/checkers/liveness.ts'
import { ResourcesChecker } from '../../../src/simulation/checkers/resources.ts'
import { excusedShare, latenessQuantile, Tally } from '../../../src/simulation/checkers/tally.ts'
import { clean, flagged } from './expect.ts'
import { at, definition, row, Story } from './story.ts'

const convergence = new ConvergenceChecker()
const liveness = new LivenessChecker()

const once = definition({
  timing: { startAtMs: at(60), endAtMs: at(61) },
  delivery: { misfire: { policy: 'latest', deadlineMs: 30_000, max: 10 } },
})
const healed = (): Story =>
  new Story(2).put(-600, 1, once).fact(100, { kind: 'phase', phase: 'healed' })
const told = (outcome: string): object => ({ withRows: true, rows: [row(60, { outcome })] })

test('C5 flags catalogs that differ for long after healing', () => {
  const story = healed().sample(120, 0).sample(120, 1, { catalogDigest: 'other' })
  clean(convergence, story.history(125), 'too early')
  story.sample(220, 0).sample(220, 1, { catalogDigest: 'other' })
  flagged(convergence, story.history(300), /2 different catalogs/)
})

test('C5 flags different outcomes of one tick, and none at all', () => {
  const end = (one: object, other: object): Story =>
    healed().start(60, 0, 60, { lastsS: 1 }).sample(400, 0, one).sample(400, 1, other)
  clean(convergence, end(told('success'), told('success')).history(400))
  flagged(convergence, end(told('success'), told('lost')).history(400), /nodes tell/)
  const nothing = { withRows: true, rows: [] }
  flagged(convergence, end(told('success'), nothing).history(400), /nodes tell .*nothing/)
  flagged(convergence, end(nothing, nothing).history(400), /has no outcome of/)
  const range = { withRows: true, rows: [row(0, { throughMs: at(600), count: 11 })] }
  clean(convergence, end(range, range).history(400), 'a range covers it')
})

test('C5 flags equal writes with different winners', () => {
  const story = healed().sample(400, 0).sample(400, 1, { jobs: [] })
  flagged(convergence, story.history(400), /2 different sets of jobs/)
})

test('C5 flags an end that was told and is lost', () => {
  const lost = { withRows: true, rows: [row(60, { outcome: 'lost' })] }
  const story = (): Story => healed().start(60, 0, 60, { lastsS: 1 }).sample(400, 0, lost)
  flagged(convergence, story().history(400), /was lost, but node 0 saw its end/)
  clean(convergence, story().down(60.5, 0).up(70, 0).history(400), 'its node was down')
})

test('M1 flags a member that others do not see after healing', () => {
  const view = [
    { node: 0, state: 'alive' },
    { node: 1, state: 'down' },
  ] as const
  const story = healed().sample(400, 0, { view }).sample(400, 1)
  flagged(convergence, story.history(400), /node 1 is down to node 0/)
  clean(convergence, story.down(390, 1).up(395, 1).history(400), 'it has just come back')
})

test('C10 flags a healthy part that starts nothing, or does not agree', () => {
  const frozen = (): Story =>
    new Story(3)
      .put(-600, 1, definition())
      .fact(0, { kind: 'core', nodes: [0, 1] })
      .cut(0, 0, 2)
      .cut(0, 1, 2)
      .fact(300, { kind: 'phase', phase: 'healed' })
  flagged(liveness, frozen().history(400), /no start for/)
  const busy = frozen()
  for (let s = 0; s <= 300; s += 60) busy.start(s + 1, 0, s, { lastsS: 1 })
  clean(liveness, busy.history(400))
  busy.sample(299, 0).sample(299, 1, { catalogDigest: 'other' })
  flagged(liveness, busy.history(400), /different catalogs in the healthy part/)
})

test('C11 flags a gauge above its limit', () => {
  const gauge = { kind: 'gauge', node: 0, what: 'watches', limit: 10 } as const
  const checker = new ResourcesChecker()
  clean(checker, new Story(1).fact(1, { ...gauge, value: 10 }).history(10))
  flagged(checker, new Story(1).fact(1, { ...gauge, value: 11 }).history(10), /watches is 11 of 10/)
})

test('C12 flags a seed with two traces', () => {
  const run = (seed: string, hash: string, where: string): object => ({ seed, hash, where })
  const runs = [run('1', 'a', 'UTC'), run('2', 'b', 'UTC'), run('1', 'a', 'Asia/Kolkata')]
  assert.deepEqual(differingTraces(runs as never), [])
  const other = [...runs, run('2', 'c', 'Asia/Kolkata')]
  assert.equal(differingTraces(other as never).length, 1)
})

test('a node that broke an invariant is a violation of its own', () => {
  const story = new Story(1).fact(5, { kind: 'node.broke', node: 0, message: 'oops' })
  const { violations } = judge(story.history(10))
  assert.deepEqual(
    violations.map(({ property }) => property),
    ['invariant'],
  )
})

test('every checker has its own name and forgets the run before', () => {
  const names = allCheckers().map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const checker of allCheckers()) {
    const story = healed().start(60, 0, 60, { lastsS: 1 })
    checker.check(story.history(400))
    const before = { ...checker.stats }
    checker.check(story.history(400))
    assert.deepEqual({ ...checker.stats }, before, checker.name)
  }
})

test('figures: quantiles of lateness and the share of excused ticks', () => {
  const tally = new Tally()
  for (let i = 0; i < 98; i++) tally.lateness(5, 'quiet')
  tally.lateness(900, 'crash')
  tally.lateness(14_000, 'crash')
  const stats = Object.fromEntries(
    Object.entries(tally.counts).map(([name, count]) => [`C1.${name}`, count]),
  )
  assert.equal(latenessQuantile(stats, 0.5), 10)
  assert.equal(latenessQuantile(stats, 0.99), 1_000)
  assert.equal(latenessQuantile(stats, 1), 15_000)
  assert.equal(latenessQuantile(stats, 1, 'quiet'), 10)
  const counts = { 'C1.obliged': 90, 'C1.waived.in-flux': 10, 'C1.missed.overlap': 5 }
  assert.equal(excusedShare({ ...counts, 'C1.missed.no-eligible-node': 5 }), 0.15)
})
