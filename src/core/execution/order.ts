// What somebody who asks for an execution wants of it. It travels in every record of that execution, so
// that any member can start it, try it again, and do the same once more later.

import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { readMember } from '../wire/forms.ts'
import {
  bool,
  dictionary,
  hex,
  nullable,
  oneOf,
  optional,
  record,
  text,
  u53,
  type Reader,
} from '../wire/read.ts'

export interface Order {
  /** Parameters with the defaults of then. */
  readonly params: Readonly<Record<string, string>>
  /** What it does while another execution is open; null: what the job says. */
  readonly overlap: 'skip' | 'allow' | null
  /** Calendars deny it as they deny ticks. */
  readonly respectCalendars: boolean
  /** The only member that may run it; null: whoever ranks first. */
  readonly on: MemberId | null
  /** When it was asked for, cluster time. */
  readonly askedMs: number
  /** Of a replay: hash of the caller's key. */
  readonly key?: string
}

/** The same, and what is no part of what is recorded. */
export interface Ask {
  readonly params?: Readonly<Record<string, unknown>>
  readonly overlap?: Order['overlap']
  readonly respectCalendars?: boolean
  readonly on?: MemberId
  /** Also when the job is paused. */
  readonly evenIfPaused?: boolean
}

const readParams: Reader<Readonly<Record<string, string>>> = (value) =>
  Object.fromEntries(
    dictionary(
      text({ max: 64, form: /^[A-Za-z_][A-Za-z0-9_]*$/ }),
      text({ max: limits.paramsBytesMax }),
      { max: limits.paramsMax },
    )(value),
  )

export const readOrder: Reader<Order> = record({
  params: readParams,
  overlap: nullable(oneOf('skip', 'allow')),
  respectCalendars: bool,
  on: nullable(readMember),
  askedMs: u53,
  key: optional(hex(16)),
})

/** Whether two members were asked for the same. */
export const isSameOrder = (a: Order | undefined, b: Order | undefined): boolean =>
  keyOf(a) === keyOf(b)

const keyOf = (order: Order | undefined): string =>
  JSON.stringify([
    Object.entries(order?.params ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    order?.overlap ?? null,
    order?.respectCalendars ?? false,
    order?.on ?? null,
  ])
