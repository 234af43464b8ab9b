// Interesting states that only the whole history shows. A gate that never reached them proves nothing
// about them; what nodes report by themselves is counted in sometimes.ts.

import type { Counters, EntryOf, History } from './history.ts'

const hourMs = 3_600_000

/** Names of states, and how often a run was in each. */
export function reachedIn(history: History): Counters {
  const counts: Record<string, number> = {}
  const add = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1)
  for (const name of [...clockChanges(history), ...disks(history), ...lateRecords(history)])
    add(name)
  return counts
}

const startsOf = (history: History): readonly EntryOf<'exec.start'>[] =>
  history.entries.filter((entry) => entry.kind === 'exec.start')

/** Ticks that ran where a zone skips or repeats an hour, and clocks that went back over one. */
function clockChanges(history: History): readonly string[] {
  const zones = new Map<string, string>()
  const offsets = new Map<number, number>()
  const ran: EntryOf<'exec.start'>[] = []
  const found: string[] = []
  for (const entry of history.entries) {
    if (entry.kind === 'def.ack') {
      const { schedule, timezone } = entry.definition.timing
      const isWall = schedule.some((text) => !text.startsWith('@every'))
      if (isWall) zones.set(entry.job, timezone)
      else zones.delete(entry.job)
    } else if (entry.kind === 'exec.start') {
      ran.push(entry)
      found.push(...daylight(zones.get(entry.job), entry.dueMs))
    } else if (entry.kind === 'clock') {
      const before = offsets.get(entry.node) ?? entry.offsetMs
      offsets.set(entry.node, entry.offsetMs)
      const isOver = ran.some(
        ({ node, dueMs }) =>
          node === entry.node &&
          dueMs !== null &&
          dueMs > entry.atMs + entry.offsetMs &&
          dueMs <= entry.atMs + before,
      )
      if (isOver) found.push('clock stepped back over a fired tick')
    }
  }
  return found
}

function daylight(zone: string | undefined, dueMs: number | null): readonly string[] {
  if (zone === undefined || dueMs === null || zone === 'UTC') return []
  const [before, at, after] = [dueMs - hourMs, dueMs, dueMs + hourMs].map((ms) =>
    offsetAt(zone, ms),
  )
  if (before === at && at === after) return []
  if (after! < at! || at! < before!) return ['tick of a repeated hour']
  return offsetAt(zone, dueMs - 1) < at! ? ['tick of a skipped hour'] : []
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** What a zone's clocks show beyond UTC, in ms. */
function offsetAt(zone: string, ms: number): number {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    formats.set(zone, format)
  }
  const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')!.value
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [undefined, '+', '0', '0']
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

/** Disks that failed for good, and what was damaged and is there again. */
function disks(history: History): readonly string[] {
  const found: string[] = []
  const stored = new Set<string>()
  const damaged = new Set<number>()
  for (const entry of history.entries) {
    if (entry.kind === 'store.failing' && entry.failure === 'io') found.push('fsync error')
    else if (entry.kind === 'store.damaged') damaged.add(entry.node)
    else if (entry.kind === 'def.stored' || entry.kind === 'record.stored') {
      const what =
        entry.kind === 'def.stored'
          ? `${entry.node} ${entry.version}`
          : `${entry.node} ${entry.attempt} ${entry.phase} ${entry.executor}`
      if (stored.has(what) && damaged.has(entry.node)) found.push('damaged row repaired')
      stored.add(what)
    }
  }
  return found
}

/** A node that learns of a start after the time in which it could have taken over. */
function lateRecords(history: History): readonly string[] {
  const { takeoverWindowMs } = history.scenery.timers
  const due = new Map(startsOf(history).map(({ attempt, dueMs }) => [attempt, dueMs]))
  const first = new Set<string>()
  return history.entries.flatMap((entry) => {
    if (entry.kind !== 'record.stored' || entry.executor === null) return []
    const key = `${entry.node} ${entry.attempt}`
    if (first.has(key)) return []
    first.add(key)
    const dueMs = due.get(entry.attempt) ?? null
    const isLate = dueMs !== null && entry.atMs > dueMs + takeoverWindowMs
    return isLate && entry.executor !== entry.node ? ['tick settled by a late record'] : []
  })
}
