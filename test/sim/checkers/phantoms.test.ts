import { test } from 'node:test'
import { PhantomsChecker } from '../../../src/simulation/checkers/phantoms.ts'
import { ResurrectionChecker } from '../../../src/simulation/checkers/resurrection.ts'
import { clean, flagged } from './expect.ts'
import { at, definition, dispatchId, job, Story } from './story.ts'

const checker = new PhantomsChecker()
const base = (nodes = 2): Story => new Story(nodes).put(-600, 1, definition())

test('C3 accepts what a definition asks for', () => {
  clean(checker, base().start(4, 1, 0).start(60, 0, 60).history(200))
})

test('C3 flags instants that no definition has, and jobs that nobody wrote', () => {
  flagged(checker, base().start(61, 0, 61).history(200), /no definition of the job has this tick/)
  flagged(checker, new Story(2).start(60, 0, 60).history(200), /nobody ever wrote/)
  const early = new Story(2)
    .put(100, 1, definition({ timing: { anchorMs: at(100) } }))
    .start(110, 0, 60)
  flagged(checker, early.history(200), /no definition/, 'a tick before the write')
  const generation = base().start(60, 0, 60, { generation: 2 })
  flagged(checker, generation.history(200), /no definition/)
})

test('C3 flags the host zone and a wrong daylight rule', () => {
  const nine = { schedule: ['0 9 * * *'], timezone: 'Europe/Berlin', anchorMs: at(-36_000) }
  const berlin = definition({ timing: nine })
  const story = new Story(1).put(-36_000, 1, berlin)
  clean(checker, story.start(-14_400, 0, -14_400).history(0), '08:00 UTC')
  flagged(checker, story.start(-10_800, 0, -10_800).history(0), /no definition/, '09:00 UTC')
})

test('C3 flags what was replaced, paused or deleted where it ran', () => {
  const manual = definition({ timing: { schedule: ['@manually'] } })
  const replaced = base().put(50, 2, manual).start(60, 1, 60)
  flagged(checker, replaced.history(200), /schedule was replaced/)
  clean(
    checker,
    base()
      .put(50, 2, manual, { without: [1] })
      .start(60, 1, 60)
      .history(200),
  )
  clean(checker, base().put(59.5, 2, manual).start(60, 1, 60).history(200), 'on its way')
  const paused = base().write(50, 'pause.ack', 2).start(60, 1, 60)
  flagged(checker, paused.history(200), /paused here/)
  clean(
    checker,
    base()
      .write(50, 'pause.ack', 2, { without: [1] })
      .start(60, 1, 60)
      .history(200),
  )
  const jitter = definition({ timing: { jitterMs: 30_000 } })
  const until = (second: number): Story =>
    new Story(2)
      .put(-600, 1, jitter)
      .stored(50, 2)
      .fact(50, {
        kind: 'pause.ack',
        node: 0,
        job,
        version: 2,
        durable: true,
        sentMs: at(50),
        untilMs: at(second),
      })
      .start(80, 1, 60)
  clean(checker, until(80).history(200), 'planned when the pause was over')
  flagged(checker, until(100).history(200), /paused here/)
  const resumed = base().write(50, 'pause.ack', 2).write(55, 'resume.ack', 3).start(60, 1, 60)
  clean(checker, resumed.history(200))
  const deleted = base().write(50, 'def.delete.ack', 2).start(60, 1, 60)
  flagged(checker, deleted.history(200), /deleted here/)
})

test('C3 and C6 know that a full disk does not keep a node from knowing', () => {
  const manual = definition({ timing: { schedule: ['@manually'] } })
  const full = (): Story =>
    new Story(2)
      .put(-600, 1, manual)
      .fact(10, { kind: 'store.failing', node: 1, failure: 'full' })
      .put(20, 2, definition(), { without: [1] })
  clean(checker, full().start(60, 1, 60).history(200))
  const deleted = full().write(5, 'def.delete.ack', 3)
  const shown = { job, generation: 2, live: true, version: 2, enabled: true, conflicts: 0 }
  clean(new ResurrectionChecker(), deleted.sample(30, 1, { jobs: [shown] }).history(200))
})

test('C3 lets the retries of an execution go on after an edit', () => {
  const manual = definition({ timing: { schedule: ['@manually'] } })
  const story = base().start(60, 0, 60, { lastsS: 1, exit: 1 }).put(62, 2, manual)
  clean(checker, story.start(70, 1, 60, { number: 2 }).history(200))
})

test('C3 flags starts after the cutoff, and on nodes without the tags', () => {
  flagged(checker, base().start(100, 0, 60).history(200), /after its cutoff/)
  const skewed = base().fact(0, { kind: 'clock', node: 0, offsetMs: -60_000, driftPpm: 0 })
  clean(checker, skewed.start(100, 0, 60).history(200), 'by its own clock it was in time')
  const tagged = definition({ placement: { tags: { site: 'a' } } })
  const story = new Story(2).put(-600, 1, tagged).start(60, 0, 60)
  flagged(checker, story.history(200), /tags/)
})

test('C3 knows dispatches by what clients asked for', () => {
  const run = base().start(60, 0, null, { execution: dispatchId })
  flagged(checker, run.history(200), /nobody asked/)
  const common = { node: 0, job, sentMs: at(50), durable: true } as const
  run.fact(50, { kind: 'dispatch.ack', key: 'k', execution: dispatchId, ...common })
  clean(checker, run.history(200))
})
