// The facts of one tick in words, in the order in which they are judged: paused, when, where, who was
// asked, overlap, attempts, outcome.

import { isSettled } from '../../core/execution/ledger.ts'
import type { ExecutionRecord } from '../../core/execution/record.ts'
import type { Watch } from '../../core/execution/takeover.ts'
import { isPaused } from '../../core/forecast.ts'
import { attemptId, type ExecutionId, type JobName } from '../../core/ids.ts'
import type { Job } from '../../core/jobs/catalog.ts'
import type { Node } from '../../core/node.ts'
import type { Ranking } from '../../core/placement/candidates.ts'
import { majorityOf } from '../../core/register/register.ts'
import { judgeTick } from '../../core/scheduler/judge-tick.ts'
import { plannedStart, previousTick } from '../../core/scheduler/tick.ts'
import type { CalendarUse } from '../../core/scheduler/calendar.ts'
import type { ExecutionRow } from '../../ports/store.ts'
import { whereDenied } from '../policy-file.ts'
import { dependencyFacts } from './dependencies.ts'
import { hasClaim } from './execution-item.ts'
import { labelOf, toInstant, type Scene } from './scene.ts'

/** What is explained, with all that is known of it. */
export interface Subject {
  /** The definition as it is now; undefined when the job is deleted or was made anew since. */
  readonly job: Job | undefined
  readonly name: JobName
  readonly dueMs: number
  readonly execution: ExecutionId
  /** Every attempt, oldest first. */
  readonly rows: readonly ExecutionRow[]
  /** The row that speaks for it; undefined when nothing is recorded. */
  readonly head: ExecutionRow | undefined
  /** Said first, when the tick is not the one that was asked for. */
  readonly hint: string | undefined
  readonly ranking: Ranking
  /** Attempts that are waited for on this node. */
  readonly watches: readonly Watch[]
}

/** Everything known about the subject, one sentence each. */
export function factsOf(scene: Scene, subject: Subject): readonly string[] {
  const { job } = subject
  const facts = [
    ...(subject.hint === undefined ? [] : [subject.hint]),
    ...(job === undefined
      ? ['the definition of then is gone: when and where cannot be worked out any more']
      : [
          ...pauseFacts(scene, subject, job),
          ...timeFacts(scene, subject, job),
          ...placementFacts(scene.node, subject, job),
          ...policyFacts(scene, job),
        ]),
    ...watchFacts(scene.node, subject),
    ...(job === undefined ? [] : overlapFacts(scene.node, subject, job)),
    ...attemptFacts(scene.node, subject),
    ...outcomeFacts(scene, subject),
  ]
  return facts.map((fact) => withLabels(scene.node, fact))
}

function pauseFacts(scene: Scene, { dueMs }: Subject, job: Job): readonly string[] {
  if (!job.isSupported)
    return ['a newer version of meshcron wrote it: this node does not act on it']
  const { enabled } = job.groups
  if (!isPaused(job, Math.max(dueMs, scene.nowMs()))) return ['the job is enabled']
  const until = enabled.untilMs === null ? '' : ` until ${toInstant(enabled.untilMs)}`
  return [`the job is paused${until}${enabled.note === '' ? '' : `: ${enabled.note}`}`]
}

function timeFacts(
  scene: Scene,
  { dueMs, head, ranking, execution, watches }: Subject,
  job: Job,
): readonly string[] {
  const { timing } = job.groups
  if (timing.after.length > 0 && head?.record.trigger !== 'dispatch') {
    const root = rootOf(scene.node, execution, watches)
    return dependencyFacts(scene.node, job, root)
  }
  if (head?.record.trigger === 'dispatch') {
    return [`it was dispatched at ${toInstant(dueMs)}, not due by the schedule`]
  }
  if (previousTick(job.name, timing, dueMs) !== dueMs) {
    return ['the schedule as it is now has no such tick']
  }
  const memberId = job.groups.placement.every ? ranking.rank[0] : undefined
  const isPerMember = memberId !== undefined && timing.jitterPer === 'member'
  const uses = scene.node.replica.catalog.usesOf(job)
  const { plannedMs, cutoffMs, deniedBy } = judgeTick(job, uses, dueMs, memberId)
  const jitterMs = plannedStart(job.name, timing, dueMs, memberId) - dueMs
  const jitter = jitterMs === 0 ? '' : ` (jitter of ${jitterMs} ms)`
  return [
    ...(isPerMember ? ['each node has a jitter of its own, this is that of rank 0'] : []),
    `due at ${toInstant(dueMs)}, planned start ${toInstant(plannedMs)}${jitter}`,
    ...calendarFacts(uses, { denied: deniedBy, shiftMs: plannedMs - dueMs - jitterMs }),
    `no first attempt starts after ${toInstant(cutoffMs)}`,
  ]
}

