// The same once more. What somebody asked for is asked for again with the same parameters; a tick gets a
// replay, `name@T+1`, with the next number that nobody has used. A replay is due when it is asked for, so
// its record lives as long as that of any other dispatch and its fence grows; which tick it repeats is in
// its id.

import { hash64, hex64 } from '../hash.ts'
import { executionId, type ExecutionId, type JobName } from '../ids.ts'
import { limits } from '../limits.ts'
import { ok, refuse, type Result } from '../result.ts'
import type { Ledger } from './ledger.ts'
import type { Ask, Order } from './order.ts'

/** A tick and the number of its replay; undefined: the id is of no tick. */
export function tickOf(
  execution: string,
): { readonly tick: string; readonly dueMs: number } | undefined {
  const match = /^(.+@(\d{1,16}))(?:\+\d{1,10})?$/.exec(execution)
  return match === null ? undefined : { tick: match[1]!, dueMs: Number(match[2]) }
}

/** The key under which a request for a replay is remembered. */
export const replayKey = (tick: string, key: string): string => hex64(hash64(`D|${tick}|${key}`))

/** The next replay of a tick from a number on, or the one that this key stands for. */
export function nextReplay(
  ledger: Ledger,
  tick: string,
  { key, from }: { readonly key: string; readonly from: number },
): Result<ExecutionId> {
  for (let number = 1; number <= limits.replaysMax; number++) {
    const id = executionId(`${tick}+${number}`)
    const isKnown = ledger.has(id)
    if (isKnown && orderOf(ledger, id)?.key === key) return ok(id)
    if (!isKnown && number >= from) return ok(id)
  }
  const message = `${tick} was run again ${limits.replaysMax} times`
  return refuse('MC_BUSY', message, 'run the job itself instead')
}

/** What was asked for with an execution, as far as this node remembers. */
export function orderOf(ledger: Ledger, id: ExecutionId): Order | undefined {
  const records = ledger.slots(id).flatMap((slot) => ledger.attempts(id, slot))
  return records.find(({ record }) => record.order !== undefined)?.record.order
}

/** The order of what is to be done again. */
export function askAgain(ledger: Ledger, id: ExecutionId, job: JobName): Result<Ask> {
  const isTick = tickOf(id) !== undefined
  if (!isTick && !ledger.has(id)) {
    const hint = `run the job with its parameters: meshcron job run ${job}`
    return refuse('MC_UNKNOWN_EXECUTION', `what was asked for with ${id} is forgotten`, hint)
  }
  const { params, overlap, respectCalendars, on } = orderOf(ledger, id) ?? {}
  return ok({
    ...(params === undefined ? {} : { params }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(respectCalendars === undefined ? {} : { respectCalendars }),
    ...(on === undefined || on === null ? {} : { on }),
    evenIfPaused: true,
  })
}
