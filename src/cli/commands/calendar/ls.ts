import type { Calendar, CalendarList } from '../../answers.ts'
import { reading } from '../../context.ts'
import type { Define } from '../../context.ts'
import { showList } from '../../output.ts'

export const define: Define = (command, io) => {
  command.action(
    reading(io, async ({ client, format }) => {
      const calendars = await client.get<CalendarList>('/calendars')
      await showList<Calendar>(io, format, {
        value: calendars,
        rows: calendars.items,
        columns: [
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'TIMEZONE', cell: ({ document }) => timezoneOf(document) },
          { title: 'RULES', cell: ({ document }) => String(rulesOf(document).length) },
          { title: 'CONFLICTS', cell: ({ conflicts }) => conflicts.length.toString(), wide: true },
          { title: 'ETAG', cell: ({ etag }) => etag, wide: true },
        ],
        name: ({ name }) => name,
        empty: `no calendars yet; meshcron calendar create night --deny 'daily: "22:00-06:00"'`,
      })
    }),
  )
}

function timezoneOf({ timezone }: Calendar['document']): string {
  return typeof timezone === 'string' ? timezone : '-'
}

const rulesOf = (document: Calendar['document']): readonly unknown[] =>
  (document['rules'] as readonly unknown[] | undefined) ?? []
