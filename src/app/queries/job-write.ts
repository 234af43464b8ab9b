// A written document: validated, and either carried out or only looked at.

import type { PutJob } from '../../adapters/http/api.ts'
import type { JobDocument, JobWrite } from '../../adapters/http/schema.ts'
import { previewJob, warningsOf } from '../../core/forecast.ts'
import type { Reply } from '../../core/effect.ts'
import type { Command } from '../../core/event.ts'
import { unknownJob } from '../../core/execution/requests.ts'
import type { JobName } from '../../core/ids.ts'
import type { Job } from '../../core/jobs/catalog.ts'
import { groupNames, type Definition } from '../../core/jobs/definition.ts'
import { missingParents, refusalOfEdges } from '../../core/graph/write-check.ts'
import { unknownReference } from '../../core/jobs/calendars.ts'
import { parseDocument, toDocument } from '../../core/jobs/document.ts'
import { limits } from '../../core/limits.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import { encode, type Cbor } from '../../core/wire/cbor.ts'
import { checkTiming } from '../../core/scheduler/tick.ts'
import { differencesOf } from './differences.ts'
import { namesOf } from './forecasts.ts'
import type { Jobs } from './jobs.ts'
import { outlookOf, type Scene } from './scene.ts'

const ticksOfDryRun = 10

export class JobWrites {
  readonly #scene: Scene
  readonly #jobs: Jobs
  readonly #command: (command: Command) => Promise<Reply>
  readonly #defaultTimezone: string

  constructor(
    components: {
      readonly scene: Scene
      readonly jobs: Jobs
      readonly command: (command: Command) => Promise<Reply>
    },
    init: { readonly defaultTimezone: string },
  ) {
    this.#scene = components.scene
    this.#jobs = components.jobs
    this.#command = components.command
    this.#defaultTimezone = init.defaultTimezone
  }

  async put(document: unknown, options: PutJob): Promise<Result<JobWrite>> {
    const clash = this.#clashOf(document)
    if (clash !== undefined) return clash
    const parsed = parseDocument(document, {
      nowMs: this.#scene.nowMs(),
      defaultTimezone: this.#defaultTimezone,
    })
    if (!parsed.ok) return parsed
    if (options.mustBeNew && options.ifMatch !== undefined) {
      return refuse(
        'MC_BAD_INPUT',
        'the job is to be new and to have a version',
        'send one of If-Match and If-None-Match',
      )
    }
    const { name, definition } = parsed.value
    const hasTimezone = Object.hasOwn(document as object, 'timezone')
    if (options.dryRun) return this.#preview(name, definition, options, hasTimezone)
    return await this.#write(name, definition, options, hasTimezone)
  }

  /** Names are lower case; one that differs from a job's only in case is told so. */
  #clashOf(document: unknown): Result<never> | undefined {
    if (typeof document !== 'object' || document === null || !('name' in document)) return undefined
    const { name } = document
    if (typeof name !== 'string' || name.length > 256) return undefined
    const lower = name.toLowerCase()
    if (lower === name) return undefined
    if (this.#scene.node.replica.catalog.live(lower as JobName) === undefined) return undefined
    return refuse(
      'MC_NAME_CLASH',
      `name: ${JSON.stringify(name)} differs from the job ${lower} only in case`,
      `write ${lower} to change that job, or choose another name in lower case`,
    )
  }

