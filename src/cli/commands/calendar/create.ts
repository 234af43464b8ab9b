import { parse } from 'yaml'
import type { CalendarWrite } from '../../answers.ts'
import { usage } from '../../cli-error.ts'
import { apiPath } from '../../client.ts'
import { action, collect } from '../../context.ts'
import type { Define } from '../../context.ts'
import { showOne } from '../../output.ts'

interface Flags {
  readonly timezone?: string
  readonly deny?: readonly string[]
  readonly allow?: readonly string[]
  readonly dryRun?: boolean
}

export const define: Define = (command, io) => {
  command
    .argument('<name>', 'name of the calendar; freeze applies to every job')
    .option('--timezone <zone>', 'IANA name')
    .option('--deny <rule>', `'daily: "22:00-06:00"', 'dates: [2026-12-25]'; repeatable`, collect)
    .option('--allow <rule>', 'no start outside of it; repeatable', collect)
    .option('--dry-run', 'only check it')
    .action(
      action<Flags>(io, async ({ client, format, options }, name) => {
        const { timezone, deny = [], allow = [], dryRun = false } = options
        const rules = [
          ...deny.map((rule) => ({ kind: 'deny', ...readRule('--deny', rule) })),
          ...allow.map((rule) => ({ kind: 'allow', ...readRule('--allow', rule) })),
        ]
        const body = { name, ...(timezone === undefined ? {} : { timezone }), rules }
        const calendar = await client.send<CalendarWrite>('PUT', apiPath`/calendars/${name}`, {
          body,
          query: { dryRun: dryRun ? 1 : undefined },
          headers: { 'if-none-match': '*' },
        })
        const line = `${name} ${dryRun ? 'would be' : 'is'} created`
        await showOne(io, format, { value: calendar, name, lines: () => [line] })
      }),
    )
}

/** A rule's body as YAML: `daily: "22:00-06:00"`, or in braces with more keys. */
function readRule(option: string, text: string): object {
  const hint = `write ${option} 'daily: "22:00-06:00"' or ${option} '{ cron: "0 0 * * SAT", for: 48h }'`
  try {
    const value: unknown = parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    throw usage(`${option}: ${JSON.stringify(text)} is no YAML`, hint)
  }
  throw usage(`${option}: ${JSON.stringify(text)} is no rule`, hint)
}
