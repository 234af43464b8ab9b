import { Option } from 'commander'
import type { Timing } from '../../core/jobs/definition.ts'
import { defaultGroups } from '../../core/jobs/document.ts'
import { checkTiming, nextTick } from '../../core/scheduler/tick.ts'
import { describeSchedule } from '../../core/scheduler/describe.ts'
import { valueOf } from '../cli-error.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { showData, showList, writeLines } from '../output.ts'
import { readCount, readInstant } from '../values.ts'

interface Flags {
  readonly timezone: string
  readonly from: string
  readonly count: string
  readonly dst: Timing['dst']
  readonly job: string
}

export const define: Define = (command, io) => {
  command
    .argument('<expression>', 'cron pattern, @every 90s, @daily, @at …')
    .option('--timezone <zone>', 'IANA name', 'UTC')
    .option('--from <instant>', 'instants after this one', 'now')
    .option('-n, --count <n>', 'how many', '5')
    .addOption(
      new Option('--dst <rule>', 'what clock changes do')
        .choices(['cron', 'skip', 'strict'])
        .default('cron'),
    )
    .option('--job <name>', 'name of the job, which H depends on', 'job')
    .action(
      action<Flags>(io, async ({ format, options }, expression) => {
        const { timezone, job, dst } = options
        const fromMs = readInstant('--from', options.from, io.nowMs())
        const timing: Timing = {
          ...defaultGroups.timing,
          schedule: [expression],
          timezone,
          dst,
          anchorMs: fromMs,
        }
        const { schedules } = valueOf(checkTiming(job, timing, fromMs))
        const instants = instantsOf(job, timing, readCount('--count', options.count, 1, 1_000))
        const value = instants.map((ms) => new Date(ms).toISOString())
        if (await showData(io, format, value)) return
        if (format === 'name') return writeLines(io, value)
        writeLines(io, schedules.map(describeSchedule))
        const local = new Intl.DateTimeFormat('sv-SE', {
          timeZone: timezone,
          dateStyle: 'short',
          timeStyle: 'medium',
        })
        await showList(io, format, {
          value,
          rows: value,
          columns: [
            { title: timezone, cell: (instant) => local.format(new Date(instant)) },
            { title: 'UTC', cell: (instant) => instant },
          ],
          name: (instant) => instant,
          empty: 'no further instants',
        })
      }),
    )
}

function instantsOf(job: string, timing: Timing, count: number): readonly number[] {
  const instants: number[] = []
  let next = nextTick(job, timing, timing.anchorMs)
  while (next !== undefined && instants.length < count) {
    instants.push(next)
    next = nextTick(job, timing, next)
  }
  return instants
}
