// Who may run a tick, and why others may not. Joins, leaves, tags and weights act from an announced
// instant, so members that hold the same facts `settleMs` before a planned start compute the same
// candidates in the same order. `down` is the one fact without lead: it removes only members that
// nobody would wait for.

import type { ExecutionId, JobName, MemberId, Slot } from '../ids.ts'
import {
  executorOf,
  profileOf,
  type Action,
  type Groups,
  type Placement,
  type Timing,
} from '../jobs/definition.ts'
import type { NodeRecord } from '../membership/node-record.ts'
import type { MemberState } from '../membership/view.ts'
import { judgeWhere } from './where.ts'
import { rankKey, rankMembers } from './rendezvous.ts'

/** One member as placement sees it. */
export interface PlacementMember {
  readonly record: NodeRecord
  readonly state: MemberState
}

/** What a job asks of its executor. */
export interface Demand {
  readonly placement: Placement
  readonly action: Action
  readonly timing: Timing
}

export interface Excluded {
  readonly member: MemberId
  /** Why it is no candidate, in words. */
  readonly reason: string
}

export interface Ranking {
  /** Candidates, the one that acts first in front. */
  readonly rank: readonly MemberId[]
  readonly excluded: readonly Excluded[]
}

/**
 * Under what the members are ranked for an execution: each tick anew, where the job has been, or where the
 * others with the same label are; shards one by one.
 */
export function placementKey(
  { placement, meta }: Pick<Groups, 'placement' | 'meta'>,
  job: JobName,
  execution: ExecutionId,
  slot: Slot,
): string {
  const { affinity, shards } = placement
  const isTick = affinity === 'tick'
  const name = affinity.startsWith('key:') ? affinity.slice(4) : ''
  const label = Object.hasOwn(meta.labels, name) ? meta.labels[name] : undefined
  const of = label ?? (isTick ? execution : job)
  if (shards !== null) return rankKey('shard', `${of}.${slot}`)
  if (label !== undefined) return rankKey('key', label)
  return rankKey(isTick ? 'tick' : 'job', of)
}

/** Candidates for a start planned at `plannedMs`, ranked under a key. */
export function rankCandidates(
  key: string,
  demand: Demand,
  members: readonly PlacementMember[],
  plannedMs: number,
  settleMs: number,
): Ranking {
  const excluded: Excluded[] = []
  const fit: NodeRecord[] = []
  for (const member of members) {
    const reason = exclusion(demand, member, plannedMs, settleMs)
    if (reason === undefined) fit.push(member.record)
    else excluded.push({ member: member.record.member, reason })
  }
  const engine = demand.timing.timezone === 'UTC' ? undefined : commonEngine(fit)
  const candidates = fit.filter((record) => engine === undefined || engineOf(record) === engine)
  for (const record of fit) {
    if (candidates.includes(record)) continue
    excluded.push({
      member: record.member,
      reason: `its scheduler and time zone data (${engineOf(record)}) differ from most (${engine})`,
    })
  }
  const order = rankMembers(
    key,
    candidates.map((record) => ({ id: record.member, weight: attrsAt(record, plannedMs).weight })),
  ) as readonly MemberId[]
  return { rank: skewedLast(order, candidates), excluded }
}

/** The attributes in force at a planned start. */
export function attrsAt(record: NodeRecord, plannedMs: number): NodeRecord['attrs'] {
  return plannedMs >= record.attrsFromMs ? record.attrs : (record.prevAttrs ?? record.attrs)
}

function exclusion(
  demand: Demand,
  { record, state }: PlacementMember,
  plannedMs: number,
  settleMs: number,
): string | undefined {
  const { tags, where } = demand.placement
  const attrs = attrsAt(record, plannedMs)
  if (record.eligibleFromMs === 0) return 'it is not ready yet'
  if (record.eligibleFromMs > plannedMs - settleMs) return 'it joined too short a time before'
  if (record.leaveAtMs !== null && plannedMs >= record.leaveAtMs) return 'it has left by then'
  if (state === 'down' || state === 'left') return `it is ${state}`
  for (const [key, value] of Object.entries(tags)) {
    if (attrs.tags[key] !== value) return `it lacks the tag ${key}=${value}`
  }
  if (!attrs.roles.includes('executor')) return 'its certificate does not let it run jobs'
  if (!attrs.accepts) return 'it accepts no work'
  if (attrs.cordoned) return 'it is cordoned'
  const executor = executorOf(demand.action.run)
  if (!attrs.executors.includes(executor)) {
    return executor.startsWith('plugin:')
      ? `it does not run ${executor}`
      : `its owner's policy does not allow ${executor}`
  }
  const profile = profileOf(demand.action.run)
  if (!attrs.profiles.includes(profile)) return `its owner's policy has no profile ${profile}`
  if (record.clock.state === 'unsynced') return 'its clock is unsynced'
  if (where === null) return undefined
  const { holds, because } = judgeWhere(where, attrs.facts)
  return holds === true ? undefined : `${because}, and the job wants ${where}`
}

const engineOf = (record: NodeRecord): string => `${record.engine}, ${record.timezoneData}`

/** The most common engine; among equally common ones the greatest text. */
function commonEngine(records: readonly NodeRecord[]): string | undefined {
  const counts = new Map<string, number>()
  for (const record of records) {
    counts.set(engineOf(record), (counts.get(engineOf(record)) ?? 0) + 1)
  }
  let best: string | undefined
  for (const [engine, count] of counts) {
    const most = best === undefined ? -1 : counts.get(best)!
    if (count > most || (count === most && engine > best!)) best = engine
  }
  return best
}

/** A member whose clock is wrong but followed acts after all others. */
function skewedLast(
  order: readonly MemberId[],
  records: readonly NodeRecord[],
): readonly MemberId[] {
  const skewed = new Set(
    records.filter(({ clock }) => clock.state === 'skewed').map(({ member }) => member),
  )
  if (skewed.size === 0) return order
  return [...order.filter((id) => !skewed.has(id)), ...order.filter((id) => skewed.has(id))]
}
