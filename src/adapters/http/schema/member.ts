import { closed, fact, flag, instant, listOf, mapOf, nullable, real, text, whole } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** A member of the fleet, as the asked node sees it. */
export interface Member {
  readonly id: string
  /** Empty when it was given none. */
  readonly name: string
  /** True for the node that answers. */
  readonly self: boolean
  /** `alive`, `unreachable`, `down`, `left` … */
  readonly state: string
  readonly tags: Readonly<Record<string, string>>
  /** Share of work, 1 by default. */
  readonly weight: number
  /** Cluster time from when it takes nothing new, on an operator's word, 0 for longer than is known; null while it takes work. */
  readonly cordonedFromMs: number | null
  /** What it tells of itself, for jobs that ask. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
  /** Age of the last sign of life, 0 for the answering node; null when there was none since it started. */
  readonly lastSeenMs: number | null
  /** The member's clock minus the answering node's; null when not measured. */
  readonly clockOffsetMs: number | null
  /** Round trip of the link to it; null without a link. */
  readonly roundTripMs: number | null
  readonly version: string
  /** Version of its scheduler, and of its time zone data. */
  readonly engine: string
  readonly timezoneData: string
  /** What it can run: `exec`, `http`, `plugin:NAME` … */
  readonly executors: readonly string[]
  readonly incarnation: number
  readonly addresses: readonly string[]
  /** Cluster time from when it is a candidate for ticks; 0 when it announced none. */
  readonly eligibleFromMs: number
  /** Cluster time from when it is none any more; null while it does not leave. */
  readonly leaveAtMs: number | null
  readonly startedAt: Instant | null
  /** Executions that it runs now. */
  readonly running: number
  /** Digest of its job store; equal digests hold equal jobs. Null when not heard. */
  readonly storeDigest: string | null
}

/** Answer of `GET /members`. */
export interface MemberList {
  readonly items: readonly Member[]
}

/** Schema of {@link Member}. */
export const memberSchema: SchemaOf<Member> = closed(
  {
    id: text,
    name: text,
    self: flag,
    state: text,
    tags: mapOf(text),
    weight: real,
    cordonedFromMs: nullable(whole),
    facts: mapOf(fact),
    lastSeenMs: nullable(real),
    clockOffsetMs: nullable(real),
    roundTripMs: nullable(real),
    version: text,
    engine: text,
    timezoneData: text,
    executors: listOf(text),
    incarnation: whole,
    addresses: listOf(text),
    eligibleFromMs: whole,
    leaveAtMs: nullable(whole),
    startedAt: nullable(instant),
    running: whole,
    storeDigest: nullable(text),
  },
  'Member',
)

/** Schema of {@link MemberList}. */
export const memberListSchema: SchemaOf<MemberList> = closed(
  { items: listOf(memberSchema) },
  'MemberList',
)
