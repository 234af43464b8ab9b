import assert from 'node:assert/strict'
import type { Checker, History } from '../../../src/simulation/history.ts'

/** The checker finds nothing. */
export function clean(checker: Checker, history: History, why = ''): void {
  const found = checker.check(history).map(({ message }) => message)
  assert.deepEqual(found, [], why)
}

/** The checker finds something whose message fits. */
export function flagged(checker: Checker, history: History, message: RegExp, why = ''): void {
  const found = checker.check(history).map((violation) => violation.message)
  assert.ok(
    found.some((text) => message.test(text)),
    `${why}: ${message.source} not in ${JSON.stringify(found)}`,
  )
}
