import type { Command } from 'commander'
import type { Accepted, ExecutionDetail } from '../answers.ts'
import { apiPath } from '../client.ts'
import { action, reading } from '../context.ts'
import type { Define } from '../context.ts'
import { endText, executionColumns, readExecutions, showExecutions } from '../executions.ts'
import { exitCodes } from '../exit-codes.ts'
import { followRun } from '../follow.ts'
import type { Io } from '../io.ts'
import { showOne, tableLines } from '../output.ts'
import { copyOutput } from '../output-tail.ts'
import { instantText, nodeText } from '../text.ts'
import { readCount, readInstant } from '../values.ts'

interface ListFlags {
  readonly job?: string
  readonly state?: string
  readonly since?: string
  readonly count: string
}

interface RetryFlags {
  readonly key?: string
  readonly wait?: boolean
}

interface LogFlags {
  readonly follow?: boolean
  readonly slot?: string
  readonly attempt?: string
}

export const define: Define = (command, io) => {
  command
    .command('ls')
    .description('executions, newest first')
    .option('--job <name>', 'only of this job')
    .option('--state <state>', 'only in this state or with this outcome')
    .option('--since <instant>', 'only scheduled then or later: -1h, 2027-03-01T09:00:00Z')
    .option('-n, --count <n>', 'how many', '20')
    .action(
      reading<ListFlags>(io, async ({ client, format, options }) => {
        const { job, state, since } = options
        const sinceMs = since === undefined ? undefined : readInstant('--since', since, io.nowMs())
        const count = readCount('--count', options.count, 1, 100_000)
        const page = await readExecutions(client, { job, state, since: sinceMs }, count)
        await showExecutions(io, format, page)
      }),
    )
  command
    .command('show <execution>')
    .description('one execution with its attempts')
    .action(
      reading(io, async ({ client, format }, id) => {
        const detail = await client.get<ExecutionDetail>(apiPath`/executions/${id}`)
        await showOne(io, format, { value: detail, name: id, lines: () => linesOf(io, detail) })
      }),
    )
  command
    .command('logs <execution>')
    .description('its output')
    .option('-f, --follow', 'until it has ended')
    .option('--slot <slot>', 'of a job that runs on every node: which member')
    .option('--attempt <n>', 'which attempt (the newest)')
    .action(
      action<LogFlags>(io, async ({ client, options }, id) => {
        const { slot, follow = false } = options
        const attempt =
          options.attempt === undefined
            ? undefined
            : readCount('--attempt', options.attempt, 1, 999_999)
        await copyOutput(io, client, id, { slot, attempt, follow })
      }),
    )
  command
    .command('stop <execution>')
    .description('TERM, then KILL after the grace of the job')
    .action(
      action(io, async ({ client, format }, id) => {
        const stopped = await client.send<Accepted>('POST', apiPath`/executions/${id}/stop`)
        const lines = (): readonly string[] => [`${stopped.execution} is told to stop`]
        await showOne(io, format, { value: stopped, name: stopped.execution, lines })
      }),
    )
  defineRetry(command, io)
}

function defineRetry(command: Command, io: Io): void {
  command
    .command('retry <execution>')
    .description('once more, with the same parameters')
    .option('--key <text>', 'the same key means the same execution')
    .option('-w, --wait', 'show its output, and exit as it ended')
    .action(
      action<RetryFlags>(io, async ({ client, format, options: { key, wait } }, id) => {
        const headers = key === undefined ? {} : { 'idempotency-key': key }
        const path = apiPath`/executions/${id}/rerun`
        const again = await client.send<Accepted>('POST', path, { headers })
        const { execution } = again
        if (wait === true) return await followRun(io, client, execution)
        await showOne(io, format, { value: again, name: execution, lines: () => [execution] })
        return exitCodes.ok
      }),
    )
}

function linesOf(io: Io, detail: ExecutionDetail): readonly string[] {
  const { id, node, nodeName, scheduledAt, attempts, together } = detail
  const where = node === null ? '' : ` on ${nodeText(node, nodeName)}`
  const { slots, succeeded, outcome } = together
  const all = `${outcome ?? 'open'}: ${succeeded} of ${slots} slots succeeded`
  return [
    `${id}  ${endText(detail)}${where}  scheduled ${instantText(scheduledAt, io.nowMs())}`,
    ...(slots > 1 ? [all] : []),
    ...tableLines(io, true, { rows: attempts, columns: executionColumns(io).slice(1) }),
  ]
}
