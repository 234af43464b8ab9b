// A planted bug, how it is put into the code while it is loaded, and who must find it.

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Wishes } from '../../../src/simulation/options.ts'

/** Something broken on purpose. */
export interface Mutant {
  readonly name: string
  /** Of src. */
  readonly module: string
  /** Stands exactly once in the module. */
  readonly text: string
  readonly replacement: string
  /** Properties of which at least one must be violated. */
  readonly caughtBy: readonly string[]
  /** Narrows the seeds to fleets and faults in which it can show. */
  readonly wishes: Wishes
  /** Where it was found last: commits begin their hunt there, and take only mutants that have it. */
  readonly foundAt?: number
}

const root = new URL('../../../', import.meta.url)

/** The module with its bug; throws when the text is not there exactly once: the mutant is stale. */
export function mutated(mutant: Mutant): string {
  const source = readFileSync(new URL(mutant.module, root), 'utf8')
  const places = source.split(mutant.text).length - 1
  if (places !== 1) {
    throw new Error(
      `stale mutant ${mutant.name}: its text stands ${places} times in ${mutant.module}`,
    )
  }
  return source.replace(mutant.text, () => mutant.replacement)
}

/** Puts the bug into every later import. */
export function plant(mutant: Mutant): void {
  const source = mutated(mutant)
  const path = fileURLToPath(new URL(mutant.module, root))
  registerHooks({
    load(url, context, nextLoad) {
      const isIt = url.startsWith('file:') && fileURLToPath(url) === path
      if (!isIt) return nextLoad(url, context)
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}
