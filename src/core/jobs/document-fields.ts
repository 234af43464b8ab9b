// The table of a job document: every key, its place in the field groups, its form and its default.

import { limits } from '../limits.ts'
import { jobName, type JobName, type MemberId } from '../ids.ts'
import { checkWhere } from '../placement/where.ts'
import { ok } from '../result.ts'
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '../scheduler/instant.ts'
import type { Seat } from '../register/register.ts'
import type {
  Action,
  Affinity,
  Delivery,
  Enabled,
  Groups,
  Life,
  Meta,
  Misfire,
  Placement,
  Promised,
  Timing,
} from './definition.ts'
import { edges, join } from './document-after.ts'
import { bounds } from './document-bounds.ts'
import { run } from './document-run.ts'
import { calendar, calendarRefs } from './document-calendar.ts'
import { limit } from './document-limit.ts'
import { notify } from './document-notify.ts'
import { params } from './document-params.ts'
import { retry, retryDefault } from './document-retry.ts'
import { list, map, set } from './shape-collection.ts'
import { type Advice, field, type Fields, record } from './shape-record.ts'
import { size } from './shape-size.ts'
import { duration, instant } from './shape-time.ts'
import { bad, choice, flag, integer, nullable, plain, refine, type Shape, text } from './shape.ts'

/** What is said about keys of later versions. */
const later = 'not available in this version'

const namePattern = '^[a-z0-9_\\-]+(\\.[a-z0-9_\\-]+)*$'
const anyName = text({
  name: 'a job name',
  hint: 'use a-z, 0-9, _ and -, with dots for namespaces: ops.rotate-logs',
  min: 1,
  max: 128,
  pattern: namePattern,
})

const readName: Shape<JobName>['parse'] = (value, path) => {
  const read = anyName.parse(value, path)
  if (read.ok) return ok(jobName(read.value))
  const lower = typeof value === 'string' ? value.toLowerCase() : value
  return lower !== value && anyName.parse(lower, path).ok
    ? bad(path, `${JSON.stringify(value)} has capitals`, `names are lower case: ${String(lower)}`)
    : read
}

/** A job's full name. */
export const name: Shape<JobName> = plain(readName, anyName.schema)

const scheduleEntry = text({
  name: 'a schedule',
  hint: 'write a cron pattern, @every 90s, @daily, @at …, @after … or @manually',
  min: 1,
  max: 256,
  pattern: '^[^\\u0000]*\\S[^\\u0000]*$',
})

/** When the job has ticks. */
export const timing: Fields<Timing> = {
  schedule: field(
    'schedule',
    list(scheduleEntry, {
      min: 1,
      max: 64,
      hint: 'write a pattern or a list of them',
      single: true,
    }),
    'cron pattern, @every 90s, @at …, @daily, @manually, or a list of them',
  ),
  timezone: field(
    'timezone',
    text({ name: 'a timezone', hint: 'use an IANA name: Europe/Berlin', min: 1, max: 64 }),
    'IANA name; absent: the default of the cluster',
  ),
  dst: field('dst', choice(['cron', 'skip', 'strict']), 'rule for clock changes', 'cron'),
  startAtMs: field('startAt', nullable(instant), 'no ticks before', null),
  endAtMs: field('endAt', nullable(instant), 'no ticks from then on', null),
  jitterMs: field('jitter', duration(0), 'spread of the start', 0),
  jitterPer: field(
    'jitterPer',
    choice(['job', 'member']),
    'member: on every node another start',
    'job',
  ),
  limit: field('limit', nullable(limit), 'after so many runs or successes: pause or delete', null),
  calendars: field('calendars', calendarRefs, 'calendars that deny starts', []),
  ignoreFreeze: field('ignoreFreeze', flag, 'the calendar freeze does not apply', false),
  after: field('after', edges(name), 'jobs whose ends start this one, instead of a schedule', []),
  join: field('join', join, 'how many of them: all, any, or a number', 'all'),
  delayMs: field('delay', duration(0), 'from their end to its start', 0),
  anchorMs: field(null, integer(INSTANT_MIN_MS, INSTANT_MAX_MS), 'phase of @every'),
}

const env = map(text({ name: 'a value', hint: 'write it as a text', max: limits.intentBytesMax }), {
  name: 'the name of a variable',
  keyPattern: '^(?!MESHCRON_)[A-Za-z_][A-Za-z0-9_]{0,255}$',
  keyHint: 'use letters, digits and _, not MESHCRON_…, which the node sets',
  max: 1_024,
})

const successCodes = set(
  integer(0, 255),
  { min: 1, max: 64, hint: 'write successCodes: [0, 2]', single: true },
  (a, b) => a - b,
)