  async #write(
    name: JobName,
    definition: Definition,
    options: PutJob,
    hasTimezone: boolean,
  ): Promise<Result<JobWrite>> {
    const { catalog } = this.#scene.node.replica
    const before = catalog.live(name)
    const ifMatch = options.mustBeNew ? 'none' : options.ifMatch
    const reply = await this.#command({
      kind: 'putJob',
      name,
      definition,
      ...(ifMatch === undefined ? {} : { ifMatch }),
    })
    if (!reply.ok) return { ok: false, refusal: reply.refusal }
    const job = catalog.live(name)
    if (job === undefined) return unknownJob(name)
    const change =
      before === undefined ? 'created' : before.etag === job.etag ? 'unchanged' : 'replaced'
    return ok(this.#answer(before, job, { change, hasTimezone, dryRun: false }))
  }

  #preview(
    name: JobName,
    definition: Definition,
    options: PutJob,
    hasTimezone: boolean,
  ): Result<JobWrite> {
    const { catalog } = this.#scene.node.replica
    const before = catalog.live(name)
    const refused =
      mismatch(name, before, options) ??
      refusalOf(checkTiming(name, definition.timing, this.#scene.nowMs())) ??
      refusalOfEdges(
        this.#scene.node.executions.children.topology,
        name,
        definition.timing,
        (parent) => catalog.live(parent) !== undefined,
      )
    if (refused !== undefined) return refused
    if (catalog.get(name) === undefined && catalog.size >= limits.jobsMax) {
      return refuse(
        'MC_CATALOG_FULL',
        `the fleet holds ${limits.jobsMax} jobs`,
        'delete jobs that nobody needs',
      )
    }
    if (encode(definition as unknown as Cbor).length > limits.intentBytesMax) {
      return refuse(
        'MC_BAD_INPUT',
        `job ${name} is larger than ${limits.intentBytesMax} bytes`,
        'move what is large into a file that the command reads',
      )
    }
    const job = previewJob(catalog.get(name), name, definition)
    const isNews = groupNames.some((group) => catalog.isNews(name, group, job.groups[group]))
    const change = before === undefined ? 'created' : isNews ? 'replaced' : 'unchanged'
    return ok(this.#answer(before, job, { change, hasTimezone, dryRun: true }))
  }

  /** A preview may refer to a calendar that is written with it. */
  #missingCalendars({ groups }: Job): readonly string[] {
    const refused = unknownReference(this.#scene.node.replica.catalog, groups)
    return refused === undefined || refused.ok ? [] : [refused.refusal.message]
  }

  #answer(
    before: Job | undefined,
    job: Job,
    write: {
      readonly change: JobWrite['change']
      readonly hasTimezone: boolean
      readonly dryRun: boolean
    },
  ): JobWrite {
    const { change, hasTimezone, dryRun } = write
    const { timers } = this.#scene.node
    const shown = dryRun ? this.#jobs.show(job, ticksOfDryRun) : this.#jobs.show(job)
    return {
      ...shown,
      ...namesOf(this.#scene.node, this.#jobs.rankingOf(job)),
      change,
      differences: before === undefined ? [] : differencesOf(documentOf(before), documentOf(job)),
      warnings: [
        ...warningsOf(job, outlookOf(this.#scene), { timers, hasTimezone }),
        ...this.#missingCalendars(job),
        ...missingParents(
          job.groups.timing,
          (parent) => this.#scene.node.replica.catalog.live(parent) !== undefined,
        ),
      ],
      dryRun,
    }
  }
}

const documentOf = (job: Job): JobDocument => toDocument(job.name, job.groups)

const refusalOf = (result: Result<unknown>): Result<never> | undefined =>
  result.ok ? undefined : result

/** What a write with these expectations would be refused for; the same rule as the node's. */
function mismatch(
  name: JobName,
  live: Job | undefined,
  { mustBeNew, ifMatch }: PutJob,
): Result<never> | undefined {
  if (mustBeNew && live !== undefined) {
    return refuse(
      'MC_EXISTS',
      `a job ${name} exists`,
      'replace it with PUT, or choose another name',
    )
  }
  if (mustBeNew || ifMatch === undefined) return undefined
  if (live === undefined) return unknownJob(name)
  if (ifMatch === '*' || ifMatch === live.etag) return undefined
  return refuse(
    'MC_CONFLICT',
    `job ${name} changed since it was read`,
    'read it again, apply your change to it, and write',
  )
}
