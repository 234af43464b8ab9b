import type { Plan, PlannedTick } from '../answers.ts'
import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import { showList } from '../output.ts'
import { instantText, nodeText, shortName } from '../text.ts'
import { readCount, readInstant } from '../values.ts'

interface Flags {
  readonly from?: string
  readonly to?: string
  readonly count: string
}

export const define: Define = (command, io) => {
  command
    .argument('[job]', 'only of this job')
    .option('--from <instant>', 'ticks after this one (now)')
    .option('--to <instant>', 'ticks until this one')
    .option('-n, --count <n>', 'how many', '20')
    .action(
      reading<Flags>(io, async ({ client, format, options }, job) => {
        const nowMs = io.nowMs()
        const { from, to } = options
        const plan = await client.get<Plan>('/plan', {
          job,
          from: from === undefined ? undefined : readInstant('--from', from, nowMs),
          to: to === undefined ? undefined : readInstant('--to', to, nowMs),
          limit: readCount('--count', options.count, 1, 1_000),
        })
        await showList<PlannedTick>(io, format, {
          value: plan,
          rows: plan.ticks,
          columns: [
            { title: 'WHEN', cell: ({ scheduledAt }) => instantText(scheduledAt, nowMs) },
            { title: 'JOB', cell: ({ job }) => job },
            { title: 'NODE', cell: whereText },
            { title: 'THEN', cell: othersText },
            { title: 'EXCLUDED', cell: excludedText, wide: true },
          ],
          name: ({ job, scheduledAt }) => `${job}@${Date.parse(scheduledAt)}`,
          empty: 'no ticks ahead; meshcron job create NAME --every 10s -- COMMAND makes some',
        })
      }),
    )
}

/** Where it runs, or the calendar that denies it. */
function whereText({ node, nodeName, deniedBy }: PlannedTick): string {
  return deniedBy === null ? nodeText(node, nodeName) : `blackout: ${deniedBy}`
}

/** Who takes over, in this order. */
function othersText({ node, rank, deniedBy }: PlannedTick): string {
  if (deniedBy !== null) return '-'
  const others = rank.filter(({ id }) => id !== node).map(shortName)
  return others.length === 0 ? '-' : others.join(', ')
}

function excludedText({ excluded }: PlannedTick): string {
  return excluded.map((one) => `${shortName(one)} (${one.reason})`).join(', ')
}
