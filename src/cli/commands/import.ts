import { Option } from 'commander'
import type { Command } from 'commander'
import { action, collect } from '../context.ts'
import type { Define } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import {
  readCrontabs,
  readJsonLists,
  readManifests,
  readUnits,
  systemCrontabs,
} from '../import/sources.ts'
import { shownAsYaml } from '../import/shown.ts'
import { leftOutText } from '../import/translation.ts'
import type { Translation } from '../import/translation.ts'
import type { Io } from '../io.ts'
import { showData } from '../output.ts'
import { readPairs } from '../values.ts'

interface Flags {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly tag?: readonly string[]
  readonly timezone?: string
}

export const define: Define = (command, io) => {
  source(command, io, 'crontab', 'of this user, or of files')
    .option('--system', 'with a user in each line; without files /etc/crontab and /etc/cron.d')
    .action(
      translating<Flags & { readonly system?: boolean }>(io, async (files, options) => {
        const { system = false } = options
        const { importCrontabs } = await import('../import/crontab.ts')
        const all = files.length === 0 && system ? systemCrontabs() : files
        const texts = await readCrontabs(io, all)
        return importCrontabs(texts, { system, timezone: zoneOf(options), nowMs: io.nowMs() })
      }),
    )
  source(
    command,
    io,
    'systemd',
    'timers with their services; without files /etc/systemd/system',
  ).action(
    translating<Flags>(io, async (files, options) => {
      const { importTimers } = await import('../import/systemd.ts')
      const units = readUnits(files.length === 0 ? ['/etc/systemd/system'] : files)
      return importTimers(units, { timezone: zoneOf(options), nowMs: io.nowMs() })
    }),
  )
  source(command, io, 'dkron', 'what GET /v1/jobs of Dkron answered').action(
    translating<Flags>(io, async (files) => {
      const { importDkron } = await import('../import/dkron.ts')
      return importDkron(await readJsonLists(io, files), io.nowMs())
    }),
  )
  source(command, io, 'k8s-cronjob', 'manifests: kubectl get cronjobs -o yaml')
    .addOption(
      new Option('--engine <name>', 'what runs the image; none: its command on the node')
        .choices(['docker', 'podman', 'none'])
        .default('docker'),
    )
    .action(
      translating<Flags & { readonly engine: 'docker' | 'podman' | 'none' }>(
        io,
        async (files, { engine }) => {
          const { importCronJobs } = await import('../import/k8s-cronjob.ts')
          return importCronJobs(await readManifests(io, files), { engine, nowMs: io.nowMs() })
        },
      ),
    )
}

function source(command: Command, _io: Io, name: string, about: string): Command {
  return command
    .command(name)
    .description(about)
    .argument('[files...]', 'files or folders; - is standard input')
    .option('--dry-run', 'print the documents, write nothing; needs no daemon')
    .option('--yes', 'do not ask')
    .option('--tag <key=value>', 'only on nodes with this tag; repeatable', collect)
    .option('--timezone <zone>', 'zone of the times, instead of that of this machine')
}

function zoneOf({ timezone }: Flags): string {
  return timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** An action that shows a translation, or applies it. */
function translating<F extends Flags>(
  io: Io,
  translate: (files: readonly string[], options: F) => Promise<Translation>,
): ReturnType<typeof action> {
  return action<F>(io, async ({ client, format, options }, ...operands) => {
    const files = operands.flat()
    const tags = readPairs('--tag', options.tag)
    const translation = withTags(await translate(files, options), tags)
    const { jobs, leftOut, notes } = translation
    const isForPeople = format === 'table' || format === 'wide'
    if (options.dryRun === true) {
      if (isForPeople) io.stdout.write(shownAsYaml(translation))
      else if (format === 'name')
        for (const { document } of jobs) io.stdout.write(`${document.name}\n`)
      else await showData(io, format, { jobs, leftOut, notes })
    }
    for (const one of leftOut) io.stderr.write(`${leftOutText(one)}\n`)
    if (options.dryRun !== true) {
      for (const { document, differences } of jobs) {
        for (const one of differences) io.stderr.write(`note: ${document.name}: ${one}\n`)
      }
      for (const note of notes) io.stderr.write(`note: ${note}\n`)
      const { applyDocuments } = await import('./apply.ts')
      const documents = jobs.map(({ document, source }) => {
        return { kind: 'job', name: document.name, document, source } as const
      })
      const code = await applyDocuments(io, client, documents, {
        ...options,
        dryRun: false,
        format,
      })
      if (code !== exitCodes.ok) return code
    }
    if (leftOut.length === 0) return exitCodes.ok
    return jobs.length === 0 ? exitCodes.failure : exitCodes.partial
  })
}

function withTags(
  translation: Translation,
  tags: Readonly<Record<string, string>> | undefined,
): Translation {
  if (tags === undefined) return translation
  const jobs = translation.jobs.map((job) => {
    const placement = (job.document['placement'] ?? {}) as { readonly tags?: object }
    const bound = { ...placement, tags: { ...placement.tags, ...tags } }
    return { ...job, document: { ...job.document, placement: bound } }
  })
  return { ...translation, jobs }
}
