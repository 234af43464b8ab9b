// What the HTTP API, and through it the command line and the dashboard, can ask of this node. Writes
// go to the node as commands; everything else is read from its state between two steps.

import type {
  Api,
  EnrolmentApi,
  ExplainQuery,
  ListExecutions,
  ListJobs,
} from '../adapters/http/api.ts'
import type { Output, PlanQuery, PutJob, ReadOutput, RunJob } from '../adapters/http/api.ts'
import type {
  Accepted,
  Calendar,
  CalendarList,
  CalendarWrite,
  ChannelList,
  ExecutionDetail,
  ExecutionPage,
  Explain,
  Happening,
  Job,
  JobPage,
  JobWrite,
  MemberList,
  Plan,
  Readiness,
  Status,
} from '../adapters/http/schema.ts'
import type { Reply } from '../core/effect.ts'
import type { Command } from '../core/event.ts'
import type { AttemptId, JobName, MemberId } from '../core/ids.ts'
import type { Node } from '../core/node.ts'
import type { Notice } from '../core/notify/notice.ts'
import type { Report } from '../core/report.ts'
import { ok, refuse, type Refusal, type Result } from '../core/result.ts'
import type { Executor } from '../ports/executor.ts'
import type { Network } from '../ports/network.ts'
import type { Notifier } from '../ports/notifier.ts'
import type { Store } from '../ports/store.ts'
import type { Happenings } from './happenings.ts'
import type { OwnPolicy } from './policy-file.ts'
import { Calendars } from './queries/calendars.ts'
import { Channels } from './queries/channels.ts'
import { attemptText } from './queries/execution-item.ts'
import { History } from './queries/executions.ts'
import { Explanations } from './queries/explain.ts'
import { Forecasts } from './queries/forecasts.ts'
import { toHappening } from './queries/happening.ts'
import { JobHistory } from './queries/job-history.ts'
import { JobWrites } from './queries/job-write.ts'
import { Jobs } from './queries/jobs.ts'
import { Members } from './queries/members.ts'
import { Outputs } from './queries/output.ts'
import { outputTail } from './queries/output-tail.ts'
import type { Scene } from './queries/scene.ts'
import { StatusView } from './queries/status.ts'
import { Timelines } from './queries/timelines.ts'

export { serveOutput } from './queries/output.ts'

export interface UseCasesComponents {
  readonly node: Node
  /** Brings a command to the node; resolves when its effects are durable. */
  readonly command: (command: Command) => Promise<Reply>
  readonly store: Store
  readonly executor: Executor
  readonly network: Network
  readonly notifier: Notifier
  readonly happenings: Happenings
  /** What the owner of this node allows. */
  readonly policy: () => OwnPolicy
  readonly enrolment: EnrolmentApi
  /** Announces that this node goes, and stops it when it has left. */
  readonly leave: () => Promise<void>
}

export interface UseCasesInit {
  /** For documents that name none. */
  readonly defaultTimezone: string
  /** This machine's clock, UTC ms; cluster time follows from it and the node's offset. */
  readonly now: () => number
  /** The monotonic clock that the node is stepped with: ages are measured on it. */
  readonly monoMs: () => number
}

/** The application behind the API of one node. */
export class UseCases implements Api {
  readonly enrolment: EnrolmentApi
  readonly #node: Node
  readonly #command: (command: Command) => Promise<Reply>
  readonly #happenings: Happenings
  readonly #leave: () => Promise<void>
  readonly #nowMs: () => number
  readonly #members: Members
  readonly #jobs: Jobs
  readonly #pasts: JobHistory
  readonly #writes: JobWrites
  readonly #calendars: Calendars
  readonly #channels: Channels
  readonly #history: History
  readonly #outputs: Outputs
  readonly #forecasts: Forecasts
  readonly #explanations: Explanations
  readonly #status: StatusView

