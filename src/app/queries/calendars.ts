// Calendars as they are shown and written.

import type { PutJob } from '../../adapters/http/api.ts'
import type { Calendar, CalendarList, CalendarWrite } from '../../adapters/http/schema.ts'
import type { Reply } from '../../core/effect.ts'
import type { Command } from '../../core/event.ts'
import { calendarKey, calendarOfKey } from '../../core/ids.ts'
import { parseCalendar, toCalendarDocument, unknownCalendar } from '../../core/jobs/calendars.ts'
import type { Catalog, Job } from '../../core/jobs/catalog.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import { differencesOf } from './differences.ts'
import { toInstant, type Scene } from './scene.ts'

export class Calendars {
  readonly #scene: Scene
  readonly #command: (command: Command) => Promise<Reply>
  readonly #defaultTimezone: string

  constructor(
    components: {
      readonly scene: Scene
      readonly command: (command: Command) => Promise<Reply>
    },
    init: { readonly defaultTimezone: string },
  ) {
    this.#scene = components.scene
    this.#command = components.command
    this.#defaultTimezone = init.defaultTimezone
  }

  get #catalog(): Catalog {
    return this.#scene.node.replica.catalog
  }

  list(): CalendarList {
    return { items: this.#catalog.calendars().map(shown) }
  }

  get(name: string): Result<Calendar> {
    const found = this.#catalog.live(calendarKey(name))
    return found === undefined ? unknownCalendar(this.#catalog, name) : ok(shown(found))
  }

  async put(document: unknown, options: PutJob): Promise<Result<CalendarWrite>> {
    const parsed = parseCalendar(document, { defaultTimezone: this.#defaultTimezone })
    if (!parsed.ok) return parsed
    const { name, calendar } = parsed.value
    const before = this.get(name)
    if (options.mustBeNew && options.ifMatch !== undefined) {
      return refuse(
        'MC_BAD_INPUT',
        'the calendar is to be new and to have a version',
        'send one of If-Match and If-None-Match',
      )
    }
    const old = before.ok ? before.value : undefined
    const printed = toCalendarDocument(name, calendar)
    const differences = old === undefined ? [] : differencesOf(old.document, printed)
    if (options.dryRun) {
      const shown = { name, etag: old?.etag ?? '', document: printed, conflicts: [] }
      const isSame = differences.length === 0
      const change = old === undefined ? 'created' : isSame ? 'unchanged' : 'replaced'
      return ok({ ...shown, change, differences, dryRun: true })
    }
    const ifMatch = options.mustBeNew ? 'none' : options.ifMatch
    const reply = await this.#command({
      kind: 'putCalendar',
      calendar: name,
      value: calendar,
      ...(ifMatch === undefined ? {} : { ifMatch }),
    })
    if (!reply.ok) return { ok: false, refusal: reply.refusal }
    const after = this.get(name)
    if (!after.ok) return after
    const isSame = old?.etag === after.value.etag
    const change = old === undefined ? 'created' : isSame ? 'unchanged' : 'replaced'
    return ok({ ...after.value, change, differences, dryRun: false })
  }

  async remove(name: string, { ifMatch }: { readonly ifMatch?: string }): Promise<Result<void>> {
    const match = ifMatch === undefined ? {} : { ifMatch }
    const reply = await this.#command({ kind: 'removeCalendar', calendar: name, ...match })
    return reply.ok ? ok(undefined) : { ok: false, refusal: reply.refusal }
  }
}

function shown({ name: key, etag, groups, conflicts }: Job): Calendar {
  const name = calendarOfKey(key)!
  return {
    name,
    etag,
    document: toCalendarDocument(name, groups.calendar),
    conflicts: conflicts.map(({ group, winner, losers }) => ({
      group,
      winner,
      losers: losers.map(({ value, author, atMs }) => ({ value, author, at: toInstant(atMs) })),
    })),
  }
}
