// C2: one attempt starts once; a second start needs an excuse that the history proves. Where the job may
// start at most once there is only one: a disk that forgot what it had promised, and nobody knew.

import type { Checker, History, NodeIndex, Violation } from '../history.ts'
import { attemptsOf, type Run } from './attempts.ts'
import { groundOf, type Ground } from './ground.ts'
import { Tally } from './tally.ts'

/** A claim that nobody received within this did not leave its node. */
const unheardMs = 1_000

/** What makes a second start no violation. */
type Excuse = 'no-path' | 'restarted' | 'unheard' | 'forgotten' | 'rolled-back'

/** C2. */
export class DuplicatesChecker implements Checker {
  readonly name = 'C2'
  #tally = new Tally()

  get stats(): Readonly<Record<string, number>> {
    return this.#tally.counts
  }

  check(history: History): readonly Violation[] {
    this.#tally = new Tally()
    const violations: Violation[] = []
    const voted = votedIn(history)
    for (const runs of attemptsOf(history).attempts()) {
      this.#tally.add('attempts')
      if (voted.has(generationOf(runs[0]!.start))) this.#tally.add('attempts.voted')
      for (const [index, second] of runs.entries()) {
        for (const first of runs.slice(0, index)) {
          const isVoted = voted.has(generationOf(first.start))
          const found = this.#judge(history, first, second, isVoted)
          if (found !== undefined) violations.push(found)
        }
      }
    }
    return violations
  }

  #judge(history: History, first: Run, second: Run, isVoted: boolean): Violation | undefined {
    const ground = groundOf(history)
    const plannedMs = first.start.dueMs ?? first.start.atMs
    const fault = ground.classOf(plannedMs - 30_000, second.start.atMs)
    const excuse = isVoted
      ? rolledBack(history, second.start.atMs)
      : excuseOf(ground, first, second)
    this.#tally.add('duplicates', fault)
    this.#tally.add(`duplicates.${excuse ?? 'unexcused'}`, fault)
    if (excuse !== undefined) return undefined
    const { node, atMs, attempt, job, execution } = second.start
    const afterMs = atMs - first.start.atMs
    const message = `${attempt} ran on node ${first.start.node} and, ${afterMs} ms later, on node ${node}`
    return { property: 'C2', message, atMs, job, execution }
  }
}

const generationOf = ({ job, generation }: { job: string; generation: number }): string =>
  `${job}~${generation}`

/** Jobs, with their generation, that may start at most once. */
function votedIn({ entries }: History): ReadonlySet<string> {
  const voted = new Set<string>()
  for (const entry of entries) {
    if (entry.kind !== 'def.ack') continue
    if (entry.definition.delivery.promised.mode === 'at-most-once') voted.add(generationOf(entry))
  }
  return voted
}

function rolledBack({ entries }: History, byMs: number): Excuse | undefined {
  const isSo = entries.some(({ kind, atMs }) => kind === 'store.rolledBack' && atMs <= byMs)
  return isSo ? 'rolled-back' : undefined
}

/** Instant from which a path had to last: before the tick was due, or before the first start. */
function talksFrom({ start }: Run): number {
  return start.number > 1 || start.dueMs === null ? start.atMs : Math.min(start.dueMs, start.atMs)
}

function excuseOf(ground: Ground, first: Run, second: Run): Excuse | undefined {
  const [a, b] = [first.start.node, second.start.node]
  const secondMs = second.start.atMs
  const claims = attemptsOf(ground.history).claims(first.start.attempt, a)
  // what comes between its own durable claim and the process keeps no node from starting
  const decidedMs = a === b ? secondMs : claimedAt(ground, second)
  const hasForgotten = (node: NodeIndex, byMs: number = secondMs): boolean => {
    const stored = claims.filter((claim) => claim.node === node && claim.atMs <= byMs)
    if (stored.length === 0) return true
    return ground.nodes[node]!.losses.some(({ atMs, keptUntilMs, isUnsyncedOnly }) =>
      stored.every(
        (claim) =>
          claim.atMs <= atMs &&
          atMs <= secondMs &&
          claim.atMs > keptUntilMs &&
          !(isUnsyncedOnly && claim.synced),
      ),
    )
  }
  if (!hasForgotten(b, decidedMs)) return undefined
  if (isUnheard(ground, first, secondMs)) return 'unheard'
  if (ground.nodes.every((_, node) => hasForgotten(node))) return 'forgotten'
  if (a === b) return undefined
  const fromMs = talksFrom(first) - ground.history.scenery.timers.settleMs
  if (!ground.hasPath(a, b, fromMs, secondMs, talksFrom(first) - unheardMs)) {
    const wasUp = [a, b].every((node) => ground.nodes[node]!.up.covers(fromMs, secondMs))
    if (wasUp) return 'no-path'
    const isTold = claims.some(
      (claim) =>
        claim.node !== a &&
        claim.atMs < secondMs - unheardMs &&
        !hasForgotten(claim.node) &&
        canAsk(ground, b, claim.node, fromMs, secondMs),
    )
    return isTold ? undefined : 'restarted'
  }
  return undefined
}

/** When a node had its own claim of what it started on its disk. */
function claimedAt(ground: Ground, { start: { attempt, node, atMs } }: Run): number {
  const own = attemptsOf(ground.history)
    .claims(attempt, node)
    .findLast((claim) => claim.node === node && claim.atMs <= atMs)
  return own?.atMs ?? atMs
}

/** Whoever asks about a dead member asks those who could see it, and is answered by this one. */
function canAsk(
  ground: Ground,
  asker: NodeIndex,
  asked: NodeIndex,
  fromMs: number,
  toMs: number,
): boolean {
  const areSteady = [asker, asked].every((index) => {
    const { up, starting, stalled } = ground.nodes[index]!
    return up.covers(fromMs, toMs) && !starting.meets(fromMs, toMs) && !stalled.meets(fromMs, toMs)
  })
  return areSteady && ground.isLinked(asker, asked, fromMs, toMs)
}

/** The first one died or hung before anybody had its claim. */
function isUnheard(ground: Ground, first: Run, secondMs: number): boolean {
  const { node, atMs, attempt } = first.start
  const claims = attemptsOf(ground.history).claims(attempt, node)
  const claimedMs = claims.find((claim) => claim.node === node)?.atMs ?? atMs
  if (claims.some((claim) => claim.node !== node && claim.atMs < secondMs)) return false
  const { up, stalled } = ground.nodes[node]!
  const isUp = up.covers(claimedMs, Math.min(secondMs, atMs + unheardMs))
  return !isUp || stalled.longerThan(unheardMs).meets(claimedMs, atMs + unheardMs)
}
