import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { healthOf, sentence } from '../../src/dashboard/model/health.ts'
import { ribbonOf } from '../../src/dashboard/model/ribbon.ts'
import { members, status } from '../adapters/http/fake-api.ts'

const well = {
  ...status,
  members: members.map((one) => ({ ...one, state: 'alive' })),
}

describe('the health sentence', () => {
  test('says in one line that all is well', () => {
    const { tone, sentence } = healthOf(well, 0)
    assert.equal(tone, 'ok')
    assert.equal(
      sentence,
      'All 2 nodes see each other and agree. 1 job, nothing failed in the last hour.',
    )
  })

  const cases: readonly [string, Partial<typeof status>, number, string, string][] = [
    ['a member that is gone', { members }, 0, 'bad', '7f3k cannot be reached'],
    ['failures', {}, 2, 'bad', '2 executions went wrong in the last hour'],
    ['an island', { isolated: true }, 0, 'bad', 'this node is cut off from the fleet'],
    ['one conflict', { conflicts: ['hello'] }, 0, 'warn', '1 job has two versions'],
    [
      'a bad clock',
      { clock: { ...status.clock, state: 'skewed' } },
      0,
      'bad',
      'clock here is skewed',
    ],
    ['a node that waits', { ready: false }, 0, 'warn', 'this node is not ready yet'],
    ['old facts', { asOf: { oldestMs: 120_000 } }, 0, 'warn', 'some of this is 2 min old'],
    [
      'other jobs',
      { jobs: { ...status.jobs, laggingMembers: ['x'] } },
      0,
      'warn',
      '1 node of 2 holds',
    ],
  ]
  for (const [what, changes, failures, tone, text] of cases) {
    test(`names ${what}, and every finding leads somewhere`, () => {
      const health = healthOf({ ...well, ...changes }, failures)
      assert.equal(health.tone, tone)
      assert.ok(health.sentence.includes(text), health.sentence)
      assert.equal(health.findings.length, 1)
      assert.ok(health.findings[0]!.path.length > 0)
    })
  }

  test('joins what it lists', () => {
    assert.equal(sentence(['a', 'b', 'c']), 'a, b and c')
    assert.equal(sentence(['a']), 'a')
  })
})

describe('the ribbon', () => {
  const atMs = status.clock.clusterMs
  test('says through whose eyes the fleet is seen and how many members are out of reach', () => {
    assert.equal(ribbonOf(status, 'live', atMs).seen, 'as seen by barn · 1 member unreachable')
    assert.equal(ribbonOf(well, 'live', atMs).seen, 'as seen by barn · all 2 members in reach')
    const island = ribbonOf({ ...status, isolated: true }, 'live', atMs)
    assert.match(island.seen, /this node is an island/)
  })

  test('says that the connection is lost, and how old what is shown has become', () => {
    const lost = ribbonOf(well, 'lost', atMs + 65_000)
    assert.equal(lost.tone, 'bad')
    assert.match(lost.seen, / · 1 min old$/)
    assert.match(lost.connection, /lost/)
  })
})
