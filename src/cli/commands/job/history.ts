import { reading } from '../../context.ts'
import type { Define } from '../../context.ts'
import { readExecutions, showExecutions } from '../../executions.ts'
import { readCount } from '../../values.ts'

export const define: Define = (command, io) => {
  command
    .argument('<job>', 'name of the job')
    .option('-n, --count <n>', 'how many', '20')
    .action(
      reading<{ readonly count: string }>(io, async ({ client, format, options }, job) => {
        const count = readCount('--count', options.count, 1, 100_000)
        await showExecutions(io, format, await readExecutions(client, { job }, count))
      }),
    )
}
