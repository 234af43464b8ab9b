import { Option } from 'commander'
import type { JobWrite, Plan, Status } from '../../answers.ts'
import { usage } from '../../cli-error.ts'
import type { Client } from '../../client.ts'
import { action, collect } from '../../context.ts'
import type { Define } from '../../context.ts'
import { pause } from '../../io.ts'
import type { Io } from '../../io.ts'
import { showOne } from '../../output.ts'
import { scheduleText } from '../../schedule-text.ts'
import { painter } from '../../style.ts'
import { durationText, instantText, nodeText, ordinal } from '../../text.ts'
import { present, readCount, readPairs } from '../../values.ts'

const overlaps = ['skip', 'allow', 'queue-one', 'queue-all', 'cancel-other', 'kill-other']

interface Flags {
  readonly every?: readonly string[]
  readonly schedule?: readonly string[]
  readonly at?: readonly string[]
  readonly after?: readonly string[]
  readonly join?: string
  readonly delay?: string
  readonly timezone?: string
  readonly tag?: readonly string[]
  readonly everyNode?: boolean
  readonly shell?: string
  readonly timeout?: string
  readonly retry?: string
  readonly overlap?: string
  readonly misfire?: string
  readonly env?: readonly string[]
  readonly description?: string
  readonly dryRun?: boolean
}

/** Longer than this nobody wants to wait for the sentence about who has seen it. */
const seenWithinMs = 2_000

export const define: Define = (command, io) => {
  command
    .argument('<name>', 'name of the job: a-z, 0-9, _ and -, dots for namespaces')
    .usage('[options] <name> -- command…')
    .option('--every <duration>', 'every 10s, 5m, 1h; repeatable', collect)
    .option('--schedule <expression>', 'cron pattern, @daily, @manually …; repeatable', collect)
    .option('--at <instant>', 'once: 2027-03-01T09:00:00Z; repeatable', collect)
    .option('--after <job[:outcome]>', 'after success, failure … of a job; repeatable', collect)
    .option('--join <all|any|n>', 'how many of these jobs')
    .option('--delay <duration>', 'from their end to its start')
    .option('--timezone <zone>', 'IANA name')
    .option('--tag <key=value>', 'only on nodes with this tag; repeatable', collect)
    .option('--every-node', 'on every matching node, instead of one')
    .option('--shell <script>', 'run a shell script instead of a command')
    .option('--timeout <duration>', 'longest time of one attempt')
    .option('--retry <n>', 'number of re-tries')
    .addOption(new Option('--overlap <rule>', 'while it still runs').choices(overlaps))
    .addOption(new Option('--misfire <rule>', 'late ticks').choices(['skip', 'latest', 'all']))
    .option('--env <key=value>', 'environment; repeatable', collect)
    .option('--description <text>', 'for people')
    .option('--dry-run', 'only check it, and show what would be')
    .action(
      action<Flags>(io, async ({ client, format, options }, name) => {
        const body = documentOf(name, options, io.rest)
        const beganMs = performance.now()
        const query = { dryRun: options.dryRun === true ? 1 : undefined }
        const job = await client.send<JobWrite>('POST', '/jobs', { body, query })
        for (const warning of job.warnings) io.stderr.write(`warning: ${warning}\n`)
        const isForPeople = format === 'table' || format === 'wide'
        const line = isForPeople ? await lineOf(io, client, job, beganMs) : ''
        await showOne(io, format, { value: job, name: job.name, lines: () => [line] })
      }),
    )
}

/** The document that the options describe; what is wrong with its values the daemon says. */
function documentOf(name: string, flags: Flags, argv: readonly string[]): object {
  const schedule = [
    ...(flags.every ?? []).map((interval) => `@every ${interval}`),
    ...(flags.schedule ?? []),
    ...(flags.at ?? []).map((instant) => `@at ${instant}`),
  ]
  const after = (flags.after ?? []).map(edgeOf)
  if (schedule.length + after.length === 0) {
    const hint = "add --every 10s, --schedule '0 3 * * *', --at … or --after JOB"
    throw usage('the job has no schedule', hint)
  }
  if ((flags.shell === undefined) === (argv.length === 0)) {
    const message = `the job has ${argv.length === 0 ? 'nothing to run' : 'two things to run'}`
    throw usage(message, "end with -- command arguments, or use --shell 'script'")
  }
  const tags = readPairs('--tag', flags.tag)
  const every = flags.everyNode
  return present({
    name,
    description: flags.description,
    schedule: schedule.length > 1 ? schedule : schedule[0],
    after: after.length > 0 ? after : undefined,
    join: /^\d+$/.test(flags.join ?? '') ? Number(flags.join) : flags.join,
    delay: flags.delay,
    timezone: flags.timezone,
    run: flags.shell === undefined ? { exec: argv } : { shell: flags.shell },
    env: readPairs('--env', flags.env),
    placement: tags === undefined && every === undefined ? undefined : present({ tags, every }),
    timeout: flags.timeout,
    retry:
      flags.retry === undefined ? undefined : { max: readCount('--retry', flags.retry, 0, 1_000) },
    overlap: flags.overlap,
    misfire: flags.misfire === undefined ? undefined : { policy: flags.misfire },
  })
}

/** `backup` or `backup:failure`. */
function edgeOf(text: string): object {
  const [job, ...on] = text.split(':')
  return present({ job, on: on.length > 0 ? on.join(':') : undefined })
}

async function lineOf(io: Io, client: Client, job: JobWrite, beganMs: number): Promise<string> {
  const what = scheduleText(job)
  if (job.dryRun) {
    const next = job.next.map(({ scheduledAt }) => instantText(scheduledAt, io.nowMs())).join(', ')
    return `${job.name}  ${what}   would be ${job.change}   next ${next === '' ? 'never' : next}`
  }
  const seen = await seenText(io, client, beganMs)
  const tick = await nextText(io, client, job.name)
  return `${painter(io)('✓', 'green')} ${job.name}  ${what}   ${tick}   ${seen}`
}

async function nextText(io: Io, client: Client, job: string): Promise<string> {
  const { ticks } = await client.get<Plan>('/plan', { job, limit: 1 })
  const [tick] = ticks
  if (tick === undefined) return 'no tick ahead'
  const when = `next ${instantText(tick.scheduledAt, io.nowMs())}`
  if (tick.node === null) return `${when}, but no node may run it: meshcron explain ${job}`
  const place = ordinal(tick.rank.findIndex(({ id }) => id === tick.node) + 1)
  return `${when} on ${nodeText(tick.node, tick.nodeName)} (${place} of ${tick.rank.length})`
}

/** Waits until every alive member holds the same jobs as the node that was asked. */
async function seenText(io: Io, client: Client, beganMs: number): Promise<string> {
  let waitMs = 5
  for (;;) {
    const { members, jobs } = await client.get<Status>('/status')
    const tookMs = performance.now() - beganMs
    const lagging = new Set(jobs.laggingMembers)
    const alive = members.filter(({ state }) => state === 'alive')
    const behind = alive.filter(({ id }) => lagging.has(id)).length
    if (behind === 0 || tookMs > seenWithinMs || io.signal.aborted) {
      const nodes = `${alive.length - behind} of ${alive.length} node${alive.length === 1 ? '' : 's'}`
      return `seen by ${nodes} in ${durationText(tookMs)}`
    }
    await pause(io, waitMs)
    waitMs = Math.min(100, waitMs * 2)
  }
}
