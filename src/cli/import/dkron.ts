// Jobs of Dkron as `GET /v1/jobs` prints them, by the table of docs/reference/from-dkron.md.

import { formatDuration } from '../../core/jobs/shape-time.ts'
import { httpOf, shellOf } from './dkron-executors.ts'
import type { Executed } from './dkron-executors.ts'
import { fieldsOf } from './fields.ts'
import type { Fields } from './fields.ts'
import { judge, leftOut, nameFrom } from './translation.ts'
import type { Found, Translation } from './translation.ts'

/** Translates the jobs of one export. */
export function importDkron(jobs: readonly unknown[], nowMs: number): Translation {
  const maps = jobs.map(fieldsOf)
  const renamed = new Map(maps.map((job) => [textOf(job, 'name'), nameFrom(textOf(job, 'name'))]))
  return judge(
    maps.map((job, i) => jobOf(job, `job ${i + 1}`, renamed)),
    nowMs,
    [
      'late ticks: Dkron loses them, here the newest one runs (misfire: latest)',
      'a retry waits with backoff and goes to another node; a retried success is a success',
    ],
  )
}

function jobOf(job: Fields, source: string, renamed: ReadonlyMap<string, string>): Found {
  const name = textOf(job, 'name')
  if (name === '') return leftOut(source, 'a job', 'it has no name')
  const when = scheduleOf(job, name, renamed)
  if ('why' in when) return leftOut(source, name, when.why)
  const where = placementOf(mapOf(job, 'tags'))
  if (where === undefined) return leftOut(source, name, 'its tags ask for no node at all')
  const what = executedOf(textOf(job, 'executor'), mapOf(job, 'executor_config'))
  if ('why' in what) return leftOut(source, name, what.why)
  const [labels, strange] = labelsOf(mapOf(job, 'metadata'))
  const owner = present({ name: textOf(job, 'owner'), email: textOf(job, 'owner_email') })
  const retries = Number(job['retries'] ?? 0)
  const processors = Object.keys(mapOf(job, 'processors'))
  const isEvery = 'every' in where
  return {
    kind: 'job',
    source,
    document: {
      name: renamed.get(name) ?? name,
      ...present({ displayName: textOf(job, 'displayname') }),
      ...when.fields,
      ...what.fields,
      ...(Object.keys(where).length === 0 ? {} : { placement: where }),
      overlap: textOf(job, 'concurrency') === 'forbid' ? 'skip' : 'allow',
      ...(retries > 0
        ? { retry: { max: retries, base: '500ms', cap: '30s', where: isEvery ? 'same' : 'other' } }
        : {}),
      ...(job['ephemeral'] === true ? { limit: { successes: 1, then: 'delete' } } : {}),
      ...(Object.keys(owner).length === 0 ? {} : { owner }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(job['disabled'] === true ? { enabled: false } : {}),
    },
    differences: [
      ...(renamed.get(name) === name ? [] : [`its name was ${JSON.stringify(name)}`]),
      ...when.differences,
      ...what.differences,
      ...(isEvery ? ['it has no count, so it runs on every matching node, as in Dkron'] : []),
      ...(processors.length === 0
        ? []
        : [`output stays on the node that ran it: ${processors.join(', ')} is left out`]),
      ...(strange.length === 0 ? [] : [`no label can be called ${strange.join(', ')}`]),
    ],
  }
}

interface When {
  readonly fields: Fields
  readonly differences: readonly string[]
}

function scheduleOf(
  job: Fields,
  name: string,
  renamed: ReadonlyMap<string, string>,
): When | { readonly why: string } {
  const range = present({
    startAt: instantOf(job, 'starts_at'),
    endAt: instantOf(job, 'expires_at'),
  })
  const parent = textOf(job, 'parent_job')
  if (parent !== '') {
    const after = [{ job: renamed.get(parent) ?? nameFrom(parent), on: 'success' }]
    const isInFile = renamed.has(parent)
    const differences = isInFile ? [] : [`its parent ${parent} is not in this file`]
    return { fields: { after, ...range }, differences }
  }
  const [, zone = '', written = ''] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/.exec(
    textOf(job, 'schedule').trim(),
  )!
  const timezone = zone === '' ? textOf(job, 'timezone') : zone
  const differences = timezone === '' ? ['it has no timezone: that of the cluster counts'] : []
  const fields = { ...present({ timezone }), ...range }
  if (written.startsWith('@')) {
    const everyMs = goMs(/^@every\s+(.+)$/.exec(written)?.[1])
    const schedule = everyMs === undefined ? written : `@every ${formatDuration(everyMs)}`
    return { fields: { schedule, ...fields }, differences }
  }
  const parts = written.split(/\s+/)
  if (parts.length !== 6) return { why: `Dkron has 6 fields, ${JSON.stringify(written)} has not` }
  const schedule = hashedFields(parts, name).join(' ')
  return { fields: { schedule, ...fields }, differences }
}

/** Dkron's `~`: the sum of the name's code points within the field. */
function hashedFields(parts: readonly string[], name: string): readonly string[] {
  const sum = Array.from(name).reduce((all, letter) => all + letter.codePointAt(0)!, 0)
  const values = [sum % 60, sum % 60, sum % 24, (sum % 28) + 1, (sum % 12) + 1, sum % 7]
  return parts.map((part, i) => part.replaceAll('~', String(values[i])))
}

const reserved = [
  ['server', 'true'],
  ['role', 'dkron'],
  ['region', 'global'],
] as const

/** Tags as a selector; undefined when a count is none, of which Dkron runs nothing. */
function placementOf(given: Fields): Readonly<Record<string, unknown>> | undefined {
  const tags: Record<string, string> = {}
  let count = Infinity
  for (const [key, value] of Object.entries(given)) {
    const parts = String(value).split(':')
    if (parts.length === 2) {
      const n = /^\d+$/.test(parts[1]!) ? Number(parts[1]) : 0
      if (n < 1) return undefined
      count = Math.min(count, n)
    }
    const isReserved = reserved.some(([name, is]) => name === key && is === parts[0])
    if (!isReserved) tags[key] = parts[0]!
  }
  const selector = Object.keys(tags).length === 0 ? {} : { tags }
  if (count === Infinity) return { ...selector, every: true }
  return count === 1 ? selector : { ...selector, count }
}

function executedOf(executor: string, config: Fields): Executed | { readonly why: string } {
  const read = (key: string): string => textOf(config, key)
  if (executor === 'shell') return shellOf(read)
  if (executor === 'http') return httpOf(read)
  if (executor === '') return { why: 'it has no executor' }
  return {
    fields: { run: { plugin: { name: executor, config } } },
    differences: [`nodes need a program meshcron-plugin-${executor} to run it`],
  }
}

/** Which of the metadata can be labels, and the names of those that cannot. */
function labelsOf(
  metadata: Fields,
): readonly [Readonly<Record<string, string>>, readonly string[]] {
  const isLabel = (key: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_./-]{0,63}$/.test(key)
  const entries = Object.entries(metadata).map(([key, value]) => [key, String(value)] as const)
  const labels = Object.fromEntries(entries.filter(([key]) => isLabel(key)))
  return [labels, entries.map(([key]) => key).filter((key) => !isLabel(key))]
}

function textOf(fields: Fields, key: string): string {
  const value = fields[key]
  return typeof value === 'string' ? value : ''
}

function mapOf(fields: Fields, key: string): Fields {
  return fieldsOf(fields[key])
}

/** Dkron also takes `2006-01-02T15:04`, in UTC. */
function instantOf(fields: Fields, key: string): string {
  const text = textOf(fields, key)
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00Z` : text
}

function present(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
}

const goUnits: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1, ms: 0.001, us: 1e-6 }

/** `@every` of Dkron: whole seconds, at least one. */
function goMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const parts = [...text.matchAll(/([\d.]+)(h|ms|us|m|s)/g)]
  if (parts.map(([all]) => all).join('') !== text.trim().replace(/^-/, '')) return undefined
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * goUnits[unit!]!, 0)
  return Math.max(1, Math.floor(text.startsWith('-') ? 0 : seconds)) * 1_000
}
