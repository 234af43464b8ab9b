// Jobs that may start at most once do so under every fault but a disk that is rolled back unnoticed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from '../../src/simulation/checkers/all.ts'
import { drawOptions, type Wishes } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'

const wishes: Wishes = {
  profile: 'lan',
  nodes: 4,
  minutes: 6,
  calmMinutes: 2,
  jobs: 8,
  atMostOnce: 3,
  faults: [
    'partition',
    'link',
    'one-way',
    'kill',
    'power',
    'commit-crash',
    'stall',
    'wipe',
    'skew',
  ],
}

for (const seed of [1n, 2n, 4n]) {
  test(`no attempt starts twice where it may start at most once: seed ${seed}`, (t) => {
    const { violations, stats } = judge(simulate(drawOptions(seed, wishes)).history)
    assert.deepEqual(
      violations.map(({ property, message }) => `${property} ${message}`),
      [],
    )
    const attempts = stats['C2.attempts.voted'] ?? 0
    t.diagnostic(`${attempts} attempts, duplicates of other jobs ${stats['C2.duplicates'] ?? 0}`)
    assert.ok(attempts > 100, 'else nothing was tried')
  })
}

test('without faults the vote costs no tick', () => {
  const { history } = simulate(drawOptions(2n, { ...wishes, faults: [] }))
  const stored = history.entries.filter((entry) => entry.kind === 'record.stored')
  // what had to wait in line may be too late
  const queued = stored.filter(({ phase }) => phase === 'queued').map(({ attempt }) => attempt)
  const missed = stored.filter(
    ({ outcome, attempt }) =>
      ['missed', 'unknown'].includes(`${outcome}`) && !queued.includes(attempt),
  )
  assert.deepEqual(missed, [])
})
