import { test } from 'node:test'
import { LostDefinitionsChecker } from '../../../src/simulation/checkers/lost-definitions.ts'
import { ResurrectionChecker } from '../../../src/simulation/checkers/resurrection.ts'
import { AuthorityChecker } from '../../../src/simulation/checkers/authority.ts'
import { clean, flagged } from './expect.ts'
import { at, definition, job, Story } from './story.ts'

const lost = new LostDefinitionsChecker()
const resurrection = new ResurrectionChecker()
const authority = new AuthorityChecker()

const shown = { job, generation: 1, enabled: true, conflicts: 0 }
const inVersion = (version: number): object => ({ jobs: [{ ...shown, live: true, version }] })
const gone = { jobs: [{ ...shown, live: false, version: 1 }] }

test('C4 flags an acknowledged job that is missing, dead or in an older version', () => {
  const base = (): Story => new Story(2).put(0, 1, definition()).put(10, 2, definition())
  clean(lost, base().sample(100, 0, inVersion(2)).sample(100, 1, inVersion(2)).history(100))
  const missing = base().sample(100, 0, inVersion(2)).sample(100, 1, { jobs: [] })
  flagged(lost, missing.history(100), /is not known; node 1/)
  flagged(lost, base().sample(100, 0, gone).history(100), /counts as deleted/)
  flagged(
    lost,
    base().sample(100, 0, inVersion(1)).history(100),
    /write 1 is in force instead of 2/,
  )
})

test('C4 accepts either of two writes that did not know of each other', () => {
  const story = new Story(2)
    .put(0, 1, definition(), { node: 0, without: [1] })
    .put(1, 2, definition(), { node: 1, without: [0] })
  story.stored(50, 1, [0]).stored(50, 2, [1])
  const beside = (version: number): object => ({
    jobs: [{ ...shown, live: true, version, conflicts: 1 }],
  })
  clean(lost, story.sample(90, 0, beside(2)).sample(90, 1, beside(1)).history(90))
  flagged(
    lost,
    story.sample(100, 0, inVersion(2)).history(100),
    /write 1 is gone without a conflict/,
  )
})

test('C4 flags an answer before the write was on the disk', () => {
  const story = new Story(2).fact(10, {
    kind: 'def.ack',
    node: 0,
    job,
    version: 1,
    generation: 1,
    definition: definition(),
    sentMs: at(9),
    durable: true,
  })
  flagged(lost, story.history(100), /acknowledged before it was on the disk of node 0/)
  flagged(lost, story.stored(12, 1).history(100), /acknowledged before/)
})

test('C4 lets a deletion beat a write that did not know of it', () => {
  const story = new Story(2)
    .put(0, 1, definition())
    .write(10, 'def.delete.ack', 2, { node: 0, without: [1] })
    .put(11, 3, definition(), { node: 1, without: [0] })
    .stored(50, 2, [0])
    .stored(50, 3, [1])
  clean(lost, story.sample(90, 0, gone).sample(90, 1, gone).history(90))
  flagged(lost, story.sample(100, 0, inVersion(3)).history(100), /a deleted job is live/)
})

test('C4 requires nothing that no disk holds any more, and nothing that may not have survived', () => {
  const wiped = new Story(2).put(0, 1, definition(), { node: 0, without: [1] })
  wiped.down(10, 0).fact(10, { kind: 'store.wiped', node: 0 }).up(20, 0)
  clean(lost, wiped.sample(100, 0, { jobs: [] }).sample(100, 1, { jobs: [] }).history(100))
  const unsure = new Story(2).put(0, 1, definition()).put(10, 2, definition(), { durable: false })
  clean(lost, unsure.sample(100, 0, inVersion(1)).sample(100, 1, inVersion(2)).history(100))
})

test('C4 requires no job whose only write died with its node before a disk had it', () => {
  const story = (durable: boolean): Story =>
    new Story(2).fact(10, {
      kind: 'def.ack',
      node: 0,
      job,
      version: 1,
      generation: 1,
      definition: definition(),
      sentMs: at(9),
      durable,
    })
  const ends = { jobs: [] }
  clean(lost, story(false).sample(100, 0, ends).sample(100, 1, ends).history(100))
  flagged(lost, story(true).sample(100, 0, ends).history(100), /acknowledged before/)
})

test('C4 and C6 flag a deleted job that is live in the end', () => {
  const story = new Story(2).put(0, 1, definition()).write(10, 'def.delete.ack', 2)
  clean(lost, new Story(2).put(0, 1, definition()).sample(9, 0, inVersion(1)).history(100))
  story.sample(100, 0, inVersion(1)).sample(100, 1, gone)
  flagged(lost, story.history(100), /a deleted job is live/)
  flagged(resurrection, story.history(100), /shows it although it holds its deletion/)
})

test('C6 flags a start long after a deletion that must have arrived', () => {
  const base = (): Story =>
    new Story(2).put(0, 1, definition()).write(10, 'def.delete.ack', 2, { without: [1] })
  flagged(resurrection, base().start(120, 1, 120).history(200), /long after its deletion/)
  clean(resurrection, base().start(60, 1, 60).history(200), 'it may not have arrived')
  clean(resurrection, base().cut(5, 0, 1).start(120, 1, 120).history(200), 'it cannot have arrived')
  const again = base().put(30, 3, definition(), { generation: 2 })
  clean(resurrection, again.start(120, 1, 120, { generation: 2 }).history(200), 'created again')
})

test('C9 flags what no client wrote', () => {
  const base = (): Story => new Story(1).put(0, 1, definition())
  clean(authority, base().start(60, 0, 60).sample(70, 0, inVersion(1)).history(100))
  flagged(authority, base().start(60, 0, 60, { version: 7 }).history(100), /ran write 7/)
  flagged(authority, base().sample(70, 0, inVersion(7)).history(100), /shows write 7/)
})
