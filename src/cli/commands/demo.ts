import { Option } from 'commander'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { present, readCount } from '../values.ts'

interface Flags {
  readonly nodes: string
  readonly dataDir?: string
  readonly log?: string
}

interface Demo {
  runDemo(options: object): Promise<number>
  demoVerb(verb: string, member: string | undefined, options: object): Promise<number>
}

const verbs = [
  ['kill', '<member>', 'kill -9 a node'],
  ['stop', '<member>', 'stop a node as SIGTERM does'],
  ['split', '<member>', 'cut a node off from the others'],
  ['heal', '', 'join what was split, start what was killed'],
] as const

export const define: Define = (command, io) => {
  command
    .option('--nodes <n>', 'number of nodes', '3')
    .addOption(new Option('--log <form>', 'form of the log').choices(['text', 'json']))
    .action(
      action<Flags>(io, async ({ options: { nodes, dataDir, log } }) => {
        const { runDemo } = await loadDemo()
        const count = readCount('--nodes', nodes, 1, 16)
        return await runDemo({ nodes: count, ...present({ dataDir, log }) })
      }),
    )
  for (const [verb, operand, summary] of verbs) {
    const one = command.command(`${verb} ${operand}`.trim()).description(summary)
    one.action(
      action<Flags>(io, async ({ options: { dataDir } }, member) => {
        const { demoVerb } = await loadDemo()
        return await demoVerb(verb, member, present({ dataDir }))
      }),
    )
  }
}

async function loadDemo(): Promise<Demo> {
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the module may be absent
  return (await import('../../app/demo.ts' as string)) as Demo
}
