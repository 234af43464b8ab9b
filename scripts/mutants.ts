// Hunts planted bugs and writes their rows of docs/mutants.md. Arguments: names of mutants, none means
// all; `--missing` those without a seed; `--seconds n` of a processor for each, default 900.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants } from '../test/sim/mutants/all.ts'
import { proven } from '../test/sim/mutants/hunted.ts'
import type { Catch } from '../test/sim/mutants/hunt.ts'
import { mutated, type Mutant } from '../test/sim/mutants/mutant.ts'

const seedsMax = 500

const file = join(import.meta.dirname, '../docs/mutants.md')

interface Result {
  readonly mutant: Mutant
  readonly found: Catch
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '900' },
    missing: { type: 'boolean', default: false },
  },
})
const secondsMax = Number(values.seconds)
const rows = oldRows()
const wanted = mutants
  .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  .filter(({ name }) => !values.missing || !hasSeed(rows.get(name)))
for (const mutant of wanted) mutated(mutant)
const results = await inParallel(wanted, hunt)
const missed = results.filter(({ found }) => found.seed === undefined)
console.log(`${results.length - missed.length} of ${results.length} caught`)
process.exitCode = missed.length === 0 ? 0 : 1

async function hunt(mutant: Mutant): Promise<Result> {
  const { name } = mutant
  const result = { mutant, found: await proven({ name, firstSeed: 1n, seedsMax, secondsMax }) }
  rows.set(name, row(result))
  writeFileSync(file, page())
  console.log(row(result))
  return result
}

/** Rows of the page as it is, by the name in their first cell. */
function oldRows(): Map<string, string> {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const known = text.split('\n').filter((line) => line.startsWith('| '))
  return new Map(known.map((line) => [line.split(' | ')[0]!.slice(2), line]))
}

function hasSeed(line: string | undefined): boolean {
  return /^\d+$/.test(line?.split(' | ')[3] ?? '')
}

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

function page(): string {
  const shown = mutants.map(({ name, module, caughtBy }) => {
    return (
      rows.get(name) ?? `| ${name} | \`${module}\` | ${caughtBy.join(', ')} | not hunted yet | |`
    )
  })
  return `# Planted bugs

Every row is a bug that was put into the code while it was loaded, and the first seed with which the
checkers found it and with which the unchanged code is clean: ${shown.filter(hasSeed).length} of ${shown.length}.

Made by \`node scripts/mutants.ts\`, from seed 1 and at most ${seedsMax} seeds each. Every commit hunts
three of those whose seed is known. Replay one with
\`node test/sim/mutants/hunt.ts '<name>' '<name>' <seed> 1\`.

| Planted | In | Looked for | First seed | Found |
|---|---|---|---|---|
${shown.join('\n')}

## Masked

These were planted, too, and change nothing that anybody could see, because something else keeps the
same promise:

- A claim that is not sent: \`running\` follows within 50 ms, and whoever takes over asks first.
- A join that counts at once: a member that has just become ready asks before it starts anything.
- A report about an older incarnation that counts: it is refused at receipt and dropped at a restart.
- A member with an unsynced clock as candidate: it declines by itself; and the other way round.
- The order of members in a map: candidates are sorted before they are ranked.
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
