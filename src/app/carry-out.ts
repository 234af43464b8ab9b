// The order in which the effects of a turn are carried out: everything that is to be stored, in one
// transaction for all steps; then what is sent; then what is started and stopped; then answers and
// reports. A step whose own word could not be stored says and starts nothing; one that only passes on
// what others said goes on, so that a node with a full disk still hears and is heard.

import type { Effect, Write } from '../core/effect.ts'
import type { ExecutionReport } from '../core/event.ts'
import type { AttemptId } from '../core/ids.ts'
import type { Executor } from '../ports/executor.ts'
import type { StoreError } from '../ports/store.ts'

/** What carries out one effect; each takes the effects it knows and leaves the others. */
export interface Hands {
  /** Throws {@link StoreError}: then nothing was written. */
  commit(writes: readonly Write[], durability: 'full' | 'normal'): void
  /** A transaction was written. */
  stored(): void
  /** Nothing of `writes` was stored, nothing of `unstarted` will start. */
  failed(failure: StoreError, writes: readonly Write[], unstarted: readonly AttemptId[]): void
  send(effect: Effect): void
  start(effect: Effect): void
  /** `isSafe` is false when the step's own word is not stored. */
  tell(effect: Effect, isSafe: boolean): void
}

/** Carries out the effects of several steps, which share one transaction. */
export function carryOut(steps: readonly (readonly Effect[])[], hands: Hands): void {
  const isStored = persist(steps, hands)
  const isSafe = (step: readonly Effect[]): boolean => isStored || !step.some(isOwnWord)
  for (const step of steps) if (isSafe(step)) for (const effect of step) hands.send(effect)
  for (const step of steps) if (isSafe(step)) for (const effect of step) hands.start(effect)
  for (const step of steps) for (const effect of step) hands.tell(effect, isSafe(step))
}

/** Starts an attempt, unless it was held up until others have taken it over: then it has not run. */
export function launchInTime(
  { launch, untilMs }: Extract<Effect, { readonly kind: 'start' }>,
  monoMs: number,
  executor: Pick<Executor, 'launch'>,
  report: (report: ExecutionReport) => void,
): void {
  if (monoMs <= untilMs) return executor.launch(launch)
  const detail = 'this node stood still until it was too late'
  const nothing = { exit: null, outputBytes: 0, outputDropped: 0 }
  report({ kind: 'ended', attempt: launch.attempt, reason: 'spawn', detail, ...nothing })
}

/** A claim, an end, a client's write, an incarnation of this node: durable before it is said. */
const isOwnWord = (effect: Effect): boolean =>
  effect.kind === 'persist' && effect.durability === 'full' && effect.isAgain !== true

/** Commits all writes of a turn; false when that failed. */
function persist(steps: readonly (readonly Effect[])[], hands: Hands): boolean {
  const writes: Write[] = []
  let durability: 'full' | 'normal' = 'normal'
  for (const step of steps) {
    for (const effect of step) {
      if (effect.kind !== 'persist') continue
      writes.push(...effect.writes)
      if (effect.durability === 'full') durability = 'full'
    }
  }
  if (writes.length === 0) return true
  try {
    hands.commit(writes, durability)
  } catch (error) {
    const unstarted = steps
      .flat()
      .flatMap((effect): readonly AttemptId[] =>
        effect.kind === 'start' ? [effect.launch.attempt] : [],
      )
    hands.failed(error as StoreError, writes, unstarted)
    return false
  }
  hands.stored()
  return true
}
