import type { Job } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import { action } from '../../context.ts'
import type { Define } from '../../context.ts'
import { showOne } from '../../output.ts'
import { instantText } from '../../text.ts'
import { readInstant } from '../../values.ts'

interface Flags {
  readonly note: string
  readonly until?: string
}

export const define: Define = (command, io) => {
  command
    .argument('<job>', 'name of the job')
    .option('--note <text>', 'why, for others', '')
    .option('--until <instant>', 'when it resumes by itself: +2h, 2027-03-01T09:00:00Z')
    .action(
      action<Flags>(io, async ({ client, format, options }, name) => {
        const { note } = options
        const until =
          options.until === undefined
            ? null
            : new Date(readInstant('--until', options.until, io.nowMs())).toISOString()
        const body = { note, until }
        const job = await client.send<Job>('POST', apiPath`/jobs/${name}/pause`, { body })
        const end = until === null ? '' : ` until ${instantText(until, io.nowMs())}`
        const lines = (): readonly string[] => [`${name} is paused${end}`]
        await showOne(io, format, { value: job, name: name, lines })
      }),
    )
}
