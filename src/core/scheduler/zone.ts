/**
 * Time zones as pieces of constant offset. The runtime tells a zone's offset at one instant
 * (`Intl.DateTimeFormat`, about 1 µs) and nothing else, so the instants of change are found by
 * probing every few days and bisecting between two probes that differ.
 *
 * Found pieces are kept per zone and block of 128 days, both bounded. A piece never crosses a block's
 * border; a border without a change looks like a change by zero, which no rule reacts to.
 */
import { BoundedCache } from '../bounded-cache.ts'

/** A span of time during which a zone's offset does not change. */
export interface Segment {
  /** First instant. */
  readonly startMs: number
  /** First instant after it. */
  readonly endMs: number
  /** Local time minus UTC. */
  readonly offsetMs: number
  /** The offset just before `startMs`; equal to `offsetMs` at a block's border. */
  readonly beforeMs: number
}

interface Zone {
  readonly format: Intl.DateTimeFormat
  readonly blocks: BoundedCache<readonly Segment[]>
}

/** No zone was ever farther from UTC; the date line moved Manila and Alaska by almost 16 hours. */
export const OFFSET_MAX_MS: number = 16 * 3_600_000

const BLOCK_MS = 128 * 86_400_000
/** The shortest piece on record is a week (Brazil 2000, Gaza): a probe must fall into every one. */
const PROBE_MS = 4 * 86_400_000
const ZONES_MAX = 128
const BLOCKS_MAX = 64

const zones = new BoundedCache<Zone>(ZONES_MAX)

/** Whether the runtime knows this IANA name. */
export function isTimezone(name: string): boolean {
  return zoneOf(name) !== undefined
}

/** The piece of constant offset that holds `instantMs`. The zone must be known. */
export function segmentAt(timezone: string, instantMs: number): Segment {
  const zone = zoneOf(timezone)
  if (zone === undefined) throw new RangeError(`unknown timezone ${timezone}`)
  const index = Math.floor(instantMs / BLOCK_MS)
  const key = String(index)
  let block = zone.blocks.get(key)
  if (block === undefined) {
    block = findSegments(zone.format, index * BLOCK_MS)
    zone.blocks.set(key, block)
  }
  let i = 0
  while (block[i]!.endMs <= instantMs) i++
  return block[i]!
}

/** The reading of the local clock at an instant, as milliseconds "as if UTC". */
export function wallOf(timezone: string, instantMs: number): number {
  return instantMs + segmentAt(timezone, instantMs).offsetMs
}

/** The instants at which the local clock reads `wallMs`, ascending: none in a gap, two in an overlap. */
export function instantsOf(timezone: string, wallMs: number): readonly number[] {
  const found: number[] = []
  let atMs = wallMs - OFFSET_MAX_MS
  while (atMs <= wallMs + OFFSET_MAX_MS) {
    const { startMs, endMs, offsetMs } = segmentAt(timezone, atMs)
    const instantMs = wallMs - offsetMs
    if (instantMs >= startMs && instantMs < endMs) found.push(instantMs)
    atMs = endMs
  }
  return found
}

function zoneOf(name: string): Zone | undefined {
  const known = zones.get(name)
  if (known !== undefined) return known
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    const zone = { format, blocks: new BoundedCache<readonly Segment[]>(BLOCKS_MAX) }
    zones.set(name, zone)
    return zone
  } catch {
    return undefined
  }
}

function findSegments(format: Intl.DateTimeFormat, blockMs: number): readonly Segment[] {
  const segments: Segment[] = []
  const endMs = blockMs + BLOCK_MS
  let startMs = blockMs
  let beforeMs = offsetAt(format, blockMs - 1)
  let offsetMs = offsetAt(format, blockMs)
  // The newest instant known to have `offsetMs`; a change may fall exactly on a probe.
  let knownMs = blockMs
  while (knownMs < endMs - 1) {
    const probeMs = Math.min(knownMs + PROBE_MS, endMs - 1)
    if (offsetAt(format, probeMs) === offsetMs) {
      knownMs = probeMs
      continue
    }
    const changeMs = bisect(format, knownMs, probeMs, offsetMs)
    segments.push({ startMs, endMs: changeMs, offsetMs, beforeMs })
    beforeMs = offsetMs
    offsetMs = offsetAt(format, changeMs)
    startMs = changeMs
    knownMs = changeMs
  }
  segments.push({ startMs, endMs, offsetMs, beforeMs })
  return segments
}

/** First instant in (lo, hi] whose offset is not `offsetMs`; lo has it, hi has not. */
function bisect(format: Intl.DateTimeFormat, lo: number, hi: number, offsetMs: number): number {
  let same = lo
  let other = hi
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2)
    if (offsetAt(format, middle) === offsetMs) same = middle
    else other = middle
  }
  return other
}

/** Reads the offset out of a text such as `3/29/2026, GMT+02:00`; plain `GMT` is zero. */
function offsetAt(format: Intl.DateTimeFormat, instantMs: number): number {
  const text = format.format(instantMs)
  const at = text.lastIndexOf('GMT') + 3
  if (at >= text.length) return 0
  const sign = text[at] === '+' ? 1 : -1
  const [hours, minutes, seconds] = text.slice(at + 1).split(':')
  const sum = Number(hours) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
  return sign * sum * 1_000
}
