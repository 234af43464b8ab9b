// Hunts every planted bug and writes docs/mutants.md. Arguments: names of mutants, none means all;
// `--seconds n` of a processor for each, default 900.

import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants } from '../test/sim/mutants/all.ts'
import { hunted } from '../test/sim/mutants/hunted.ts'
import type { Catch } from '../test/sim/mutants/hunt.ts'
import { mutated, type Mutant } from '../test/sim/mutants/mutant.ts'

const seedsMax = 500
/** The unchanged code is looked at with at least so many seeds. */
const plainSeedsMin = 10

interface Result {
  readonly mutant: Mutant
  readonly found: Catch
  /** The same seeds with the unchanged code. */
  readonly plain: Catch
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '900' } },
})
const secondsMax = Number(values.seconds)
const wanted = mutants.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
for (const mutant of wanted) mutated(mutant)
const results = await inParallel(wanted, hunt)
const isAll = wanted.length === mutants.length
if (isAll) writeFileSync(join(import.meta.dirname, '../docs/mutants.md'), page(results))
const missed = results.filter((result) => !isCaught(result))
console.log(`${results.length - missed.length} of ${results.length} caught`)
process.exitCode = missed.length === 0 ? 0 : 1

async function hunt(mutant: Mutant): Promise<Result> {
  const { name } = mutant
  const found = await hunted({ name, isPlanted: true, seedsMax, secondsMax })
  const seeds = found.seed === undefined ? 1 : Math.max(plainSeedsMin, found.seeds)
  const plain = await hunted({ name, isPlanted: false, seedsMax: seeds, secondsMax })
  const result = { mutant, found, plain }
  console.log(row(result))
  return result
}

/** What the unchanged code shows by the same seed is no proof. */
function isCaught({ found, plain }: Result): boolean {
  if (found.seed === undefined) return false
  return plain.seed === undefined || BigInt(plain.seed) > BigInt(found.seed)
}

function row(result: Result): string {
  const { mutant, found, plain } = result
  const { name, module, caughtBy } = mutant
  const seen = isCaught(result) ? `${found.property}: ${found.message}` : 'not found'
  const first = isCaught(result) ? found.seed! : `– (${found.seeds} seeds)`
  const clean = plain.seed === undefined ? `${plain.seeds}` : `until seed ${plain.seed}`
  const cells = [name, `\`${module}\``, caughtBy.join(', '), first, clean, seen]
  return `| ${cells.map((cell) => cell.replaceAll('|', '/').replaceAll('\n', ' ')).join(' | ')} |`
}

function page(all: readonly Result[]): string {
  const caught = all.filter(isCaught).length
  return `# Planted bugs

Every row is a bug that was put into the code while it was loaded, and the first seed with which the
checkers found it: ${caught} of ${all.length} within ${seedsMax} seeds each. The unchanged code ran with the same
options and was clean for as many seeds as the fifth column says.

Made by \`node scripts/mutants.ts\`, which takes about an hour; every commit hunts three of them.
Replay one with \`node test/sim/mutants/hunt.ts '<name>' '<name>' <seed> 1\`.

| Planted | In | Looked for | First seed | Clean seeds | Found |
|---|---|---|---|---|---|
${all.map(row).join('\n')}
`
}

async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const done: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next
      next += 1
      done[index] = await work(items[index]!)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return done
}
