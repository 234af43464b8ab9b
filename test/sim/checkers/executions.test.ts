import { test } from 'node:test'
import { OverlapChecker } from '../../../src/simulation/checkers/overlap.ts'
import { RetriesChecker } from '../../../src/simulation/checkers/retries.ts'
import { clean, flagged } from './expect.ts'
import { definition, retrying, Story } from './story.ts'

const overlap = new OverlapChecker()
const retries = new RetriesChecker()

const skipping = definition({ delivery: { overlap: 'skip' } })

test('C7 flags an execution that begins while another one runs', () => {
  const both = (made = skipping): Story =>
    new Story(2).put(-600, 1, made).start(60, 0, 60, { lastsS: 90 }).start(120, 1, 120)
  flagged(overlap, both().history(300), /began on node 1 while/)
  clean(overlap, both(definition()).history(300), 'overlap is allowed')
  clean(overlap, both().cut(110, 0, 1).history(300), 'they could not see each other')
  clean(overlap, both().put(100, 2, definition()).history(300), 'allowed meanwhile')
  const after = new Story(2).put(-600, 1, skipping).start(60, 0, 60, { lastsS: 30 })
  clean(overlap, after.start(120, 1, 120).history(300))
  const near = new Story(2).put(-600, 1, skipping).start(119, 0, 60, { lastsS: 30 })
  clean(overlap, near.start(120, 1, 120).history(300), 'too close to know')
  const restarted = both().down(70, 0).up(75, 0)
  clean(overlap, restarted.history(300), 'its node was started again')
})

test('C7 leaves each node its own where every node runs', () => {
  const every = definition({ delivery: { overlap: 'skip' }, placement: { every: true } })
  const story = new Story(2).put(-600, 1, every).start(60, 0, 60, { slot: 'member0', lastsS: 90 })
  clean(overlap, story.start(120, 1, 120, { slot: 'member1' }).history(300))
  flagged(overlap, story.start(120, 0, 120, { slot: 'member0' }).history(300), /began on node 0/)
})

test('C8 accepts attempts in order, and flags too many', () => {
  const story = new Story(2)
    .put(-600, 1, definition(retrying(1)))
    .start(60, 0, 60, { lastsS: 2, exit: 1 })
    .start(67, 1, 60, { number: 2, lastsS: 2, exit: 1 })
  clean(retries, story.history(300))
  flagged(retries, story.start(80, 0, 60, { number: 3 }).history(300), /attempt 3 of at most 2/)
})

test('C8 flags attempts too soon, at once with the one before, or after a success', () => {
  const first = (lastsS: number, exit: number): Story =>
    new Story(2).put(-600, 1, definition(retrying(2))).start(60, 0, 60, { lastsS, exit })
  const soon = first(2, 1).start(63, 1, 60, { number: 2 })
  flagged(retries, soon.history(300), /after 1000 ms, and not 5000/)
  flagged(retries, first(20, 1).start(70, 1, 60, { number: 2 }).history(300), /had not ended/)
  flagged(retries, first(2, 0).start(80, 1, 60, { number: 2 }).history(300), /was a success/)
  const stopped = new Story(2)
    .put(-600, 1, definition({ ...retrying(2), action: { timeoutMs: 20_000 } }))
    .start(60, 0, 60, { lastsS: 20, exit: 0 })
    .start(90, 1, 60, { number: 2 })
  clean(retries, stopped.history(300), 'it was stopped for taking too long')
  const unseen = first(20, 0).cut(50, 0, 1).start(70, 1, 60, { number: 2 })
  clean(retries, unseen.history(300), 'nobody could know')
  const dead = first(20, 0).down(61, 0).start(75, 1, 60, { number: 2 })
  clean(retries, dead.history(300), 'its node was gone')
  const gap = first(2, 1).start(80, 1, 60, { number: 3 })
  flagged(retries, gap.history(300), /no attempt before it/)
})
