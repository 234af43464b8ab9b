import type { Role } from '../../core/trust/certificate.ts'
import type { Result } from '../../core/result.ts'
import type { OutputPage as OutputBytes } from '../../ports/executor.ts'
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
  InviteList,
  InviteMade,
  Job,
  JobPage,
  JobWrite,
  MemberList,
  NewToken,
  PendingList,
  Plan,
  Readiness,
  Status,
  TokenList,
  TokenScope,
} from './schema.ts'

export interface ListJobs {
  /** Only names that begin so. */
  readonly prefix?: string
  readonly state?: string
  readonly limit: number
  readonly cursor?: string
}

export interface PutJob {
  /** ETag that the job must have; `'*'`: it must exist. */
  readonly ifMatch?: string
  /** The job must not exist: else MC_EXISTS. */
  readonly mustBeNew: boolean
  /** Answer as if it were written, and write nothing. */
  readonly dryRun: boolean
}

/** What somebody wants of an execution. */
export interface RunJob {
  readonly params?: Readonly<Record<string, unknown>>
  readonly overlap?: 'skip' | 'allow'
  readonly respectCalendars?: boolean
  readonly evenIfPaused?: boolean
  /** Name or id of the only member that may run it. */
  readonly on?: string
}

export interface ListExecutions {
  readonly job?: string
  /** A phase (`running`) or an outcome (`failure`). */
  readonly state?: string
  readonly sinceMs?: number
  readonly limit: number
  readonly cursor?: string
}

export interface ReadOutput {
  /** The execution's only slot when absent. */
  readonly slot?: string
  /** The newest when absent. */
  readonly attempt?: number
  readonly offset: number
  /** Bytes at most. */
  readonly limit: number
  /** How long to wait for new bytes when there are none at `offset`. */
  readonly waitMs: number
}

/** Output of one attempt, wherever it is held. */
export interface Output extends OutputBytes {
  readonly slot: string
  readonly attempt: number
}

export interface PlanQuery {
  readonly job?: string
  /** Now when absent. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Ticks at most, over all jobs. */
  readonly limit: number
}

/** A tick by job and instant (absent: the next one), or an execution by id. */
export type ExplainQuery =
  | { readonly job: string; readonly atMs?: number }
  | { readonly execution: string }

/** What an invite is to allow; every part has a default. */
export interface InviteAsk {
  readonly tags?: Readonly<Record<string, string>>
  /** Keys of tags that a guest may ask for; `*`: any. */
  readonly allowTags?: readonly string[]
  readonly roles?: readonly Role[]
  readonly uses?: number
  readonly ttlMs?: number
  readonly confirm?: boolean
}

/** Invites of this node, and who came with them. */
export interface EnrolmentApi {
  invites(): Promise<Result<InviteList>>
  invite(ask: InviteAsk): Promise<Result<InviteMade>>
  revokeInvite(id: string): Promise<Result<void>>
  pending(): Promise<Result<PendingList>>
  /** `member`: its id or the end of it. */
  decide(member: string, isAccepted: boolean): Promise<Result<void>>
}

/** What the HTTP adapter needs of the application. Expected refusals are values; bugs throw. */
export interface Api {
  readonly enrolment: EnrolmentApi
  listJobs(query: ListJobs): Promise<Result<JobPage>>
  getJob(name: string): Promise<Result<Job>>
  /** `document` is any JSON value: the application validates it. Resolves when it is durable here. */
  putJob(document: unknown, options: PutJob): Promise<Result<JobWrite>>
  /** `ifMatch` as for {@link PutJob}. */
  removeJob(name: string, options: { readonly ifMatch?: string }): Promise<Result<void>>
  pauseJob(
    name: string,
    options: { readonly note: string; readonly untilMs: number | null },
  ): Promise<Result<Job>>
  resumeJob(name: string): Promise<Result<Job>>
  /** Starts it now; the same key means the same execution. */
  runJob(
    name: string,
    options: { readonly idempotencyKey: string } & RunJob,
  ): Promise<Result<Accepted>>
  calendars(): Promise<Result<CalendarList>>
  calendar(name: string): Promise<Result<Calendar>>
  /** As {@link Api.putJob}. */
  putCalendar(document: unknown, options: PutJob): Promise<Result<CalendarWrite>>
  removeCalendar(name: string, options: { readonly ifMatch?: string }): Promise<Result<void>>
  executions(query: ListExecutions): Promise<Result<ExecutionPage>>
  execution(id: string): Promise<Result<ExecutionDetail>>
  output(id: string, query: ReadOutput): Promise<Result<Output>>
  /** Once more, with the same parameters. */
  rerunExecution(
    id: string,
    options: { readonly idempotencyKey: string },
  ): Promise<Result<Accepted>>
  stopExecution(id: string): Promise<Result<Accepted>>
  plan(query: PlanQuery): Promise<Result<Plan>>
  explain(query: ExplainQuery): Promise<Result<Explain>>
  members(): Promise<Result<MemberList>>
  /** A member takes nothing new from now on, or takes work again. */
  cordon(member: string, isCordoned: boolean): Promise<Result<void>>
  channels(): Promise<Result<ChannelList>>
  /** Sends a test message through a channel of this node; resolves when it is delivered. */
  testChannel(name: string): Promise<Result<void>>
  status(): Promise<Result<Status>>
  ready(): Readiness
  /** Announces that this node goes, and stops it when it has left. */
  leave(): Promise<Result<void>>
  /** Calls `listener` for everything that happens from now on; the answer ends that. */
  events(listener: (happening: Happening) => void): () => void
}

/** What a token may do. */
export interface Grant {
  readonly id: string
  readonly scope: TokenScope
  /** SHA-256 of the token. */
  readonly digest: Uint8Array
}

/** The tokens of this node beside the one of its file. */
export interface Tokens {
  /** Those that count now. */
  grants(): readonly Grant[]
  list(): Result<TokenList>
  create(body: unknown): Result<NewToken>
  remove(id: string): Result<void>
}
