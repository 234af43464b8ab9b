// Seeds that broke a promise once, each with symptom, cause and fix, and the commits that it failed on
// and was fixed by: a changed generator changes what a seed means.

import assert from 'node:assert/strict'
import test from 'node:test'
import { judge } from '../../src/simulation/checkers/all.ts'
import { drawOptions, type Wishes } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'
import seeds from './seeds.json' with { type: 'json' }

test('every saved seed says what it showed, why, and what mended it', () => {
  for (const entry of seeds) {
    for (const text of [entry.symptom, entry.cause, entry.fix]) assert.match(text, /\S/, entry.seed)
    for (const commit of [entry.failedOn, entry.fixedBy]) assert.match(commit, /^[0-9a-f]{7}$/)
  }
})

/** What a seed needs to mean what it meant. */
const wishesOf = (entry: object): Wishes => ('wishes' in entry ? (entry.wishes as Wishes) : {})

for (const entry of seeds) {
  const { seed, symptom } = entry
  test(`seed ${seed} no longer shows: ${symptom}`, () => {
    const { violations } = judge(simulate(drawOptions(BigInt(seed), wishesOf(entry))).history)
    assert.deepEqual(
      violations.map(({ property, message }) => `${property} ${message}`),
      [],
    )
  })
}
