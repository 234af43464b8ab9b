import type { ExecutionDetail } from './answers.ts'
import { apiPath } from './client.ts'
import type { Client } from './client.ts'
import { endText } from './executions.ts'
import { exitCodes } from './exit-codes.ts'
import { pause } from './io.ts'
import type { Io } from './io.ts'
import { copyOutput } from './output-tail.ts'

const pollMs = 200

/** Shows the output of all attempts of an execution; the exit code says how it ended. */
export async function followRun(io: Io, client: Client, id: string): Promise<number> {
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
