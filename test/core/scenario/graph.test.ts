import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import {
  childExecutionId,
  jobName,
  tickExecutionId,
  type ExecutionId,
} from '../../../src/core/ids.ts'
import { Fleet, type FleetInit } from '../fleet.ts'
import { nodesOf } from './truth.ts'

const minutely = { schedule: '0 * * * * *' }
const after = (job: string, on = 'success') => ({ after: [{ job, on }] })
const childOf = (name: string, dueMs: number, root = 'a') =>
  childExecutionId(name, tickExecutionId(root, 1, dueMs))

function outcomeOf(fleet: Fleet, execution: ExecutionId, node = fleet.up[0]!): string {
  const ended = fleet.stored(node, execution).filter(({ record }) => record.phase === 'ended')
  const [newest] = ended.toSorted((x, y) => y.record.attempt - x.record.attempt)
  return newest?.record.outcome ?? 'none'
}

/** The jobs of the golden table. */
function graph(init: Omit<FleetInit, 'size'> = {}, a: object = {}): Fleet {
  const fleet = Fleet.running({ size: 3, ...init })
  fleet.put(0, 'a', { ...minutely, ...a })
  fleet.put(1, 'b', after('a'))
  fleet.put(2, 'c', after('a', 'failure'))
  const both = (on: string) => [
    { job: 'b', on },
    { job: 'c', on },
  ]
  fleet.put(0, 'd', { after: both('complete'), join: 'any' })
  fleet.put(0, 'e', { after: both('success') })
  fleet.run(8_000)
  return fleet
}

const retry = { max: 2, backoff: 'fixed', base: '1s', jitter: 0 }
const golden = [
  ['success', {}, () => 0, ['success', 'skipped-upstream', 'success', 'skipped-upstream']],
  [
    'failure after 3 attempts',
    { retry },
    (attempt: number) => Number(attempt > 0),
    ['skipped-upstream', 'success', 'success', 'skipped-upstream'],
  ],
  [
    'failed, then success on retry',
    { retry },
    (attempt: number) => Number(attempt === 1),
    ['success', 'skipped-upstream', 'success', 'skipped-upstream'],
  ],
] as const

for (const [title, a, exitOf, expected] of golden) {
  test(`golden: A ${title}: B ${expected[0]}, C ${expected[1]}, D ${expected[2]}, E ${expected[3]}`, () => {
    const fleet = graph(
      {
        script: ({ job, attempt }) => ({
          durationMs: 10,
          exit: job === 'a' ? exitOf(Number(attempt.split('.').at(-1))) : 0,
        }),
      },
      a,
    )
    const dueMs = fleet.nextTick(60_000)
    fleet.runTo(dueMs + 20_000)
    for (const node of fleet.up) {
      const found = ['b', 'c', 'd', 'e'].map((job) => outcomeOf(fleet, childOf(job, dueMs), node))
      assert.deepEqual(found, expected, `node ${node}`)
    }
    for (const job of ['b', 'c', 'd', 'e']) {
      assert.ok(fleet.startsOf(childOf(job, dueMs)).length <= 1)
    }
  })
}

test('golden: A missed: B, C, D, E skipped-upstream', () => {
  const fleet = graph({}, { placement: { tags: { role: 'none' } } })
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 59_000)
  for (const node of fleet.up) {
    const found = ['b', 'c', 'd', 'e'].map((job) => outcomeOf(fleet, childOf(job, dueMs), node))
    assert.deepEqual(found, Array(4).fill('skipped-upstream'))
  }
})

test('missed holds for any not-run outcome except skipped-upstream', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', after('a', 'missed'))
  fleet.put(0, 'c', after('b', 'missed'))
  fleet.pause(0, 'a')
  const dueMs = fleet.nextTick(60_000, 3_000)
  fleet.runTo(dueMs + 5_000)
  assert.equal(outcomeOf(fleet, childOf('b', dueMs)), 'success')
  assert.equal(outcomeOf(fleet, childOf('c', dueMs)), 'skipped-upstream')
})

