import type { Job } from '../../answers.ts'
import { reading } from '../../context.ts'
import type { Define } from '../../context.ts'
import { readJobs } from '../../jobs.ts'
import { showList } from '../../output.ts'
import type { Column } from '../../output.ts'
import { scheduleText } from '../../schedule-text.ts'
import { colourOf } from '../../style.ts'
import { instantText, nodeText } from '../../text.ts'

interface Flags {
  readonly prefix?: string
  readonly state?: string
}

export const define: Define = (command, io) => {
  command
    .option('--prefix <text>', 'only names that begin so')
    .option('--state <state>', 'only jobs in this state')
    .action(
      reading<Flags>(io, async ({ client, format, options: { prefix, state } }) => {
        const jobs = await readJobs(client, { prefix, state })
        await showList(io, format, {
          value: { items: jobs, cursor: null },
          rows: jobs,
          columns: jobColumns(io.nowMs()),
          name: ({ name }) => name,
          empty: 'no jobs yet; meshcron job create hello --every 10s -- echo hi',
        })
      }),
    )
}

/** Columns of a list of jobs. */
export function jobColumns(nowMs: number): readonly Column<Job>[] {
  return [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'SCHEDULE', cell: scheduleText },
    { title: 'STATE', cell: ({ state }) => state, colour: ({ state }) => colourOf(state) },
    { title: 'NEXT', cell: ({ next }) => instantText(next[0]?.scheduledAt, nowMs) },
    {
      title: 'NODE',
      cell: ({ next }) => nodeText(next[0]?.node ?? null, next[0]?.nodeName ?? null),
    },
    { title: 'LAST', cell: lastText, colour: ({ last }) => colourOf(last?.outcome ?? '') },
    { title: 'CONFLICTS', cell: ({ conflicts }) => conflicts.length.toString(), wide: true },
    { title: 'GENERATION', cell: ({ generation }) => generation.toString(), wide: true },
    { title: 'ETAG', cell: ({ etag }) => etag, wide: true },
  ]
}

function lastText({ last, streak }: Job): string {
  if (last === null) return '-'
  return streak !== null && streak.count > 1 ? `${last.outcome} ×${streak.count}` : last.outcome
}
