/**
 * CronJobs of Kubernetes. Here a job runs a program on a node, so a container is started with the
 * engine of the node (`docker run`, `podman run`), or its command as it is (`none`).
 */
import { formatDuration } from '../../core/jobs/shape-time.ts'
import { containerOf } from './k8s-container.ts'
import type { Engine } from './k8s-container.ts'
import { fieldsOf, listOf, textOf } from './fields.ts'
import type { Fields } from './fields.ts'
import { judge, leftOut, nameFrom } from './translation.ts'
import type { Found, Translation } from './translation.ts'

export interface CronJobFacts {
  readonly engine: Engine
  readonly nowMs: number
}

/** Translates every CronJob among the manifests, lists of them included. */
export function importCronJobs(manifests: readonly unknown[], facts: CronJobFacts): Translation {
  const all = manifests.flatMap((one) => {
    const fields = fieldsOf(one)
    return fields['kind'] === 'List' || fields['kind'] === 'CronJobList'
      ? listOf(fields['items']).map(fieldsOf)
      : [fields]
  })
  const cronJobs = all.filter(({ kind }) => kind === 'CronJob')
  const found = cronJobs.map((one, i) => jobOf(one, i, facts))
  return judge(found, facts.nowMs, [
    ...(facts.engine === 'none'
      ? ['commands run on the nodes themselves: the programs must be there']
      : [`nodes need ${facts.engine}; bind the jobs to those that have it with --tag key=value`]),
    'output is kept on the node that ran it: meshcron logs JOB',
  ])
}

function jobOf(cronJob: Fields, index: number, { engine }: CronJobFacts): Found {
  const meta = fieldsOf(cronJob['metadata'])
  const spec = fieldsOf(cronJob['spec'])
  const [given, space] = [textOf(meta['name']), textOf(meta['namespace'])]
  const source =
    given === '' ? `CronJob ${index + 1}` : `${space === '' ? '' : `${space}/`}${given}`
  const job = fieldsOf(fieldsOf(spec['jobTemplate'])['spec'])
  const template = fieldsOf(job['template'])
  const pod = fieldsOf(template['spec'])
  const shards = shardsOf(job)
  if (shards === undefined) return leftOut(source, given, 'its completions are not one per index')
  const what = containerOf(pod, engine, shards > 1)
  if ('why' in what) return leftOut(source, given, what.why)
  const schedule = textOf(spec['schedule'])
  const [, prefixed = '', pattern = schedule] = /^(?:CRON_TZ|TZ)=(\S+)\s+(.*)$/.exec(schedule) ?? []
  const timezone = textOf(spec['timeZone']) || prefixed
  const where = placementOf(fieldsOf(pod['nodeSelector']), shards)
  const name = nameFrom(space === '' || space === 'default' ? given : `${space}.${given}`)
  return {
    kind: 'job',
    source,
    document: {
      name,
      schedule: pattern,
      ...(timezone === '' ? {} : { timezone }),
      ...what.fields,
      ...where.fields,
      ...timesOf(spec, job),
      ...labelsOf(fieldsOf(meta['labels'])),
      ...(spec['suspend'] === true ? { enabled: false } : {}),
    },
    differences: [
      ...(timezone === '' ? ['it has no timezone: that of the cluster counts'] : []),
      ...what.differences,
      ...where.differences,
      ...(shards > 1 && engine === 'none'
        ? ['its index is MESHCRON_SHARD_INDEX, not JOB_COMPLETION_INDEX']
        : []),
      ...(job['podFailurePolicy'] === undefined ? [] : ['podFailurePolicy is not carried over']),
    ],
  }
}

/** 1 for a single pod; undefined for several that are not told apart. */
function shardsOf(job: Fields): number | undefined {
  const completions = numberOf(job['completions']) ?? 1
  const parallelism = numberOf(job['parallelism']) ?? 1
  if (completions === 1 && parallelism <= 1) return 1
  return job['completionMode'] === 'Indexed' ? completions : undefined
}

const policies: Readonly<Record<string, string>> = {
  Allow: 'allow',
  Forbid: 'skip',
  Replace: 'cancel-other',
}

/** Overlap, late starts, retries and history. */
function timesOf(spec: Fields, job: Fields): Fields {
  const deadline = numberOf(spec['startingDeadlineSeconds'])
  const active = numberOf(job['activeDeadlineSeconds'])
  const retries = numberOf(job['backoffLimit']) ?? 6
  const kept = ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'].map((key) =>
    numberOf(spec[key]),
  )
  const runs = kept.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  return {
    overlap: policies[textOf(spec['concurrencyPolicy']) || 'Allow'] ?? spec['concurrencyPolicy'],
    misfire: {
      policy: 'latest',
      // without a deadline Kubernetes starts the newest one, however late
      deadline: deadline === undefined ? '366d' : formatDuration(Math.max(1, deadline) * 1_000),
    },
    ...(retries > 0 ? { retry: { max: retries, base: '10s', cap: '6m' } } : {}),
    ...(active === undefined ? {} : { totalTimeout: formatDuration(active * 1_000) }),
    ...(runs > 0 ? { retention: { runs } } : {}),
  }
}

const archNames: Readonly<Record<string, string>> = { amd64: 'x64', arm: 'arm', arm64: 'arm64' }

function placementOf(
  selector: Fields,
  shards: number,
): { readonly fields: Fields; readonly differences: readonly string[] } {
  const entries = Object.entries(selector).map(([key, value]) => [key, textOf(value)] as const)
  const tests = entries.flatMap(([key, value]) => {
    if (key.endsWith('kubernetes.io/arch')) return [`arch == "${archNames[value] ?? value}"`]
    return key.endsWith('kubernetes.io/os') ? [`os == "${value}"`] : []
  })
  const tags = Object.fromEntries(
    entries.filter(([key]) => !/kubernetes\.io\/(arch|os)$/.test(key)),
  )
  const placement = {
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(tests.length === 0 ? {} : { where: tests.join(' && ') }),
    ...(shards > 1 ? { shards } : {}),
  }
  return {
    fields: Object.keys(placement).length === 0 ? {} : { placement },
    differences: Object.keys(tags).map((key) => `nodes need the tag ${key} of its nodeSelector`),
  }
}

function labelsOf(labels: Fields): Fields {
  const entries = Object.entries(labels).map(([key, value]) => [key, textOf(value)])
  return entries.length === 0 ? {} : { labels: Object.fromEntries(entries) as Fields }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
