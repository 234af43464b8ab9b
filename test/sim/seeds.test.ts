// Seeds that broke a promise once. A changed generator changes what a seed means: each names the
// commit on which it failed.

import assert from 'node:assert/strict'
import test from 'node:test'
import { judge } from '../../src/simulation/checkers/all.ts'
import { drawOptions } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'
import seeds from './seeds.json' with { type: 'json' }

for (const { seed, symptom } of seeds) {
  test(`seed ${seed} no longer shows: ${symptom}`, () => {
    const { violations } = judge(simulate(drawOptions(BigInt(seed))).history)
    assert.deepEqual(
      violations.map(({ property, message }) => `${property} ${message}`),
      [],
    )
  })
}