test('a child runs at most once per root, on one member, right after its parents', () => {
  const fleet = graph()
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 300_000)
  for (let t = dueMs; t < dueMs + 300_000; t += 60_000) {
    const [start, ...more] = fleet.startsOf(childOf('b', t))
    assert.ok(start !== undefined && more.length === 0)
    assert.ok(start.atMs - t < 500, `${start.atMs - t} ms after the root`)
  }
})

test('P of a child is the latest settling of the parents it waited for, plus its delay; T is the T of the root', () => {
  const fleet = Fleet.running({
    size: 3,
    script: ({ job }) => ({ durationMs: job === 'c' ? 5_000 : 1_000, exit: 0 }),
  })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', after('a'))
  fleet.put(0, 'c', after('a'))
  const both = [{ job: 'b' }, { job: 'c' }]
  fleet.put(0, 'late', { after: both, delay: '10s' })
  fleet.put(0, 'early', { after: both, join: 'any' })
  fleet.put(0, 'two', { after: [...both, { job: 'early' }], join: 2 })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 40_000)
  const at = (job: string) => fleet.startsOf(childOf(job, dueMs))[0]!.atMs - dueMs
  const isNear = (ms: number, wanted: number) => ms >= wanted && ms < wanted + 500
  assert.ok(isNear(at('late'), 16_000), `late ${at('late')}`)
  assert.ok(isNear(at('early'), 2_000), `early ${at('early')}`)
  assert.ok(isNear(at('two'), 3_000), `two ${at('two')}`)
  assert.equal(fleet.stored(0, childOf('late', dueMs))[0]!.record.dueMs, dueMs)
})

test('dispatching a job in the middle starts a new root there; its ancestors are not run', () => {
  const fleet = graph({}, { schedule: '@manually' })
  const reply = fleet.dispatch(1, 'b', 'k')
  assert.ok(reply.ok)
  fleet.run(10_000)
  assert.equal(fleet.starts('a').length, 0)
  assert.equal(outcomeOf(fleet, childExecutionId('d', reply.execution!)), 'success')
  // c does not belong to this run, so e waits for b alone
  assert.equal(outcomeOf(fleet, childExecutionId('e', reply.execution!)), 'success')
})

test('the result of a parent reaches its children, and the root is named to all', () => {
  const fleet = graph({
    script: ({ job }) => ({ durationMs: 10, exit: 0, result: `said by ${job}` }),
  })
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 5_000)
  const envOf = (execution: string) => fleet.startsOf(execution)[0]!.env!
  const root = tickExecutionId('a', 1, dueMs)
  assert.equal(envOf(root)['MESHCRON_ROOT_ID'], root)
  assert.equal(envOf(childOf('b', dueMs))['MESHCRON_ROOT_ID'], root)
  assert.equal(envOf(childOf('b', dueMs))['MESHCRON_PARENT_RESULT'], 'said by a')
  assert.equal(envOf(childOf('d', dueMs))['MESHCRON_PARENT_RESULT'], 'said by b')
  const b = { job: 'b', execution: childOf('b', dueMs), outcome: 'success', result: 'said by b' }
  const c = { job: 'c', execution: childOf('c', dueMs), outcome: 'skipped-upstream', result: null }
  const input = JSON.parse(fleet.startsOf(childOf('d', dueMs))[0]!.input!) as { parents: object[] }
  assert.equal(input.parents.length, 2)
  for (const parent of [b, c]) {
    assert.ok(input.parents.some((one) => isDeepStrictEqual(one, parent)))
  }
})

test('calendars, pause and limit apply to a child as to any tick', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', after('a'))
  fleet.put(0, 'c', { ...after('a'), limit: 2 })
  fleet.pause(0, 'b')
  fleet.run(4_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 3 * 60_000 + 5_000)
  assert.equal(outcomeOf(fleet, childOf('b', dueMs)), 'paused')
  assert.equal(fleet.starts('c').length, 2)
})