/** The root of a child, from what this node watches or remembers. */
function rootOf(
  { executions: { ledger } }: Node,
  execution: ExecutionId,
  watches: Subject['watches'],
): ExecutionId | undefined {
  const records = ledger.slots(execution).flatMap((slot) => ledger.attempts(execution, slot))
  return records.find(({ record }) => record.root !== undefined)?.record.root ?? watches[0]?.root
}

/** What the calendars say, as they are now. */
function calendarFacts(
  uses: readonly CalendarUse[],
  verdict: { readonly denied: string | undefined; readonly shiftMs: number },
): readonly string[] {
  if (uses.length === 0) return []
  if (verdict.denied !== undefined) return [`the calendar ${verdict.denied} denies this start`]
  const names = uses.map(({ name }) => name).join(', ')
  return verdict.shiftMs > 0
    ? [`the calendars ${names} move the start by ${verdict.shiftMs} ms`]
    : [`the calendars ${names} allow this start`]
}

function placementFacts(
  node: Node,
  { ranking, head, dueMs }: Subject,
  job: Job,
): readonly string[] {
  const { rank, excluded } = ranking
  const all = rank.length + excluded.length
  const [first] = rank
  if (first === undefined) return [`none of ${all} members is a candidate`]
  const facts = [
    `${rank.length} of ${all} members are candidates, ${labelOf(node, first)} ranks first`,
  ]
  const { seats } = job.groups.life
  if (seats.length > 0) {
    const names = seats.map(({ member }) => labelOf(node, member)).join(', ')
    facts.push(`at most once: ${majorityOf(seats.length)} of ${names} must agree to each start`)
  }
  if (job.groups.placement.every) facts.push('every candidate runs it in a slot of its own')
  const { count, shards } = job.groups.placement
  if (shards !== null) facts.push(`each of ${shards} shards has a ranking of its own`)
  else if (count > 1) facts.push(`the first ${count} have a slot each, the others stand in`)
  const isPast = head !== undefined || dueMs <= node.nowMs
  if (isPast) facts.push('the ranking is worked out with what is known of the members now')
  return facts
}

/** What the owner of this node has against it; others tell only names of their policies. */
function policyFacts({ node, policy }: Scene, job: Job): readonly string[] {
  const denial = node.owner.denialOf(job)
  if (denial === undefined) return []
  return [`this node does not run it: ${whereDenied(policy(), denial)}`]
}

/** Who was asked and what they said, as far as this node was part of it. */
function watchFacts(node: Node, { execution, rows, watches, head }: Subject): readonly string[] {
  const facts: string[] = []
  const slots = new Set(['0', node.membership.self, ...rows.map(({ record }) => record.slot)])
  const last = Math.max(1, ...rows.map(({ record }) => record.attempt))
  for (const slot of slots) {
    for (let number = 1; number <= last + 1; number += 1) {
      const attempt = attemptId(execution, slot, number)
      for (const note of node.executions.notesOf(attempt)) facts.push(`attempt ${number}: ${note}`)
    }
  }
  for (const watch of watches) facts.push(`attempt ${watch.number}: ${waitOf(node, watch)}`)
  const executor = head?.record.executor
  const isElsewhere =
    executor !== undefined && executor !== null && executor !== node.membership.self
  if (facts.length === 0 && isElsewhere) {
    facts.push(`whom ${labelOf(node, executor)} asked before it started is noted there only`)
  }
  return facts
}

function waitOf(node: Node, watch: Watch): string {
  switch (watch.phase.kind) {
    case 'waiting':
      return node.nowMs < watch.plannedMs
        ? `waits for its planned start ${toInstant(watch.plannedMs)}`
        : 'waits for better ranks to start it'
    case 'standby':
      return 'stands by: enough better ranks are alive'
    case 'watching':
      if (node.executions.claims.isSought(watch.attempt)) {
        return 'asks the roster for the right to start it'
      }
      return 'watches: this node is no candidate'
    case 'asking':
      return 'asks better ranks whether it was started'
    case 'relaying':
      return 'asks others about the better ranks that are silent'
    case 'nudged':
      return `has asked ${labelOf(node, watch.phase.member)} to start it, and waits for that`
  }
}