  constructor(components: UseCasesComponents, init: UseCasesInit) {
    const { node, store, executor, network, happenings, command } = components
    const { now, monoMs } = init
    const nowMs = (): number => Math.floor(now() - node.clusterTime.offsetMs)
    const scene: Scene = { node, store, policy: components.policy, nowMs, monoMs }
    this.#node = node
    this.#nowMs = nowMs
    this.#command = command
    this.#happenings = happenings
    this.#leave = components.leave
    this.enrolment = components.enrolment
    this.#members = new Members(scene, { startedAtMs: Math.floor(now()) })
    const timelines = new Timelines(scene)
    this.#forecasts = new Forecasts({ scene, timelines })
    this.#pasts = new JobHistory(scene)
    this.#jobs = new Jobs({ scene, timelines, forecasts: this.#forecasts, history: this.#pasts })
    this.#writes = new JobWrites({ scene, jobs: this.#jobs, command }, init)
    this.#calendars = new Calendars({ scene, command }, init)
    this.#channels = new Channels({ scene, notifier: components.notifier })
    this.#history = new History(scene)
    this.#outputs = new Outputs({ scene, history: this.#history, executor, network, happenings })
    this.#explanations = new Explanations({ scene, history: this.#history })
    this.#status = new StatusView({
      scene,
      network,
      timelines,
      forecasts: this.#forecasts,
      members: this.#members,
    })
    happenings.listen((report) => this.#note(report))
  }

  /** Drops what was kept and is known to have changed. */
  #note(report: Report): void {
    if (report.kind === 'execution') {
      this.#pasts.forget(report.record.job)
      this.#status.noteRecord()
    } else if (report.kind === 'refused') this.#status.noteRefused(report.what)
  }

  // ── jobs ───────────────────────────────────────────────────────────────────────────────────────

  async listJobs(query: ListJobs): Promise<Result<JobPage>> {
    return await this.#jobs.list(query)
  }

  async getJob(name: string): Promise<Result<Job>> {
    return this.#jobs.get(name)
  }

  async putJob(document: unknown, options: PutJob): Promise<Result<JobWrite>> {
    return await this.#writes.put(document, options)
  }

  async removeJob(name: string, { ifMatch }: { readonly ifMatch?: string }): Promise<Result<void>> {
    const match = ifMatch === undefined ? {} : { ifMatch }
    const reply = await this.#command({ kind: 'removeJob', name: name as JobName, ...match })
    return reply.ok ? ok(undefined) : refused(reply.refusal)
  }

  async pauseJob(
    name: string,
    { note, untilMs }: { readonly note: string; readonly untilMs: number | null },
  ): Promise<Result<Job>> {
    if (untilMs !== null && untilMs <= this.#nowMs()) {
      return refuse('MC_PAST_INSTANT', 'until: lies in the past', 'give an instant in the future')
    }
    return await this.#change({ kind: 'pauseJob', name: name as JobName, note, untilMs })
  }

  async resumeJob(name: string): Promise<Result<Job>> {
    return await this.#change({ kind: 'resumeJob', name: name as JobName })
  }

  async #change(
    command: Extract<Command, { readonly kind: 'pauseJob' | 'resumeJob' }>,
  ): Promise<Result<Job>> {
    const reply = await this.#command(command)
    return reply.ok ? this.#jobs.get(command.name) : refused(reply.refusal)
  }

  async runJob(
    name: string,
    { idempotencyKey, on, ...rest }: { readonly idempotencyKey: string } & RunJob,
  ): Promise<Result<Accepted>> {
    const member = on === undefined ? undefined : this.#members.find(on)
    if (member?.ok === false) return member
    const ask = member === undefined ? rest : { ...rest, on: member.value }
    const reply = await this.#command({
      kind: 'dispatch',
      name: name as JobName,
      key: idempotencyKey,
      ask,
    })
    return reply.ok ? ok({ job: name, execution: reply.execution ?? '' }) : refused(reply.refusal)
  }

  // ── calendars ──────────────────────────────────────────────────────────────────────────────────

  async calendars(): Promise<Result<CalendarList>> {
    return ok(this.#calendars.list())
  }

  async calendar(name: string): Promise<Result<Calendar>> {
    return this.#calendars.get(name)
  }

  async putCalendar(document: unknown, options: PutJob): Promise<Result<CalendarWrite>> {
    return await this.#calendars.put(document, options)
  }

  async removeCalendar(
    name: string,
    options: { readonly ifMatch?: string },
  ): Promise<Result<void>> {
    return await this.#calendars.remove(name, options)
  }

  // ── executions ─────────────────────────────────────────────────────────────────────────────────

  async executions(query: ListExecutions): Promise<Result<ExecutionPage>> {
    return this.#history.list(query)
  }

  async execution(id: string): Promise<Result<ExecutionDetail>> {
    return this.#history.detail(id)
  }

  async output(id: string, query: ReadOutput): Promise<Result<Output>> {
    return await this.#outputs.read(id, query)
  }

  async rerunExecution(
    id: string,
    { idempotencyKey: key }: { readonly idempotencyKey: string },
  ): Promise<Result<Accepted>> {
    const found = this.#history.find(id)
    if (!found.ok) return found
    const { named, head } = found.value
    const { job: name } = head.record
    const { execution } = named
    const from = this.#history.replaysOf(execution) + 1
    const reply = await this.#command({ kind: 'rerun', execution, name, key, from })
    return reply.ok ? ok({ job: name, execution: reply.execution ?? '' }) : refused(reply.refusal)
  }

  async stopExecution(id: string): Promise<Result<Accepted>> {
    const found = this.#history.find(id)
    if (!found.ok) return found
    const { named, head } = found.value
    const { execution } = named
    if (!this.#node.executions.ledger.has(execution)) {
      return refuse('MC_NOT_RUNNING', `execution ${id} has ended`, 'nothing is left to stop')
    }
    const attempt: { attempt?: AttemptId } =
      named.slot === undefined ? {} : { attempt: attemptText(head.record) }
    const reply = await this.#command({ kind: 'stopExecution', execution, ...attempt })
    return reply.ok ? ok({ job: head.record.job, execution }) : refused(reply.refusal)
  }

  // ── the schedule ahead, and why ────────────────────────────────────────────────────────────────

  async plan(query: PlanQuery): Promise<Result<Plan>> {
    return await this.#forecasts.plan(query)
  }

  async explain(query: ExplainQuery): Promise<Result<Explain>> {
    return this.#explanations.explain(query)
  }

  // ── the fleet ──────────────────────────────────────────────────────────────────────────────────

  async members(): Promise<Result<MemberList>> {
    return ok({ items: this.#members.list() })
  }

  async cordon(member: string, isCordoned: boolean): Promise<Result<void>> {
    const known = this.#node.membership.get(member as MemberId)
    if (known === undefined) {
      const message = `no member ${JSON.stringify(member)} is known here`
      return refuse('MC_UNKNOWN_MEMBER', message, 'list them with `meshcron member ls`')
    }
    const command = { kind: 'cordon', member: known.record.member, isCordoned } as const
    const reply = await this.#command(command)
    return reply.ok ? ok(undefined) : refused(reply.refusal)
  }

  async channels(): Promise<Result<ChannelList>> {
    return ok({ items: this.#channels.list() })
  }

  async testChannel(name: string): Promise<Result<void>> {
    return await this.#channels.test(name)
  }

  /** The end of the output that a message to people shows. */
  async outputTail(notice: Notice): Promise<string> {
    return await outputTail(this.#outputs, notice)
  }

  async status(): Promise<Result<Status>> {
    return ok(await this.#status.read())
  }

  ready(): Readiness {
    return this.#status.readiness()
  }

  async leave(): Promise<Result<void>> {
    await this.#leave()
    return ok(undefined)
  }

  events(listener: (happening: Happening) => void): () => void {
    return this.#happenings.listen((report) => {
      const happening = toHappening(this.#node, report)
      if (happening !== undefined) listener(happening)
    })
  }
}

const refused = (refusal: Refusal): Result<never> => ({ ok: false, refusal })