/** What the job does. */
export const action: Fields<Action> = {
  run: field('run', run, 'what to run: exec, shell, http, mqtt or plugin'),
  params: field('params', params, 'what may be said to it when it is run', {}),
  env: field('env', env, 'environment of the command', {}),
  timeoutMs: field('timeout', nullable(duration(1)), 'longest time of one attempt', null),
  totalTimeoutMs: field(
    'totalTimeout',
    nullable(duration(1)),
    'longest time from the first start, over all attempts and waits',
    null,
  ),
  killAfterMs: field('killAfter', duration(0), 'from TERM to KILL', 10_000),
  successCodes: field('successCodes', successCodes, 'exit statuses that count as success', [0]),
  outputMaxBytes: field(
    'output.max',
    nullable(size(1)),
    'longest output of one attempt; absent: no limit',
    null,
  ),
  onOutputMax: field(
    'output.over',
    choice(['kill', 'warn']),
    'what happens to an attempt that prints more',
    'kill',
  ),
  memoryMaxBytes: field(
    'memory',
    nullable(size(2 ** 20)),
    'most memory of an attempt with all its processes; absent: no limit',
    null,
  ),
}

const word = (max: number): Shape<string> =>
  text({
    name: 'a value',
    hint: 'use one line of text',
    max,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
  })
const words = (count: number): Shape<Readonly<Record<string, string>>> =>
  map(word(256), {
    name: 'a label',
    keyPattern: '^[A-Za-z0-9][A-Za-z0-9_./\\-]{0,63}$',
    keyHint: 'use letters, digits, and inside _ . / -',
    max: count,
  })

const where = refine(
  text({
    name: 'a condition',
    hint: 'write it like: arch == "arm64" && disk.free > 200MB',
    min: 1,
    max: limits.conditionCharsMax,
  }),
  (value, path) => {
    const read = checkWhere(value)
    return read.ok ? undefined : bad(path, read.refusal.message, read.refusal.hint)
  },
)

const affinity = text({
  name: 'an affinity',
  hint: 'write tick, job, or key: and the name of a label: key:team',
  max: 68,
  pattern: '^(tick|job|key:[A-Za-z0-9][A-Za-z0-9_./\\-]{0,63})$',
}) as Shape<Affinity>

/** Where the job may run. */
export const placement: Fields<Placement> = {
  tags: field('placement.tags', words(limits.tagsMax), 'certified tags, all must match', {}),
  every: field('placement.every', flag, 'on every matching node instead of one', false),
  count: field('placement.count', integer(1, limits.slotsMax), 'slots on distinct nodes', 1),
  countStrict: field(
    'placement.countStrict',
    flag,
    'a slot without a node makes the outcome partial',
    false,
  ),
  shards: field(
    'placement.shards',
    nullable(integer(1, limits.slotsMax)),
    'slots that may share a node; absent: none',
    null,
  ),
  lateJoiners: field(
    'placement.lateJoiners',
    flag,
    'with every: nodes that come before the cutoff run the latest tick',
    true,
  ),
  staggerMs: field('placement.stagger', duration(0), 'time between the starts of the slots', 0),
  where: field('placement.where', nullable(where), 'condition on facts of the node', null),
  affinity: field(
    'placement.affinity',
    affinity,
    'tick: each on another node; job: stays on one; key:LABEL: where jobs with the same label are',
    'tick',
  ),
}

const misfire = record<Misfire>({
  policy: field('policy', choice(['skip', 'latest', 'all']), 'which late ticks run', 'latest'),
  deadlineMs: field(
    'deadline',
    nullable(duration(1)),
    'latest start; absent: half of the interval, 5 s to 1 h',
    null,
  ),
  max: field('max', integer(1, limits.catchUpRunsMax), 'ticks that "all" runs, newest ones', 10),
})

const minority = choice<Promised['minority']>(['run', 'hold'])

/** How hard the fleet tries. */
export const delivery: Fields<Delivery> = {
  promised: field('delivery', promised(), 'the promise', {
    mode: 'at-least-once',
    roster: [],
    minority: 'run',
  }),
  overlap: field(
    'overlap',
    choice(['skip', 'allow', 'queue-one', 'queue-all', 'cancel-other', 'kill-other']),
    'what a tick does while another execution is open',
    'skip',
  ),
  orphanGraceMs: field(
    'orphanGrace',
    nullable(duration(0)),
    'how long what ran on a dead node counts as open; absent: 2 × timeout, else 5 min',
    null,
  ),
  ...bounds,
  misfire: field('misfire', misfire, 'what happens to late ticks', {
    policy: 'latest',
    deadlineMs: null,
    max: 10,
  }),
  retry: field('retry', retry, 'what happens after a failure', retryDefault),
  graceMs: field(
    'grace',
    nullable(duration(1_000)),
    'wait per better node; absent: the profile',
    null,
  ),
}

/** Whether the job runs. */
export const enabled: Fields<Enabled> = {
  enabled: field('enabled', flag, 'false: paused', true),
  note: field('note', word(1_024), 'why it is paused', ''),
  untilMs: field('until', nullable(instant), 'end of the pause', null),
}

