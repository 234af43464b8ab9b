import type { Command } from 'commander'
import type { Define } from './context.ts'
import type { Io } from './io.ts'

/** A verb by name, whose options and action are loaded only when it is wanted. */
export interface Verb {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<{ readonly define: Define }>
}

/** Makes a {@link Verb}. */
export function verb(name: string, summary: string, load: Verb['load']): Verb {
  return { name, summary, load }
}

const loadsOf = new WeakMap<Command, ReadonlyMap<string, Verb['load']>>()

/** Gives a command its own parts. */
export async function loadVerb(parent: Command, command: Command, io: Io): Promise<void> {
  const load = loadsOf.get(parent)?.get(command.name())
  if (load === undefined) return
  const { define } = await load()
  define(command, io)
}

/** Adds verbs to a command, by groups of its help. */
export function addVerbs(
  parent: Command,
  io: Io,
  groups: Readonly<Record<string, readonly Verb[]>>,
): void {
  const loads = new Map<string, Verb['load']>()
  for (const [group, verbs] of Object.entries(groups)) {
    parent.commandsGroup(group)
    for (const { name, summary, load } of verbs) {
      loads.set(name, load)
      parent.command(name).description(summary).helpCommand(false)
    }
  }
  loadsOf.set(parent, loads)
  parent.hook('preSubcommand', async (_parent, command) => await loadVerb(parent, command, io))
}
