import type { Calendar } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import { reading } from '../../context.ts'
import type { Define } from '../../context.ts'
import { oneLine, showOne } from '../../output.ts'

export const define: Define = (command, io) => {
  command.argument('<calendar>', 'name of the calendar').action(
    reading(io, async ({ client, format }, name) => {
      const calendar = await client.get<Calendar>(apiPath`/calendars/${name}`)
      const { stringify } = await import('yaml')
      const document = stringify(calendar.document).trimEnd().split('\n')
      const lost = calendar.conflicts.flatMap(({ losers }) =>
        losers.map(({ value, at }) => `lost  ${JSON.stringify(value)}  of ${at}`),
      )
      const lines = (): readonly string[] => [...document, ...lost].map(oneLine)
      await showOne(io, format, { value: calendar, name, lines })
    }),
  )
}
