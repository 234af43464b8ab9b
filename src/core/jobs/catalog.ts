// Every job that this node knows, and every calendar, as the causally newest signed writes of each field group.
//
// A group holds siblings: writes of which none had seen another. Normally there is one. A new write
// removes the siblings that its author had seen and joins the others, which makes merging a matter of
// keeping maximal elements: commutative, associative and idempotent, whatever the order of arrival.
// The context of a write is the clock of its group alone. With one context for a whole job a write of
// one group would claim to have seen edits of other groups that travel separately and may be lost.
//
// Where siblings differ there is a conflict: a deterministic winner acts, the losers are kept and
// shown until a later write covers them. Winners lean to the safe side: deleted before live, paused
// before running, else the newest by hybrid clock, author and id.

import { BoundedCache } from '../bounded-cache.ts'
import { calendarKey, calendarOfKey, type JobName } from '../ids.ts'
import { compareHlc } from '../clock/hybrid.ts'
import { covers, joinContexts, type Context } from '../clock/version-vector.ts'
import { hash64, hex64 } from '../hash.ts'
import { limits } from '../limits.ts'
import { compareText } from '../order.ts'
import { freezeName, type CalendarUse } from '../scheduler/calendar.ts'
import { encode, type Cbor } from '../wire/cbor.ts'
import { storedGroups, type ActingTiming, type GroupName, type Groups } from './definition.ts'
import { defaultGroups } from './document.ts'
import type { Intent } from './intent.ts'

/** One maximal write of a group. */
interface Sibling<G extends GroupName = GroupName> {
  readonly intent: Intent
  readonly value: Groups[G]
  readonly context: Context
}

type SiblingsByGroup = { [G in GroupName]?: readonly Sibling<G>[] }

/** A value that lost against a concurrent one. */
export interface Loser {
  readonly value: Groups[GroupName]
  readonly author: string
  readonly atMs: number
}

export interface Conflict {
  readonly group: GroupName
  readonly winner: Groups[GroupName]
  readonly losers: readonly Loser[]
}

/** A job or a calendar as it acts here and now: the winner of each group. */
export interface Job {
  readonly name: JobName
  readonly generation: number
  readonly groups: Groups & { readonly timing: ActingTiming }
  /** Join of the clocks of all groups: orders two copies of a job. */
  readonly clock: Context
  /** Short hash of the clock: equal on members that hold equal writes. */
  readonly etag: string
  readonly conflicts: readonly Conflict[]
  /** Instant of the newest write. */
  readonly changedMs: number
  /** Written by a version that asks for a newer reader: kept and passed on, never acted upon. */
  readonly isSupported: boolean
}

interface Entry {
  readonly groups: SiblingsByGroup
}

export type Applied =
  | { readonly kind: 'known' }
  | { readonly kind: 'applied'; readonly forgotten: readonly Intent[] }

const noUses: readonly CalendarUse[] = []
const freeze = { name: freezeName, onDeny: 'skip', atEnd: 'finish' } as const

export class Catalog {
  readonly #entries = new Map<JobName, Entry>()
  /** Keys of calendars, deleted ones included. */
  readonly #calendars = new Set<JobName>()
  /** How many groups hold each intent: one that no group holds any more is forgotten. */
  readonly #held = new Map<string, { intent: Intent; groups: number }>()
  /** Jobs as they act, of those looked at lately: the winners follow from the writes at any time. */
  readonly #resolved = new BoundedCache<Job>(limits.resolvedJobsMax)
  #digest = 0n
  #siblingsDropped = 0
  /** `intents()` until the next change. */
  #sorted: readonly Intent[] | undefined

  /** Sum of the ids of all writes held, modulo 2⁶⁴: equal digests mean equal catalogs. */
  get digest(): bigint {
    return this.#digest
  }

  /** Names known, deleted jobs included. */
  get size(): number {
    return this.#entries.size
  }

  get siblingsDropped(): number {
    return this.#siblingsDropped
  }

  /** Merges one verified write. */
  apply(intent: Intent): Applied {
    let entry = this.#entries.get(intent.job)
    if (entry === undefined) {
      entry = { groups: {} }
      this.#entries.set(intent.job, entry)
      if (calendarOfKey(intent.job) !== undefined) this.#calendars.add(intent.job)
    }
    const forgotten: Intent[] = []
    let isNews = false
    for (const group of storedGroups) {
      if (intent.groups[group] !== undefined && this.#merge(entry, group, intent, forgotten)) {
        isNews = true
      }
    }
    if (!isNews) return { kind: 'known' }
    this.#resolved.delete(intent.job)
    this.#sorted = undefined
    return { kind: 'applied', forgotten }
  }

