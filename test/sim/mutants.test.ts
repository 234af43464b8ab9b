// The checkers see: every planted bug still fits the code, and three of them are found. `node scripts/mutants.ts` hunts all of them and writes docs/mutants.md.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutants } from './mutants/all.ts'
import { mutated, type Mutant } from './mutants/mutant.ts'
import { proven } from './mutants/hunted.ts'

const perRun = 3
const seedsMax = 60
const secondsMax = 60

test('every mutant stands for one place in the code, has its own name and changes something', () => {
  for (const mutant of mutants) assert.notEqual(mutated(mutant), '', mutant.name)
  for (const { text, replacement, name } of mutants) assert.notEqual(text, replacement, name)
  assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length)
  assert.ok(mutants.length >= 20)
})

test('a mutant whose text is not there exactly once is stale', () => {
  const [first] = mutants
  assert.throws(() => mutated({ ...first!, text: 'no such text' }), /stands 0 times/)
  assert.throws(() => mutated({ ...first!, text: 'const ' }), /stale mutant/)
})

/** Mutants far apart among those of which a seed is known. */
function chosen(): readonly Mutant[] {
  const known = mutants.filter(({ foundAt }) => foundAt !== undefined)
  const step = Math.floor(known.length / perRun)
  return Array.from({ length: perRun }, (_, i) => known[i * step]!)
}

for (const { name, caughtBy, foundAt } of chosen()) {
  test(`${name}: ${caughtBy.join(' or ')} finds it`, async (t) => {
    const firstSeed = BigInt(foundAt ?? 1)
    const found = await proven({ name, firstSeed, seedsMax, secondsMax })
    assert.ok(found.seed !== undefined, `not found in ${found.seeds} seeds`)
    t.diagnostic(`seed ${found.seed}: ${found.property} ${found.message}`)
  })
}
