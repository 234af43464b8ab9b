// The one place where a test waits for time to pass: it asks for a fact again and again, until the
// fact is there or its deadline is over.

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

/** How many times longer than promised tests wait: machines are shared, a slow minute is no bug. */
export const slack: number = Number(process.env['MESHCRON_TEST_SLACK'] ?? 4)

const pollMs = 20

type Given<T> = Exclude<T, undefined | null | false | ''>

/**
 * Resolves with what `probe` answers as soon as it is something; fails with `what` when that is not
 * within `withinMs`, times the slack. A probe that throws is asked again.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  withinMs = 5_000,
): Promise<Given<T>> {
  const deadline = performance.now() + withinMs * slack
  let cause: unknown
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== null && answer !== false && answer !== '') {
        return answer as Given<T>
      }
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) break
    await pause(pollMs)
  }
  const last = cause instanceof Error ? `; last: ${cause.message}` : ''
  throw new assert.AssertionError({
    message: `not within ${withinMs} ms × ${slack}: ${what}${last}`,
  })
}

/** Resolves when this machine's clock shows the instant; for what must happen between two ticks. */
export async function untilClock(instantMs: number): Promise<void> {
  for (;;) {
    const leftMs = instantMs - Date.now()
    if (leftMs <= 0) return
    await pause(Math.min(leftMs, 1_000))
  }
}
