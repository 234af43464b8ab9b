// What an HTTP job asks of the body of its answer.

import type { Run } from '../../core/jobs/definition.ts'

type HttpRun = Extract<Run, { kind: 'http' }>

/** A pattern may take for ever on the wrong text, and everything here waits meanwhile. */
const patternMs = 100

/** Whether the body has to be looked at. */
export const looksAtBody = (run: HttpRun): boolean =>
  run.expectContains !== null || run.expectMatches !== null || run.expectJson !== null

/** What the body lacks; undefined when it is as expected. */
export function unmet(run: HttpRun, body: string): string | undefined {
  const { expectContains, expectMatches, expectJson } = run
  if (expectContains !== null && !body.includes(expectContains)) {
    return `the body lacks ${shown(expectContains)}`
  }
  const mismatch = expectMatches === null ? undefined : unmatched(expectMatches, body)
  return mismatch ?? (expectJson === null ? undefined : unequal(expectJson, body))
}

function unmatched(pattern: string, body: string): string | undefined {
  const { runInNewContext } = process.getBuiltinModule('node:vm')
  try {
    const isMatch: unknown = runInNewContext(
      "new RegExp(pattern, 'u').test(body)",
      { pattern, body },
      { timeout: patternMs },
    )
    return isMatch === true ? undefined : `the body does not match ${shown(pattern)}`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      ? `the pattern ${shown(pattern)} takes more than ${patternMs} ms on this body`
      : message.slice(0, 200)
  }
}

function unequal(expected: string, body: string): string | undefined {
  let found: unknown
  try {
    found = JSON.parse(body)
  } catch {
    return 'the body is no JSON'
  }
  const { isDeepStrictEqual } = process.getBuiltinModule('node:util')
  for (const [pointer, value] of Object.entries(JSON.parse(expected) as object)) {
    const actual = valueAt(found, pointer)
    if (isDeepStrictEqual(actual, value)) continue
    const is = actual === undefined ? 'nothing' : shown(actual)
    return `the body has ${is} at ${JSON.stringify(pointer.slice(0, 80))}, expected ${shown(value)}`
  }
  return undefined
}

/** The value that a JSON pointer (RFC 6901) names. */
function valueAt(root: unknown, pointer: string): unknown {
  let value = root
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

const shown = (value: unknown): string => JSON.stringify(value).slice(0, 80)
