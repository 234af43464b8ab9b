/**
 * A calendar expression of systemd as cron patterns. Both days of one must match there, either of two
 * here: a weekday beside days of the month is translated where it names the n-th or the last one
 * (`Mon *-*-1..7` is `1#1`), and refused otherwise.
 */

const shorthands: Readonly<Record<string, string>> = {
  minutely: '*-*-* *:*:00',
  hourly: '*-*-* *:00:00',
  daily: '*-*-* 00:00:00',
  monthly: '*-*-01 00:00:00',
  weekly: 'Mon *-*-* 00:00:00',
  yearly: '*-01-01 00:00:00',
  annually: '*-01-01 00:00:00',
  quarterly: '*-01,04,07,10-01 00:00:00',
  semiannually: '*-01,07-01 00:00:00',
}

export interface CronPattern {
  readonly pattern: string
  /** The zone at its end, if there is one. */
  readonly timezone: string | undefined
}

/** The pattern, or why there is none. */
export function cronOf(expression: string): CronPattern | { readonly why: string } {
  const words = expression.trim().split(/\s+/)
  const zone = /^(UTC|[A-Z][A-Za-z_]+\/[A-Za-z_/+-]+)$/.test(words.at(-1) ?? '')
    ? words.pop()
    : undefined
  const short = shorthands[words.join(' ').toLowerCase()]
  const parts = short === undefined ? words : short.split(' ')
  const weekdays = /^[A-Za-z]/.test(parts[0] ?? '') ? parts.shift() : undefined
  const date = parts[0]?.includes('-') === true ? parts.shift()! : '*-*-*'
  const time = parts.shift() ?? '00:00:00'
  if (parts.length > 0 || !/^[\d*:,./]+$/.test(time) || !time.includes(':')) {
    return { why: `${expression} is not of the form that can be read here` }
  }
  if (/\d\.\d/.test(time)) return { why: `${expression} has fractions of a second` }
  const [hour = '*', minute = '*', second = '0'] = time.split(':')
  const dates = /^(?:(.+)-)?(.+?)([-~])(.+)$/.exec(date)
  if (dates === null) return { why: `${date} is no date` }
  const [, year = '*', month = '*', kind, rest = '*'] = dates
  const days = daysOf(weekdays, kind === '~' ? `~${rest}` : rest)
  if (days === undefined)
    return { why: `${expression} wants a weekday and a day of the month both` }
  const times = [second, minute, hour].map(fieldOf)
  const fields = [...times, days.dom, fieldOf(month), days.dow]
  const isEveryYear = year === '*'
  const isPlain = isEveryYear && fields[0] === '0'
  return {
    pattern: (isPlain
      ? fields.slice(1)
      : [...fields, ...(isEveryYear ? [] : [fieldOf(year)])]
    ).join(' '),
    timezone: zone === 'UTC' ? 'Etc/UTC' : zone,
  }
}

/** `01,04..06/2` as `1,4-6/2`. */
function fieldOf(text: string): string {
  return text.replaceAll('..', '-').replaceAll(/\b0+(?=\d)/g, '')
}

const weeks: Readonly<Record<string, string>> = {
  '1..7': '#1',
  '8..14': '#2',
  '15..21': '#3',
  '22..28': '#4',
  '~7/1': 'L',
}

function daysOf(
  weekdays: string | undefined,
  day: string,
): { readonly dom: string; readonly dow: string } | undefined {
  const plainDay = day.replaceAll(/\b0+(?=\d)/g, '')
  const isLastDay = plainDay === '~1'
  const week = weeks[plainDay]
  if (weekdays === undefined) {
    if (isLastDay) return { dom: 'L', dow: '*' }
    return plainDay.startsWith('~') ? undefined : { dom: fieldOf(plainDay), dow: '*' }
  }
  const dow = weekdays
    .split(',')
    .map((one) => one.replace('..', '-').split('-').map(weekdayOf).join('-'))
    .join(',')
  if (plainDay === '*') return { dom: '*', dow: dow.replaceAll(/\b7-/g, '0-') }
  if (week === undefined || !/^\d$/.test(dow)) return undefined
  return { dom: '*', dow: `${dow}${week}` }
}

/** Sunday is 7, so that `Fri..Sun` goes upwards. */
function weekdayOf(name: string): string {
  const at = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].indexOf(
    name.slice(0, 3).toLowerCase(),
  )
  return at < 0 ? name : String(at + 1)
}