test('the executor of a parent dies right after its end: the child runs, once', () => {
  const fleet = graph()
  for (let i = 0; i < 4; i++) {
    const dueMs = fleet.nextTick(60_000, 8_000)
    const [first] = fleet.rank(0, 'a', dueMs)
    fleet.until('a has ended', 120_000, () => fleet.tick('a', dueMs)[0]?.endMs !== undefined)
    fleet.run(8)
    fleet.powerOff(first!)
    fleet.run(20_000)
    const isTold = fleet.stored(fleet.up[0]!, tickExecutionId('a', 1, dueMs))[0]
    assert.ok(isTold !== undefined)
    fleet.start([first!])
    fleet.run(30_000)
    assert.equal(fleet.startsOf(childOf('b', dueMs)).length, 1)
  }
})

test('the best member of a child is dead: the next one runs it, once', () => {
  for (let i = 0; i < 4; i++) {
    const fleet = graph()
    const dueMs = fleet.nextTick(60_000, 8_000)
    const { node } = fleet.machine(0)
    const live = node.replica.catalog.live(jobName('b'))!
    const { rank } = node.executions.rankAt(live, childOf('b', dueMs), dueMs)
    const best = fleet.indexOf(rank[0]!)
    fleet.runTo(dueMs - 10)
    fleet.powerOff(best)
    fleet.runTo(dueMs + 40_000)
    const starts = fleet.startsOf(childOf('b', dueMs))
    // the parent may have been lost with the same machine
    if (outcomeOf(fleet, tickExecutionId('a', 1, dueMs)) !== 'success') continue
    assert.equal(starts.length, 1)
    assert.notEqual(starts[0]!.node, best)
  }
})

test('all nodes restart between the end of a parent and the start of its child: the child is not lost', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { ...minutely, misfire: { policy: 'skip' } })
  fleet.put(0, 'b', { ...after('a'), delay: '90s' })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 1_000)
  fleet.restart(0, 1, 2)
  // another root comes before the child of the first one starts
  fleet.runTo(dueMs + 61_000)
  fleet.restart(0, 1, 2)
  fleet.runTo(dueMs + 200_000)
  for (const t of [dueMs, dueMs + 60_000]) {
    assert.equal(fleet.startsOf(childOf('b', t)).length, 1)
  }
})

test('all nodes restart while a join waits for one of its parents: it still meets the others', () => {
  const fleet = Fleet.running({
    size: 3,
    script: ({ job }) => ({ durationMs: job === 'c' ? 5_000 : 10, exit: 0 }),
  })
  const often = { base: '100s', backoff: 'fixed', jitter: 0, max: 1 }
  fleet.put(0, 'a', { ...minutely, overlap: 'allow' })
  fleet.put(0, 'b', after('a'))
  fleet.put(0, 'c', { ...after('a'), delay: '90s', overlap: 'allow', retry: often })
  fleet.put(0, 'd', { after: [{ job: 'b' }, { job: 'c' }], overlap: 'allow' })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 75_000)
  fleet.restart(0, 1, 2)
  fleet.runTo(dueMs + 200_000)
  assert.equal(fleet.startsOf(childOf('d', dueMs)).length, 1)
})

test('in a partition each side runs a child at most once, and one of them does', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', after('a'))
  fleet.run(8_000)
  fleet.islands([0, 1], [2, 3])
  fleet.run(10_000)
  const dueMs = fleet.nextTick(60_000, 10_000)
  fleet.runTo(dueMs + 20_000)
  const nodes = nodesOf(fleet.startsOf(childOf('b', dueMs)))
  for (const side of [
    [0, 1],
    [2, 3],
  ]) {
    const parents = fleet.tick('a', dueMs).filter(({ node }) => side.includes(node))
    const children = nodes.filter((node) => side.includes(node))
    assert.equal(children.length, Math.min(1, parents.length))
  }
  fleet.heal()
  fleet.run(60_000)
  assert.equal(fleet.startsOf(childOf('b', dueMs)).length, nodes.length)
})

