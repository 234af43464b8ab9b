import { hash64, hex64 } from './hash.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** A member: its libp2p PeerId as text. */
export type MemberId = Branded<'MemberId'>
/** A job's full name, `[a-z0-9_-]` with dots for namespaces. */
export type JobName = Branded<'JobName'>
/** One handling of one tick: `name@dueMs`, `name~generation@dueMs`, or `name:key16` for a dispatch. */
export type ExecutionId = Branded<'ExecutionId'>
/** The unit of "at most one start": `executionId.slot.attempt`. */
export type AttemptId = Branded<'AttemptId'>
/** Whose writes a dot counts: 16 hex digits, new at each process start. */
export type ActorId = Branded<'ActorId'>
/** What is replicated and is no job: its key in the catalog cannot be a job's name. */
const calendarPrefix = 'calendar/'

/** Key of a calendar among the jobs of a catalog. */
export const calendarKey = (name: string): JobName => `${calendarPrefix}${name}` as JobName

/** The calendar's name when the key is a calendar's. */
export const calendarOfKey = (key: string): string | undefined =>
  key.startsWith(calendarPrefix) ? key.slice(calendarPrefix.length) : undefined

/** What messages call it. */
export function labelOf(key: JobName): string {
  const calendar = calendarOfKey(key)
  return calendar === undefined ? `job ${key}` : `calendar ${calendar}`
}

/** Which part of an execution: '0' for one node, a member's id where every member has its own. */
export type Slot = string

/** The only slot of a job that runs on one node. */
export const soleSlot: Slot = '0'

/** Slot of a dispatch to every member: each of them takes it up under its own slot. */
export const everySlot: Slot = '*'

export const memberId = (text: string): MemberId => text as MemberId
export const jobName = (text: string): JobName => text as JobName
export const executionId = (text: string): ExecutionId => text as ExecutionId

/** Id of the execution that handles the tick due at `dueMs`. */
export function tickExecutionId(name: string, generation: number, dueMs: number): ExecutionId {
  const suffix = generation > 1 ? `~${generation}` : ''
  return `${name}${suffix}@${dueMs}` as ExecutionId
}

/** Generation of the job whose tick an execution handles; undefined for a dispatch. */
export function generationOf(execution: ExecutionId): number | undefined {
  const match = /(?:~(\d+))?@\d+$/.exec(execution)
  return match === null ? undefined : Number(match[1] ?? 1)
}

/** Id of the execution that a dispatch with this idempotency key starts: the same key, the same execution. */
export function dispatchExecutionId(name: string, key: string): ExecutionId {
  return `${name}:${hex64(hash64(`D|${name}|${key}`))}` as ExecutionId
}

/** Id of the execution of a child that belongs to a root: at most one of each. */
export function childExecutionId(name: string, root: ExecutionId): ExecutionId {
  return `${name}:${hex64(hash64(`C|${name}|${root}`))}` as ExecutionId
}

/** The job of an execution, from its id. */
export function jobOfExecution(execution: ExecutionId): JobName {
  return execution.slice(0, execution.search(/[~@:]/)) as JobName
}

/**
 * Whether an execution was asked for by somebody or by its parents, not by a schedule: `name:key16`, or
 * the replay `name@dueMs+1`.
 */
export const isDispatch = (execution: ExecutionId): boolean => /[:+]/.test(execution)

/** Text of one attempt. */
export function attemptId(execution: ExecutionId, slot: Slot, attempt: number): AttemptId {
  return `${execution}.${slot}.${attempt}` as AttemptId
}

/** Splits an attempt's text; undefined when it is none. Names hold dots, so it reads from the end. */
export function parseAttemptId(
  text: string,
): { execution: ExecutionId; slot: Slot; attempt: number } | undefined {
  const match = /^(.+)\.([A-Za-z0-9]+)\.(\d{1,6})$/.exec(text)
  if (match === null) return undefined
  return { execution: match[1] as ExecutionId, slot: match[2]!, attempt: Number(match[3]) }
}

/** The actor of a process: a crash, a wiped store, a restored image and a copy all get another one. */
export function actorOf(member: MemberId, storeEpoch: string, startId: string): ActorId {
  return hex64(hash64(`actor|${member}|${storeEpoch}|${startId}`)) as ActorId
}
