import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { differingTraces, type TracedRun } from '../../src/simulation/checkers/determinism.ts'
import { drawOptions } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'

const seeds = Array.from({ length: 20 }, (_, index) => `${900 + index}`)
const surroundings = [
  { TZ: 'Pacific/Kiritimati', LC_ALL: 'C', heapMb: 512 },
  { TZ: 'America/St_Johns', LC_ALL: 'tr_TR.UTF-8', heapMb: 1_024 },
]

test('the same seed gives the same trace in another process, zone, locale and heap', async () => {
  const runs = await Promise.all(surroundings.map(hashesIn))
  const violations = differingTraces(runs.flat())
  assert.deepEqual(violations, [])
  assert.equal(runs.flat().length, 2 * seeds.length)
})

test('another seed gives another trace', () => {
  const [a, b] = [1n, 2n].map((seed) =>
    simulate(drawOptions(seed, { profile: 'lan', nodes: 2, minutes: 1, calmMinutes: 1 })),
  )
  assert.notEqual(a!.traceHash, b!.traceHash)
})

async function hashesIn({
  TZ,
  LC_ALL,
  heapMb,
}: (typeof surroundings)[number]): Promise<readonly TracedRun[]> {
  const script = join(import.meta.dirname, 'trace-hashes.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [`--max-old-space-size=${heapMb}`, '--disable-warning=ExperimentalWarning', script, ...seeds],
    { env: { ...process.env, TZ, LC_ALL } },
  )
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [seed, hash] = line.split(' ') as [string, string]
      return { seed, hash, where: `${TZ} ${LC_ALL}` }
    })
}
