// Hunts every planted bug and writes docs/mutants.md. Arguments: names of mutants, none means all;
// `--seconds n` of a processor for each, default 900.

import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants } from '../test/sim/mutants/all.ts'
import { proven } from '../test/sim/mutants/hunted.ts'
import type { Catch } from '../test/sim/mutants/hunt.ts'
import { mutated, type Mutant } from '../test/sim/mutants/mutant.ts'

const seedsMax = 500

interface Result {
  readonly mutant: Mutant
  readonly found: Catch
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
  const result = { mutant, found: await proven({ name, firstSeed: 1n, seedsMax, secondsMax }) }
  console.log(row(result))
  return result
}

const isCaught = ({ found }: Result): boolean => found.seed !== undefined

function row({ mutant, found }: Result): string {
  const { name, module, caughtBy } = mutant
  const { seed, seeds, property, message } = found
  const cells = [
    name,
    `\`${module}\``,
    caughtBy.join(', '),
    seed ?? `not in ${seeds} seeds`,
    seed === undefined ? '' : `${property}: ${message}`,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '/').replaceAll('\n', ' ')).join(' | ')} |`
}

function page(all: readonly Result[]): string {
  const caught = all.filter(isCaught).length
  return `# Planted bugs

Every row is a bug that was put into the code while it was loaded, and the first seed with which the
checkers found it and with which the unchanged code is clean: ${caught} of ${all.length}.

Made by \`node scripts/mutants.ts\`: at most ${seedsMax} seeds each, from 1, and ${secondsMax} s of a
processor. Every commit hunts three of those whose seed is known. Replay one with
\`node test/sim/mutants/hunt.ts '<name>' '<name>' <seed> 1\`.

| Planted | In | Looked for | First seed | Found |
|---|---|---|---|---|
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
