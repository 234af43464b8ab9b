import type { Accepted } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import { action, collect } from '../../context.ts'
import type { Define } from '../../context.ts'
import { followRun } from '../../follow.ts'
import { exitCodes } from '../../exit-codes.ts'
import { showOne } from '../../output.ts'
import { present, readPairs } from '../../values.ts'

interface Flags {
  readonly key?: string
  readonly param?: readonly string[]
  readonly on?: string
  readonly overlap?: string
  readonly respectCalendars?: true
  readonly evenIfPaused?: true
  readonly wait?: boolean
  readonly follow?: boolean
}

export const define: Define = (command, io) => {
  command
    .argument('<job>', 'name of the job')
    .option('-p, --param <name=value>', 'a parameter of the job; may be repeated', collect)
    .option('--on <member>', 'only on this member, by name or id')
    .option('--overlap <policy>', 'skip or allow, whatever the job says')
    .option('--respect-calendars', 'not while a calendar denies it')
    .option('--even-if-paused', 'also when the job is paused')
    .option('--key <text>', 'the same key means the same execution')
    .option('-w, --wait', 'show its output, and exit as it ended')
    .option('-f, --follow', 'the same as --wait')
    .action(
      action<Flags>(io, async ({ client, format, options }, name) => {
        const { key, param, on, overlap, respectCalendars, evenIfPaused, wait, follow } = options
        const headers = key === undefined ? {} : { 'idempotency-key': key }
        const params = readPairs('--param', param)
        const body = present({ params, on, overlap, respectCalendars, evenIfPaused })
        const path = apiPath`/jobs/${name}/trigger`
        const started = await client.send<Accepted>('POST', path, { headers, body })
        const { execution } = started
        if (wait === true || follow === true) return await followRun(io, client, execution)
        await showOne(io, format, { value: started, name: execution, lines: () => [execution] })
        return exitCodes.ok
      }),
    )
}
