import type { ExecutionItem, ExecutionPage } from '../answers.ts'
import type { Client } from '../client.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { endText } from '../executions.ts'
import { pause } from '../io.ts'
import type { Io } from '../io.ts'
import { copyOutput } from '../output-tail.ts'
import { painter } from '../style.ts'
import { instantText, nodeText } from '../text.ts'

const pollMs = 300
/** Executions looked at in one poll: more new ones than this between two are not shown. */
const pollRows = 50

export const define: Define = (command, io) => {
  command
    .argument('<job>', 'name of the job')
    .option('-f, --follow', 'go on with the executions that come')
    .action(
      action<{ readonly follow?: boolean }>(io, async ({ client, options }, job) => {
        const newest = (await startedOf(client, job)).at(-1)
        if (newest !== undefined) await show(io, client, newest, options.follow === true)
        else if (options.follow !== true) io.stderr.write(`${job} has not run yet\n`)
        if (options.follow === true) await follow(io, client, job, newest)
      }),
    )
}

async function follow(
  io: Io,
  client: Client,
  job: string,
  newest: ExecutionItem | undefined,
): Promise<void> {
  const seen = new Set(newest === undefined ? [] : [keyOf(newest)])
  const sinceMs = newest === undefined ? io.nowMs() - pollMs : Date.parse(newest.scheduledAt)
  while (!io.signal.aborted) {
    const started = await startedOf(client, job, sinceMs)
    for (const one of started.filter((item) => !seen.has(keyOf(item)))) {
      seen.add(keyOf(one))
      await show(io, client, one, true)
    }
    await pause(io, pollMs)
  }
}

/** Executions of the job that run or ran, oldest first. */
async function startedOf(
  client: Client,
  job: string,
  since?: number,
): Promise<readonly ExecutionItem[]> {
  const query = { job, since, limit: pollRows }
  const { items } = await client.get<ExecutionPage>('/executions', query)
  return items.filter(({ startedAt }) => startedAt !== null).reverse()
}

async function show(io: Io, client: Client, one: ExecutionItem, follow: boolean): Promise<void> {
  const paint = painter(io)
  const { id, slot, attempt, scheduledAt, node, nodeName } = one
  const when = instantText(scheduledAt, io.nowMs())
  const nth = attempt > 1 ? `, attempt ${attempt}` : ''
  io.stdout.write(`${paint(`── ${when} on ${nodeText(node, nodeName)}${nth}`, 'dim')}\n`)
  await copyOutput(io, client, id, { slot, attempt, follow })
  if (one.outcome !== null && one.outcome !== 'success') {
    io.stdout.write(`${paint(`── ${endText(one)}`, 'red')}\n`)
  }
}

function keyOf({ id, slot, attempt }: ExecutionItem): string {
  return `${id}.${slot}.${attempt}`
}
