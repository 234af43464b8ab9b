// Instants and durations as people read them. Formats are made once per zone: making one costs more
// than using it a hundred times.

/** In whose time instants are shown. */
export type ZoneChoice = 'job' | 'browser' | 'utc'

export const zoneChoices: readonly ZoneChoice[] = ['browser', 'job', 'utc']

/** The IANA name that a choice means; `jobZone` is the one of the job at hand, if any. */
export function zoneOf(choice: ZoneChoice, browserZone: string, jobZone?: string): string {
  if (choice === 'utc') return 'UTC'
  return choice === 'job' ? (jobZone ?? 'UTC') : browserZone
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'short',
      day: '2-digit',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formats.set(zone, format)
  }
  return format
}

/** The reading of a wall clock. */
export interface Wall {
  readonly year: string
  readonly month: string
  readonly day: string
  readonly weekday: string
  readonly hour: string
  readonly minute: string
  readonly second: string
}

export function wallOf(ms: number, zone: string): Wall {
  const parts = formatOf(zone).formatToParts(ms)
  return Object.fromEntries(parts.map(({ type, value }) => [type, value])) as unknown as Wall
}

/** `14:37:04`. */
export function clockText(ms: number, zone: string): string {
  const { hour, minute, second } = wallOf(ms, zone)
  return `${hour}:${minute}:${second}`
}

/** `14:37:04` on the same day, else `Tue 24 Nov 14:37`, with the year when it is another one. */
export function instantText(ms: number, zone: string, nowMs: number): string {
  const wall = wallOf(ms, zone)
  const today = wallOf(nowMs, zone)
  const isToday = wall.day === today.day && wall.month === today.month && wall.year === today.year
  if (isToday) return `${wall.hour}:${wall.minute}:${wall.second}`
  const year = wall.year === today.year ? '' : ` ${wall.year}`
  return `${wall.weekday} ${wall.day} ${wall.month}${year} ${wall.hour}:${wall.minute}`
}

/** Everything about an instant, for where it is hovered. */
export function fullText(ms: number, zone: string): string {
  const { weekday, day, month, year, hour, minute, second } = wallOf(ms, zone)
  return `${weekday} ${day} ${month} ${year} ${hour}:${minute}:${second} ${zone}`
}

const units: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** The two largest units: `2 d 4 h`, `3 min 4 s`, `12 s`; below a second in milliseconds. */
export function spanText(ms: number): string {
  const whole = Math.max(0, ms)
  if (whole < 1_000) return `${Math.round(whole)} ms`
  if (whole < 10_000) return `${(whole / 1_000).toFixed(1)} s`
  const at = units.findIndex(([, size]) => whole >= size)
  const [unit, size] = units[at]!
  const count = Math.floor(whole / size)
  const next = units[at + 1]
  const rest = next === undefined ? 0 : Math.floor((whole - count * size) / next[1])
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${next![0]}`
}

/** One unit, for places where it changes every second: `4 s`, `3 min`, `2 h`, `5 d`. */
export function roughText(ms: number): string {
  const whole = Math.abs(ms)
  const [unit, size] = units.find(([, size]) => whole >= size) ?? ['s', 1_000]
  return `${Math.floor(whole / size)} ${unit}`
}

/** `in 4 s`, `now`, `3 min ago`. */
export function distanceText(ms: number, nowMs: number): string {
  const aheadMs = ms - nowMs
  if (Math.abs(aheadMs) < 1_000) return 'now'
  return aheadMs > 0 ? `in ${roughText(aheadMs)}` : `${roughText(aheadMs)} ago`
}

/** Milliseconds of an RFC 3339 instant; undefined where there is none. */
export function msOf(instant: string | null | undefined): number | undefined {
  return instant === null || instant === undefined ? undefined : Date.parse(instant)
}
