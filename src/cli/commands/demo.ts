import { Option } from 'commander'
import { demoVerb, runDemo } from '../../app/demo.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'

interface Flags {
  readonly nodes?: string
  readonly log?: string
}

const verbs = [
  ['kill', '<member>', 'kill -9 a node'],
  ['start', '<member>', 'start a node that was killed or stopped'],
  ['stop', '[member]', 'stop a node as SIGTERM does; without one, end the demo'],
  ['split', '<member>', 'cut a node off from the others'],
  ['heal', '', 'join what was split'],
] as const

export const define: Define = (command, io) => {
  command
    .option('--nodes <n>', 'number of nodes (3)')
    .addOption(new Option('--log <form>', 'form of the log').choices(['text', 'json']))
    .action(action<Flags>(io, async ({ options: { nodes, log } }) => await runDemo({ nodes, log })))
  for (const [verb, operand, summary] of verbs) {
    const one = command.command(`${verb} ${operand}`.trim()).description(summary)
    one.action(action(io, async (_context, member) => await demoVerb(verb, member)))
  }
}
