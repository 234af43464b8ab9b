import Type from 'typebox'
import { executionItemSchema } from './execution.ts'
import type { ExecutionItem } from './execution.ts'
import { closed, flag, instant, oneOf, text } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** Something that the application tells to those who watch. */
export type Happening =
  | { readonly type: 'execution'; readonly execution: ExecutionItem }
  | {
      readonly type: 'job'
      readonly job: string
      readonly change: 'put' | 'deleted' | 'conflict'
    }
  | {
      readonly type: 'calendar'
      readonly calendar: string
      readonly change: 'put' | 'deleted' | 'conflict'
    }
  | {
      readonly type: 'member'
      readonly member: string
      readonly name: string
      readonly state: string
    }
  /** About the node itself: `ready`, `isolated`, `clock`, `store` … */
  | { readonly type: 'node'; readonly what: string; readonly detail: string }
  /** Events that the watcher has not seen cannot be told any more: read the state again. */
  | { readonly type: 'gap'; readonly restarted: boolean }

/** One message of the event stream; `id` goes into `Last-Event-ID`. */
export type Event = Happening & { readonly id: string; readonly at: Instant }

const base = { id: text, at: instant }

/** Schema of {@link Event}. */
export const eventSchema: SchemaOf<Event> = Type.Unsafe(
  Type.Union([
    closed({ ...base, type: oneOf('execution'), execution: executionItemSchema }),
    closed({ ...base, type: oneOf('job'), job: text, change: oneOf('put', 'deleted', 'conflict') }),
    closed({
      ...base,
      type: oneOf('calendar'),
      calendar: text,
      change: oneOf('put', 'deleted', 'conflict'),
    }),
    closed({ ...base, type: oneOf('member'), member: text, name: text, state: text }),
    closed({ ...base, type: oneOf('node'), what: text, detail: text }),
    closed({ ...base, type: oneOf('gap'), restarted: flag }),
  ]),
)
