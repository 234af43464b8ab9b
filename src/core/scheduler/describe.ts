// A schedule in words, for the command line and the API. What is not simple stays a pattern.

import type { Schedule } from './schedule.ts'

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

const units: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** Says when a schedule has ticks. */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'manually':
      return 'only when dispatched'
    case 'at':
      return `once at ${schedule.text}`
    case 'after':
      return `once as soon as possible after ${schedule.text.replace(/ ?< ?/, ', for at most ')}`
    case 'every':
      return `every ${describeInterval(schedule.everyMs)}`
    case 'cron':
      return describeCron(schedule.resolved, schedule.pattern, schedule.timezone)
  }
}

/** `90000` → `1 minute 30 seconds`; a single unit of one loses its number: `minute`. */
function describeInterval(everyMs: number): string {
  const parts: string[] = []
  let restMs = everyMs
  for (const [unit, ms] of units) {
    const count = Math.floor(restMs / ms)
    restMs -= count * ms
    if (count === 1 && restMs === 0 && parts.length === 0) return unit
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`)
  }
  return parts.join(' ')
}

function describeCron(resolved: string, pattern: string, timezone: string): string {
  const [second = '', minute = '', hour = '', dom = '', month = '', dow = '', year] =
    pattern.split(' ')
  const literal = `${resolved} ${timezone}`
  if (month !== '*' || year !== '*') return literal
  if (dom === '*' && dow === '*' && hour === '*') {
    const repeated = describeRepetition(resolved, second, minute)
    if (repeated !== undefined) return repeated
  }
  if (![second, minute, hour].every((field) => /^\d+$/.test(field))) return literal
  const time = [hour, minute, ...(second === '0' ? [] : [second])]
  const at = `at ${time.map((part) => part.padStart(2, '0')).join(':')} ${timezone}`
  if (dom === '*' && dow === '*') return `daily ${at}`
  if (dom === '*' && /^[\d,]+$/.test(dow)) {
    return `${dow
      .split(',')
      .map((day) => dayNames[Number(day)])
      .join(', ')} ${at}`
  }
  if (dow === '*' && /^[\d,]+$/.test(dom))
    return `day ${dom.replaceAll(',', ', ')} of the month ${at}`
  return literal
}

/** Patterns that repeat evenly within the hour, whatever the zone. */
function describeRepetition(resolved: string, second: string, minute: string): string | undefined {
  if (second === '*' && minute === '*') return 'every second'
  if (second === '0' && minute === '*') return 'every minute'
  if (second === '0' && /^\d+$/.test(minute)) return `every hour at minute ${minute}`
  const fields = resolved.split(' ')
  const step = /^\*\/(\d+)$/.exec(
    fields.length === 5 ? fields[0]! : second === '0' ? fields[1]! : fields[0]!,
  )
  if (step === null || 60 % Number(step[1]) !== 0) return undefined
  if (second === '0') return `every ${step[1]} minutes`
  return minute === '*' ? `every ${step[1]} seconds` : undefined
}