function overlapFacts(node: Node, { execution, name, head }: Subject, job: Job): readonly string[] {
  if (head?.record.phase === 'ended') return []
  const { overlap } = job.groups.delivery
  if (overlap === 'allow') return ['overlap: allow, so other executions do not matter']
  const { ledger } = node.executions
  const running = ledger.open(name).filter((other) => {
    const isRunning = ledger.slots(other).some((slot) => {
      const newest = ledger.newest(other, slot)?.record
      return newest !== undefined && !isSettled(newest) && newest.phase !== 'queued'
    })
    return other !== execution && isRunning
  })
  if (running.length === 0) return [`overlap: ${overlap}, and nothing else of the job is open now`]
  const open = `overlap: ${overlap}, and ${running.slice(0, 3).join(', ')} is open now`
  return [open, 'between nodes that cannot reach each other this is best effort']
}

function attemptFacts(node: Node, { rows }: Subject): readonly string[] {
  return rows.filter(({ record }) => hasClaim(record)).map(({ record }) => storyOf(node, record))
}

function storyOf(node: Node, record: ExecutionRecord): string {
  const { slot, attempt, executor, why, rank, claimedMs, startedMs, endedMs, outcome } = record
  const where = slot === '0' ? '' : ` of slot ${slot}`
  const parts = [
    `attempt ${attempt}${where}: ${labelOf(node, executor!)} (rank ${rank}) claimed it`,
    ...(claimedMs === null ? [] : [`at ${toInstant(claimedMs)}, ${why}`]),
    ...(startedMs === null ? [] : [`and started it at ${toInstant(startedMs)}`]),
  ]
  if (endedMs === null) return parts.join(' ')
  const exit = record.exit === null ? '' : `, exit code ${record.exit}`
  const reason = record.reason === '' ? '' : ` (${record.reason})`
  return `${parts.join(' ')}; ${outcome}${reason} at ${toInstant(endedMs)}${exit}`
}

const meanings: Readonly<Record<string, string>> = {
  'skipped-overlap': 'it did not run, because another execution of the job was open',
  'missed deadline': 'it did not run: nobody could start it before its deadline',
  'missed no-majority':
    'it did not run: too few members of its roster answered before its deadline, and at most once means not without them',
  'missed minority-hold':
    'it did not run: fewer than half of the members that match it could be seen, and the job holds then',
  'missed overtaken': 'it did not run: a later one had been claimed when its turn came',
  unknown:
    'whether it ran to its end is not known: its executor was allowed to start it and was not heard of again, so nobody starts it a second time',
  'missed policy': 'it did not run: it was late, and the misfire policy passes it over',
  'missed max':
    'it did not run: it was late, and newer ticks used up the max of the misfire policy',
  missed: 'it did not run: nobody was there to start it',
  paused: 'it did not run, because the job was paused',
  'no-eligible-node': 'it did not run: no member was a candidate until its deadline',
  blackout: 'it did not run, because a calendar denied its start',
  capped: 'it did not run, because the job had reached its limit',
  superseded: 'it did not run, because the job was changed before it was started',
}

function outcomeFacts(scene: Scene, { head, dueMs, execution, job }: Subject): readonly string[] {
  if (head === undefined) {
    if (dueMs > scene.nowMs()) return ['it is still to come']
    const isAfterWrite = job === undefined || dueMs > job.groups.timing.anchorMs
    return [
      isAfterWrite ? 'nothing is recorded of it here' : 'it is before the schedule was written',
    ]
  }
  const { record, duplicate } = head
  const facts: string[] = []
  if (record.count > 1) {
    const span = `${toInstant(record.dueMs)} to ${toInstant(record.throughMs)}`
    facts.push(`one record stands for ${record.count} ticks, ${span}`)
  }
  const meaning = meanings[`${record.outcome} ${record.reason}`] ?? meanings[`${record.outcome}`]
  if (meaning !== undefined) facts.push(meaning)
  if (record.nextAttemptAtMs !== null) {
    facts.push(`another attempt follows at ${toInstant(record.nextAttemptAtMs)}`)
  }
  if (duplicate) facts.push(`two members started one attempt of ${execution}`)
  return facts
}

/** Members by what people call them. */
function withLabels(node: Node, fact: string): string {
  return fact.replace(/[1-9A-HJ-NP-Za-km-z]{40,64}/g, (id) => labelOf(node, id))
}
