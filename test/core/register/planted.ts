// Planted bugs of the register: each is one line of its code, changed while it is loaded.

import { registerHooks } from 'node:module'
import type { Code } from './model.ts'
import { mutated } from '../../sim/mutants/mutant.ts'

export interface Planted {
  readonly name: string
  readonly module: 'acceptor' | 'proposer' | 'register'
  readonly text: string
  readonly replacement: string
  /** What it breaks. */
  readonly breaks: 'X1' | 'X8'
}

export const planted: readonly Planted[] = [
  {
    name: 'an acceptor answers before it is durable',
    module: 'acceptor',
    text: `  durability: 'full',\n`,
    replacement: `  durability: 'normal',\n`,
    breaks: 'X1',
  },
  {
    name: 'the claim accepted in the highest round is not adopted',
    module: 'proposer',
    text: 'const current = round.highest?.value ?? null',
    replacement: 'const current = (null as typeof round.highest)?.value ?? null',
    breaks: 'X1',
  },
  {
    name: 'of the promises the last one counts, not the highest',
    module: 'proposer',
    text: '(before.highest === null || compareBallots(told.ballot, before.highest.ballot) > 0)',
    replacement: 'true',
    breaks: 'X1',
  },
  {
    name: 'a majority is one too small',
    module: 'register',
    text: 'Math.floor(seats / 2) + 1',
    replacement: 'Math.ceil(seats / 2) - 1 || 1',
    breaks: 'X1',
  },
  {
    name: 'a claim of an earlier start is honoured',
    module: 'proposer',
    text: '    current.startId === wish.startId &&\n',
    replacement: '',
    breaks: 'X1',
  },
  {
    name: 'a tick is claimed over a claim of the same tick',
    module: 'proposer',
    text: 'a.execution === b.execution ? a.attempt < b.attempt : a.dueMs < b.dueMs',
    replacement: 'a.dueMs <= b.dueMs',
    breaks: 'X1',
  },
  {
    name: 'the old roster goes on after the next one was accepted',
    module: 'acceptor',
    text: 'if (next !== undefined && dueMs >= next.fromMs) return',
    replacement: 'if (next !== undefined && next.fromMs < 0) return',
    breaks: 'X1',
  },
  {
    name: 'a next roster that is only maybe decided is used',
    module: 'proposer',
    text: 'return rest({ ...campaign, next: answer.next }, { aboveRound: 0, isUrgent: true })',
    replacement: 'return rosterDecided(campaign, answer.next)',
    breaks: 'X1',
  },
  {
    name: 'a next roster is accepted over later claims',
    module: 'acceptor',
    text: 'accepted !== null && accepted.value.dueMs >= next.fromMs',
    replacement: 'accepted !== null && accepted.value.dueMs < 0',
    breaks: 'X1',
  },
  {
    name: 'a fence is given twice',
    module: 'proposer',
    text: 'Math.max(current.fence + 1, base)',
    replacement: 'Math.max(current.fence, base)',
    breaks: 'X8',
  },
]

const folder = new URL('../../../src/core/register/', import.meta.url)

/** The register's code with a bug in it, or without. */
export async function load(bug: Planted | undefined): Promise<Code> {
  const label = bug === undefined ? 'whole' : bug.name
  const address = (name: string): string => {
    return new URL(`${name}.ts?planted=${encodeURIComponent(label)}`, folder).href
  }
  const hooks = registerHooks({
    // what the changed copy imports of its own folder is the changed copy, too
    resolve(specifier, context, nextResolve) {
      const name = /^\.\/(acceptor|proposer|register)\.ts$/.exec(specifier)?.[1]
      const isOurs = name !== undefined && context.parentURL?.endsWith(address('').split('.ts')[1]!)
      return isOurs === true
        ? { url: address(name), shortCircuit: true }
        : nextResolve(specifier, context)
    },
    load(url, context, nextLoad) {
      if (bug === undefined || url !== address(bug.module)) return nextLoad(url, context)
      const module = `src/core/register/${bug.module}.ts`
      const source = mutated({ ...bug, module, caughtBy: [], wishes: {} })
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
  try {
    const acceptor = (await import(address('acceptor'))) as Code['acceptor']
    const proposer = (await import(address('proposer'))) as Code['proposer']
    return { acceptor, proposer }
  } finally {
    hooks.deregister()
  }
}