test('a child of a job that runs on every node waits for those that are there; its own runs everywhere', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { ...minutely, placement: { every: true }, jitter: '5s', jitterPer: 'member' })
  fleet.put(0, 'b', { ...after('a'), placement: { every: true } })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 40_000)
  const last = Math.max(...fleet.tick('a', dueMs).map(({ endMs }) => endMs!))
  const starts = fleet.startsOf(childOf('b', dueMs))
  assert.deepEqual(nodesOf(starts), [0, 1, 2])
  assert.equal(starts.length, 3)
  assert.ok(starts.every(({ atMs }) => atMs >= last))
})

test('a cycle is refused at write, with its path', () => {
  const fleet = Fleet.running({ size: 1 })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', after('a'))
  fleet.put(0, 'c', after('b'))
  const reply = fleet.put(0, 'a', after('c'))
  assert.ok(!reply.ok)
  assert.equal(reply.refusal.code, 'MC_CYCLE')
  assert.match(reply.refusal.message, /a → b → c → a/)
  const self = fleet.put(0, 'x', after('x'))
  assert.ok(!self.ok && /x → x/.test(self.refusal.message))
})

test('a child with join all whose parents have no common root job is refused', () => {
  const fleet = Fleet.running({ size: 1 })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', minutely)
  const both = { after: [{ job: 'a' }, { job: 'b' }] }
  const reply = fleet.put(0, 'c', both)
  assert.ok(!reply.ok && /no common root/.test(reply.refusal.message))
  assert.ok(fleet.put(0, 'c', { ...both, join: 'any' }).ok)
})

test('two concurrent edits close a cycle: its edges are suspended with an alert, roots keep running, an edit that breaks it clears it', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', minutely)
  fleet.put(0, 'b', after('a'))
  fleet.put(0, 'x', { schedule: '@manually' })
  fleet.put(0, 'y', { schedule: '@manually' })
  fleet.run(8_000)
  fleet.islands([0], [1])
  fleet.run(10_000)
  assert.ok(fleet.put(0, 'x', after('y')).ok)
  assert.ok(fleet.put(1, 'y', after('x')).ok)
  fleet.heal()
  fleet.run(30_000)
  for (const index of fleet.up) {
    const { topology } = fleet.machine(index).node.executions.children
    assert.deepEqual(topology.cycleOf(jobName('x')), ['x', 'y'])
    const alerts = fleet
      .machine(index)
      .reports.filter(({ report }) => report.kind === 'graphConflict')
    assert.deepEqual(
      new Set(alerts.map(({ report }) => report.kind === 'graphConflict' && report.job)),
      new Set(['x', 'y']),
    )
  }
  const dueMs = fleet.nextTick(60_000)
  const reply = fleet.dispatch(0, 'x', 'k')
  fleet.runTo(dueMs + 5_000)
  assert.equal(outcomeOf(fleet, childOf('b', dueMs)), 'success')
  assert.equal(
    fleet.startsOf(childExecutionId('y', reply.ok ? reply.execution! : ('' as ExecutionId))).length,
    0,
  )
  fleet.put(0, 'x', { schedule: '@manually' })
  fleet.run(2_000)
  const again = fleet.dispatch(1, 'x', 'again')
  fleet.run(3_000)
  assert.equal(
    fleet.startsOf(childExecutionId('y', again.ok ? again.execution! : ('' as ExecutionId))).length,
    1,
  )
})

test('depth over 32: what is beyond ends capped, and nothing follows from it', () => {
  const fleet = Fleet.running({ size: 1, script: () => ({ durationMs: 1, exit: 0 }) })
  fleet.put(0, 'j1', { schedule: '@manually' })
  for (let i = 2; i <= 35; i++) fleet.put(0, `j${i}`, after(`j${i - 1}`))
  fleet.run(4_000)
  const reply = fleet.dispatch(0, 'j1', 'k')
  assert.ok(reply.ok)
  fleet.run(20_000)
  const ends = [31, 32, 33, 34].map((i) =>
    outcomeOf(fleet, childExecutionId(`j${i}`, reply.execution!)),
  )
  assert.deepEqual(ends, ['success', 'success', 'capped', 'none'])
})
