// What the clock on the wall shows in a zone, asked of the runtime one minute at a time.

/** A minute on the wall. */
export interface LocalMinute {
  /** Minutes since 1970 as if the wall showed UTC: equal for equal wall times. */
  readonly wall: number
  readonly year: number
  readonly month: number
  readonly day: number
  readonly weekday: number
  readonly hour: number
  readonly minute: number
}

export const minuteMs = 60_000
const quarterMs = 15 * minuteMs
const clocks = new Map<string, Intl.DateTimeFormat>()
const seen = new Map<string, Map<number, number>>()
const seenMax = 20_000

/** The wall clock of `zone` during the minute that begins at `atMs`. */
export function localMinute(zone: string, atMs: number): LocalMinute {
  const wall = wallMinute(zone, atMs)
  const asUtc = new Date(wall * minuteMs)
  return {
    wall,
    year: asUtc.getUTCFullYear(),
    month: asUtc.getUTCMonth() + 1,
    day: asUtc.getUTCDate(),
    weekday: asUtc.getUTCDay(),
    hour: asUtc.getUTCHours(),
    minute: asUtc.getUTCMinutes(),
  }
}

/** Minutes since 1970 as if the wall showed UTC: equal for equal wall times. */
export function wallMinute(zone: string, atMs: number): number {
  const quarter = Math.floor(atMs / quarterMs) * quarterMs
  const begin = askedWall(zone, quarter)
  // between two quarters of an hour that are one apart on the wall too, no minute is out of line
  if (askedWall(zone, quarter + quarterMs) - begin === 15) {
    return begin + (atMs - quarter) / minuteMs
  }
  return askedWall(zone, atMs)
}

function askedWall(zone: string, atMs: number): number {
  let known = seen.get(zone)
  if (known === undefined || known.size >= seenMax) {
    known = new Map()
    seen.set(zone, known)
  }
  let wall = known.get(atMs)
  if (wall === undefined) {
    wall = readClock(zone, atMs)
    known.set(atMs, wall)
  }
  return wall
}

function readClock(zone: string, atMs: number): number {
  const read = new Map(
    clockOf(zone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes): number => read.get(type)!
  const [year, month, day] = [part('year'), part('month'), part('day')]
  return Date.UTC(year, month - 1, day, part('hour'), part('minute')) / minuteMs
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone)
  if (clock === undefined) {
    const numeric = 'numeric'
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
    })
    clocks.set(timeZone, clock)
  }
  return clock
}