/** For people, and how much history is kept. */
export const meta: Fields<Meta> = {
  displayName: field('displayName', word(128), 'name for people', ''),
  ownerName: field('owner.name', word(128), 'who answers for the job', ''),
  ownerEmail: field('owner.email', word(254), 'where that one is reached', ''),
  description: field(
    'description',
    text({ name: 'a description', hint: 'write it as a text', max: 4_096 }),
    'for people',
    '',
  ),
  labels: field('labels', words(64), 'for filters', {}),
  retentionRuns: field(
    'retention.runs',
    nullable(integer(1, 100_000)),
    'executions kept; absent: the default of the node',
    null,
  ),
  retentionMs: field('retention.age', nullable(duration(1_000)), 'how long they are kept', null),
}

const memberText = text({
  name: 'a member id',
  hint: 'send the id of a member',
  max: 64,
  pattern: '^[1-9A-HJ-NP-Za-km-z]{40,64}$',
}) as Shape<MemberId>
const epochText = text({
  name: 'a store epoch',
  hint: 'send 16 hex digits',
  max: 16,
  pattern: '^[0-9a-f]{16}$',
})

const life: Fields<Life> = {
  state: field(null, choice(['live', 'deleted']), 'whether the job exists', 'deleted'),
  seats: field(
    null,
    list(
      record<Seat>({
        member: field(null, memberText, 'who votes'),
        storeEpoch: field(null, epochText, 'with which store'),
      }),
      { min: 0, max: limits.rosterMax, hint: 'use fewer' },
    ),
    'who votes on each start',
    [],
  ),
  fromMs: field(null, integer(0, INSTANT_MAX_MS), 'no ticks before', 0),
}

/** The fields of every group. */
export const groupFields: { readonly [G in keyof Groups]: Fields<Groups[G]> } = {
  life,
  enabled,
  timing,
  action,
  placement,
  delivery,
  notify,
  meta,
  calendar,
}

/** Keys that are in no group: the name, and words with one meaning only in this version. */
export const fixedFields: Fields<{
  name: JobName
  roster: readonly string[] | null
  minority: Promised['minority'] | null
}> = {
  name: field('name', name, 'full name, dots for namespaces'),
  roster: field('roster', nullable(roster(1)), 'short for delivery.roster', null),
  minority: field('minority', nullable(minority), 'short for delivery.minority', null),
}

/** What is said about keys that are not there. */
export const advice: Advice = {
  ...Object.fromEntries(
    ['profile', 'secrets']
      .concat(['confirm'])
      .concat(['placement.weight', 'rollout'])
      .map((key) => [key, later]),
  ),
  lateJoiners: 'write placement: { every: true, lateJoiners: false }',
  stagger: 'write placement: { stagger: 10s }',
  exec: 'write run: { exec: [program, argument, …] }',
  shell: 'write run: { shell: "…" }',
  http: 'write run: { http: { url: … } }',
  mqtt: 'write run: { mqtt: { url: …, topic: … } }',
  plugin: 'write run: { plugin: { name: … } }',
  exitCodes: 'did you mean "successCodes"?',
  memoryLimit: 'write memory: 256MiB',
  outputLimit: 'write output: { max: 16MiB }',
  command: 'write run: { exec: [program, argument, …] } or run: { shell: "…" }',
  cron: 'write schedule: "* * * * *"',
  every: 'write schedule: "@every 90s", or placement: { every: true } for every node',
  tags: 'write placement: { tags: { key: value } }',
  tz: 'did you mean "timezone"?',
  paused: 'write enabled: false',
  disabled: 'write enabled: false',
}

/** Members as a user names them. */
function roster(min: number): Shape<readonly string[]> {
  const hint = 'write names or ids of members, or key=value for those with a tag'
  const entry = text({
    name: 'a member',
    hint,
    min: 1,
    max: 128,
    pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  })
  return list(entry, { min, max: 64, hint, single: true })
}

/** A mode alone, or a map with what belongs to it. */
function promised(): Shape<Promised> {
  const modes = ['at-least-once', 'at-most-once'] as const
  // every-node is read as placement.every before this
  const mode = {
    ...choice<Promised['mode']>(modes, ['fast']),
    schema: { enum: [...modes, 'every-node'] },
  }
  const whole = record<Promised>(
    {
      mode: field('mode', mode, 'the promise', 'at-least-once'),
      roster: field('roster', roster(0), 'who votes', []),
      minority: field('minority', minority, 'whether a smaller side of a partition starts', 'run'),
    },
    { confirm: later },
  )
  const checked = refine(whole, ({ mode, roster }, path) => {
    const isAtMostOnce = mode === 'at-most-once'
    if (isAtMostOnce && roster.length === 0) {
      return bad(
        `${path}.roster`,
        'is missing: its members vote on each start',
        'name 3 members: roster: [a, b, c]',
      )
    }
    if (isAtMostOnce || roster.length === 0) return undefined
    return bad(`${path}.roster`, `means nothing with ${mode}`, 'write delivery: at-most-once')
  })
  return {
    parse: (value, path) =>
      checked.parse(typeof value === 'string' ? { mode: value } : value, path),
    check: checked.check,
    print: (value) =>
      value.roster.length === 0 && value.minority === 'run' ? value.mode : checked.print(value),
    schema: { anyOf: [mode.schema, whole.schema] },
  }
}
