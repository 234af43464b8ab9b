import type { Accepted, ExecutionDetail } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import type { Client } from '../../client.ts'
import { action } from '../../context.ts'
import type { Define } from '../../context.ts'
import { endText } from '../../executions.ts'
import { exitCodes } from '../../exit-codes.ts'
import { pause } from '../../io.ts'
import type { Io } from '../../io.ts'
import { showOne } from '../../output.ts'
import { copyOutput } from '../../output-tail.ts'

interface Flags {
  readonly key?: string
  readonly follow?: boolean
}

const pollMs = 200

export const define: Define = (command, io) => {
  command
    .argument('<job>', 'name of the job')
    .option('--key <text>', 'the same key means the same execution')
    .option('-f, --follow', 'show its output, and exit as it ended')
    .action(
      action<Flags>(io, async ({ client, format, options: { key, follow } }, name) => {
        const headers = key === undefined ? {} : { 'idempotency-key': key }
        const started = await client.send<Accepted>('POST', apiPath`/jobs/${name}/run`, {
          headers,
        })
        const { execution } = started
        if (follow === true) return await followRun(io, client, execution)
        await showOne(io, format, { value: started, name: execution, lines: () => [execution] })
        return exitCodes.ok
      }),
    )
}

async function followRun(io: Io, client: Client, id: string): Promise<number> {
  let shown = 0
  for (;;) {
    const detail = await client.get<ExecutionDetail>(apiPath`/executions/${id}`)
    const { state, startedAt, attempt, outcome, nextAttemptAt } = detail
    if (startedAt !== null && attempt > shown) {
      await copyOutput(io, client, id, { slot: detail.slot, attempt, follow: true })
      shown = attempt
    } else if (state === 'ended' && nextAttemptAt === null) {
      if (outcome === 'success') return exitCodes.ok
      io.stderr.write(`${endText(detail)}\n`)
      return exitCodes.failure
    } else if (io.signal.aborted) {
      return exitCodes.ok
    } else {
      await pause(io, pollMs)
    }
  }
}