  #merge<G extends GroupName>(
    entry: Entry,
    group: G,
    intent: Intent,
    forgotten: Intent[],
  ): boolean {
    const written = intent.groups[group]!
    const old: readonly Sibling<G>[] = entry.groups[group] ?? []
    if (old.some((y) => y.intent.id === intent.id || covers(y.context, intent))) return false
    const added: Sibling<G> = {
      intent,
      value: written.value,
      context: written.context,
    }
    const kept = [...old.filter((y) => !covers(added.context, y.intent)), added]
    kept.sort((a, b) => compareSiblings(group, a, b))
    if (kept.length > limits.siblingsMax) {
      kept.pop()
      this.#siblingsDropped += 1
    }
    const groups: { [K in GroupName]?: readonly Sibling<K>[] } = entry.groups
    ;(groups as Record<G, readonly Sibling<G>[]>)[group] = kept
    for (const sibling of kept) if (!old.includes(sibling)) this.#hold(sibling.intent)
    for (const sibling of old) if (!kept.includes(sibling)) this.#release(sibling.intent, forgotten)
    return true
  }

  /** Makes a job be what these writes say, whatever it was. */
  replace(name: JobName, intents: readonly Intent[]): void {
    for (const siblings of Object.values(this.#entries.get(name)?.groups ?? {})) {
      for (const { intent } of siblings) this.#release(intent, [])
    }
    this.#entries.delete(name)
    this.#sorted = undefined
    for (const intent of intents) this.apply(intent)
  }

  #hold(intent: Intent): void {
    const held = this.#held.get(intent.id)
    if (held !== undefined) {
      held.groups += 1
      return
    }
    this.#held.set(intent.id, { intent, groups: 1 })
    this.#digest = BigInt.asUintN(64, this.#digest + digestPart(intent))
  }

  #release(intent: Intent, forgotten: Intent[]): void {
    const held = this.#held.get(intent.id)!
    held.groups -= 1
    if (held.groups > 0) return
    this.#held.delete(intent.id)
    this.#digest = BigInt.asUintN(64, this.#digest - digestPart(intent))
    forgotten.push(intent)
  }

  /** The job, deleted ones included; undefined for a name without a life. */
  get(name: JobName): Job | undefined {
    const entry = this.#entries.get(name)
    if (entry?.groups.life === undefined) return undefined
    let job = this.#resolved.get(name)
    if (job === undefined) {
      job = resolve(name, entry.groups)
      this.#resolved.set(name, job)
    }
    return job
  }

  /** The job unless it is deleted. */
  live(name: JobName): Job | undefined {
    const job = this.get(name)
    return job?.groups.life.state === 'live' ? job : undefined
  }

  /** All live jobs, by name. */
  jobs(): readonly Job[] {
    return [...this.#entries.keys()]
      .filter((key) => calendarOfKey(key) === undefined)
      .sort()
      .map((name) => this.live(name))
      .filter((job) => job !== undefined)
  }

  /** All live calendars, by name, each under its own key. */
  calendars(): readonly Job[] {
    return [...this.#calendars]
      .sort()
      .map((key) => this.live(key))
      .filter((calendar) => calendar !== undefined)
  }

  /** The calendars that a job obeys, as they are now; one that is gone denies nothing. */
  usesOf({ groups: { timing } }: Job): readonly CalendarUse[] {
    if (this.#calendars.size === 0) return noUses
    const { calendars, ignoreFreeze } = timing
    const isNamed = calendars.some(({ name }) => name === freezeName)
    const refs = ignoreFreeze || isNamed ? calendars : [...calendars, freeze]
    return refs.flatMap((ref) => {
      const calendar = this.live(calendarKey(ref.name))
      return calendar === undefined ? [] : [{ ...ref, calendar: calendar.groups.calendar }]
    })
  }

  /** Clock of one group: what a write of it now would have seen. */
  clockOf(name: JobName, group: GroupName): Context {
    return clockOfSiblings(this.#entries.get(name)?.groups[group] ?? [])
  }

  /** When a group was written last; 0: never. */
  writtenMs(name: JobName, group: GroupName): number {
    const siblings: readonly Sibling[] = this.#entries.get(name)?.groups[group] ?? []
    return Math.max(0, ...siblings.map(({ intent }) => intent.hlc.ms))
  }

  /** Whether a write of this group would change what acts or cover a conflict. */
  isNews<G extends GroupName>(name: JobName, group: G, value: Groups[G]): boolean {
    const siblings = this.#entries.get(name)?.groups[group] ?? []
    const bytes = valueKey(value)
    if (siblings.length === 0) return valueKey(defaultGroups[group]) !== bytes
    return siblings.some((sibling) => valueKey(sibling.value) !== bytes)
  }

  has(id: string): boolean {
    return this.#held.has(id)
  }

  /** The writes that make up a job. */
  intentsOf(name: JobName): readonly Intent[] {
    const groups = this.#entries.get(name)?.groups ?? {}
    return Object.values(groups).flatMap((siblings) => siblings.map(({ intent }) => intent))
  }

  /** Every write held, in the order of its dot. */
  intents(): readonly Intent[] {
    this.#sorted ??= [...this.#held.values()]
      .map((held) => held.intent)
      .sort((a, b) => compareText(a.actor, b.actor) || a.seq - b.seq)
    return this.#sorted
  }
}

function digestPart(intent: Intent): bigint {
  return BigInt(`0x${intent.id.slice(0, 16)}`)
}

function clockOfSiblings(siblings: readonly Sibling[]): Context {
  let clock: Context = new Map()
  for (const { context, intent } of siblings) {
    clock = joinContexts(clock, joinContexts(context, new Map([[intent.actor, intent.seq]])))
  }
  return clock
}

/** Negative when `a` wins over `b`. */
function compareSiblings<G extends GroupName>(group: G, a: Sibling<G>, b: Sibling<G>): number {
  const generation = b.intent.generation - a.intent.generation
  if (group === 'life') {
    const safe = safeRank(b.value as Groups['life']) - safeRank(a.value as Groups['life'])
    if (safe !== 0) return safe
  }
  if (generation !== 0) return generation
  if (group === 'enabled') {
    const first = (a.value as Groups['enabled']).enabled
    const second = (b.value as Groups['enabled']).enabled
    if (first !== second) return first ? 1 : -1
  }
  const time = compareHlc(b.intent.hlc, a.intent.hlc)
  if (time !== 0) return time
  return compareText(b.intent.author, a.intent.author) || compareText(b.intent.id, a.intent.id)
}

const safeRank = (life: Groups['life']): number => (life.state === 'deleted' ? 1 : 0)

function valueKey(value: Groups[GroupName]): string {
  return encode(value as unknown as Cbor).join()
}

function resolve(name: JobName, groups: SiblingsByGroup): Job {
  const winners: Record<string, Groups[GroupName]> = {}
  const conflicts: Conflict[] = []
  let clock: Context = new Map()
  let changedMs = 0
  let isSupported = true
  for (const group of storedGroups) {
    const siblings: readonly Sibling[] = groups[group] ?? []
    const winner = siblings[0]
    winners[group] = winner?.value ?? defaultGroups[group]
    clock = joinContexts(clock, clockOfSiblings(siblings))
    for (const { intent } of siblings) {
      changedMs = Math.max(changedMs, intent.hlc.ms)
      isSupported &&= intent.minReader <= 1
    }
    if (winner === undefined || siblings.length === 1) continue
    const key = valueKey(winner.value)
    const losers = siblings.filter((sibling) => valueKey(sibling.value) !== key).map(loserOf)
    if (losers.length > 0) conflicts.push({ group, winner: winner.value, losers })
  }
  const { fromMs } = winners['life'] as Groups['life']
  if (fromMs > 0) winners['timing'] = { ...winners['timing'], fromMs } as ActingTiming
  return {
    name,
    generation: groups.life![0]!.intent.generation,
    groups: winners as unknown as Groups,
    clock,
    etag: etagOf(clock),
    conflicts,
    changedMs,
    isSupported,
  }
}

function loserOf(sibling: Sibling): Loser {
  return {
    value: sibling.value,
    author: sibling.intent.author,
    atMs: sibling.intent.hlc.ms,
  }
}

/** Hash of a clock, for If-Match. */
export function etagOf(clock: Context): string {
  const dots = [...clock]
    .sort(([a], [b]) => compareText(a, b))
    .map(([actor, seq]) => `${actor}:${seq}`)
  return hex64(hash64(`etag|${dots.join(',')}`))
}
