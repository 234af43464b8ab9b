// `notify: [{ on: [failure, recovered], via: ops, after: 3 }]`: what is told to people. What a channel
// is stands in the configuration of the nodes, because its address and its secret are their owners'.

import { limits } from '../limits.ts'
import {
  fleetEvents,
  jobEvents,
  noNotify,
  type Notify,
  type NoticeEvent,
  type NotifyRule,
} from '../notify/rule.ts'
import { calendarName } from './document-calendar.ts'
import { list, set } from './shape-collection.ts'
import { type Advice, field, type Fields, record } from './shape-record.ts'
import { duration } from './shape-time.ts'
import { bad, choice, integer, nullable, type Shape, text } from './shape.ts'

/** The name of a channel. */
export const channelName: Shape<string> = text({
  name: 'the name of a channel',
  hint: 'use a-z, 0-9, _ and -, as in the channels of the nodes',
  min: 1,
  max: 63,
  pattern: '^[a-z0-9][a-z0-9_\\-]*$',
})

const advice: Advice = {
  channel: 'did you mean "via"?',
  events: 'did you mean "on"?',
  webhook: 'name a channel: via: ops; the nodes say what it is',
  email: 'name a channel: via: ops; the nodes say what it is',
}

/** A rule about these events. */
export function rule(events: readonly NoticeEvent[]): Shape<NotifyRule> {
  const order = (a: NoticeEvent, b: NoticeEvent): number => events.indexOf(a) - events.indexOf(b)
  const hint = 'write on: [failure, recovered]'
  const on = set(choice(events), { min: 1, max: events.length, hint, single: true }, order)
  return record<NotifyRule>(
    {
      on: field('on', on, 'what is told'),
      via: field('via', channelName, 'the channel'),
      after: field('after', integer(1, 16), 'bad ticks in a row before it is told', 1),
      recoverAfter: field('recoverAfter', integer(1, 16), 'good ones before it is over', 1),
      remindMs: field('remind', nullable(duration(60_000)), 'told again while it lasts', null),
      mute: field('mute', nullable(calendarName), 'calendar that silences it', null),
      lateStartMs: field('lateStart', duration(1_000), 'from when a start is late', 30_000),
      overMs: field('over', nullable(duration(1_000)), 'from when a run is long', null),
      factorTenths: field('factor', factor, 'or from how many times the usual', 20),
    },
    advice,
  )
}

/** A multiple with one decimal: fractions do not survive every codec. */
const factor: Shape<number> = {
  parse: (value, path) => {
    if (typeof value === 'number' && value >= 1.1 && value <= 1_000) {
      return { ok: true, value: Math.round(value * 10) }
    }
    return bad(path, 'wants a multiple', 'use a number from 1.1 to 1000: factor: 2')
  },
  check: integer(11, 10_000).check,
  print: (value) => value / 10,
  schema: { type: 'number', minimum: 1.1, maximum: 1_000 },
}

const listed = list(rule(jobEvents), {
  min: 0,
  max: limits.notifyRulesMax,
  hint: 'write notify: [{ on: [failure], via: ops }]',
})
const fleetEvent = (value: unknown): boolean => fleetEvents.some((event) => event === value)

/** What happens to members is no job's to say. */
const rules: Shape<Notify['rules']> = {
  ...listed,
  parse: (value, path) => {
    const entries: readonly unknown[] = Array.isArray(value) ? value : []
    for (const [i, entry] of entries.entries()) {
      const { on } = (entry ?? {}) as { readonly on?: unknown }
      const found = [on].flat().find(fleetEvent)
      if (found === undefined) continue
      const hint = 'write it into the notify list of a node: docs/reference/notifications.md'
      return bad(
        `${path}[${i}].on`,
        `${JSON.stringify(found)} is about the fleet, not about a job`,
        hint,
      )
    }
    return listed.parse(value, path)
  },
}

/** What a job says about notifications. */
export const notify: Fields<Notify> = {
  rules: field('notify', rules, 'what is told to whom', noNotify.rules),
  expectEveryMs: field(
    'expectEvery',
    nullable(duration(60_000)),
    'longest time between two successes; absent: each tick is looked for',
    noNotify.expectEveryMs,
  ),
}
