// What the timeline draws, in pixels: bars, predicted ticks, links between attempts and from the node
// that should have acted to the one that did, and when members were away. Painting decides nothing.

import type { PlannedTick } from '../answers.ts'
import { axisTicks } from './axis.ts'
import { firstVisible, type Bar, type Grouping, type Lane } from './lanes.ts'
import type { Absence } from './presence.ts'
import type { Tone } from './outcome.ts'
import { edgesOf, type Viewport } from './viewport.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** A bar, or a tick that is still to come. */
export interface Mark extends Box {
  readonly key: string
  readonly tone: Tone
  readonly bar: Bar | undefined
  readonly tick: PlannedTick | undefined
}

export interface Link {
  readonly kind: 'takeover' | 'retry'
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

export interface Shade extends Box {
  readonly state: string
}

export interface Strip extends Box {
  readonly lane: Lane
}

export interface Scene {
  readonly width: number
  readonly height: number
  readonly strips: readonly Strip[]
  readonly marks: readonly Mark[]
  readonly links: readonly Link[]
  readonly shades: readonly Shade[]
  readonly axis: readonly { readonly x: number; readonly label: string; readonly isDay: boolean }[]
  /** May lie outside. */
  readonly nowX: number
}

export interface SceneInit {
  readonly lanes: readonly Lane[]
  readonly by: Grouping
  readonly ticks: readonly PlannedTick[]
  readonly absencesOf: (member: string) => readonly Absence[]
  /** The member that ranked first for an execution which another one took over. */
  readonly originOf: (bar: Bar) => string | undefined
  readonly typicalMs: ReadonlyMap<string, number>
  readonly viewport: Viewport
  readonly nowMs: number
  readonly width: number
  readonly zone: string
}

export const axisHeight = 24
const barHeight = 11
const rowHeight = 14
const lanePadding = 8
const markMin = 2.5
const ghostMax = 240
/** Denser links would hide what they link. */
const pxPerLink = 14

/** Height of a lane; there is room for two lines of text beside it. */
export const laneHeight = ({ rows }: Pick<Lane, 'rows'>): number =>
  Math.max(34, 2 * lanePadding + rows * rowHeight - 3)

/** Where the first row begins, so that the rows stand in the middle. */
const rowsTop = ({ y, h, lane }: Strip): number => y + (h - lane.rows * rowHeight + 3) / 2

export function sceneOf(init: SceneInit): Scene {
  const { lanes, viewport, nowMs, width, zone } = init
  const { fromMs, toMs } = edgesOf(viewport, nowMs)
  const xOf = (ms: number): number => ((ms - fromMs) / (toMs - fromMs)) * width
  const nowX = xOf(nowMs)
  let y = axisHeight
  const strips = lanes.map((lane): Strip => {
    const strip = { lane, x: 0, y, w: width, h: laneHeight(lane) }
    y += strip.h
    return strip
  })
  const place: Place = { xOf, fromMs, toMs, width, strips }
  const bars = strips.flatMap((strip) => barsOf(strip, place, nowMs))
  return {
    width,
    height: y,
    strips,
    marks: [...bars, ...ghostsOf(init, place)],
    links: linksOf(bars, strips, init),
    shades: shadesOf(init, place),
    axis: axisTicks(fromMs, toMs, width, zone).map(({ atMs, label, isDay }) => {
      const x = xOf(atMs)
      const isUnderNow = x > nowX - 72 && x < nowX + 16
      return { x, isDay, label: isUnderNow ? '' : label }
    }),
    nowX,
  }
}

interface Place {
  readonly xOf: (ms: number) => number
  readonly fromMs: number
  readonly toMs: number
  readonly width: number
  readonly strips: readonly Strip[]
}

/** Bars that reach into the window; of those that fall on one pixel with one tone the first. */
function barsOf(strip: Strip, { xOf, fromMs, toMs }: Place, nowMs: number): Mark[] {
  const { lane } = strip
  const rowsY = rowsTop(strip)
  const marks: Mark[] = []
  const last: { x: number; tone: string }[] = []
  for (let i = firstVisible(lane, fromMs); i < lane.bars.length; i += 1) {
    const bar = lane.bars[i]!
    if (bar.fromMs > toMs) break
    const endMs = bar.toMs ?? nowMs
    if (endMs < fromMs) continue
    const x = xOf(bar.fromMs)
    const w = Math.max(markMin, xOf(endMs) - x)
    const seen = last[bar.row]
    if (w === markMin && seen?.x === Math.round(x) && seen.tone === bar.tone) continue
    last[bar.row] = { x: Math.round(x), tone: bar.tone }
    const top = rowsY + bar.row * rowHeight
    const box = { x, y: top, w, h: barHeight }
    marks.push({ key: bar.key, ...box, tone: bar.tone, bar, tick: undefined })
  }
  return marks
}

/** Ticks to come, as long as such executions usually take. */
function ghostsOf({ ticks, by, nowMs, typicalMs }: SceneInit, place: Place): Mark[] {
  const { xOf, fromMs, toMs, strips } = place
  const byKey = new Map(strips.map((strip) => [strip.lane.key, strip]))
  const last = new Map<string, number>()
  const marks: Mark[] = []
  for (const tick of ticks) {
    const atMs = Date.parse(tick.plannedAt)
    if (atMs < nowMs || atMs < fromMs || atMs > toMs) continue
    const strip = byKey.get(by === 'job' ? tick.job : (tick.node ?? '(not run)'))
    if (strip === undefined) continue
    const x = xOf(atMs)
    if ((last.get(strip.lane.key) ?? -Infinity) > x - 1) continue
    last.set(strip.lane.key, x)
    const long = xOf(atMs + (typicalMs.get(tick.job) ?? 0)) - x
    const w = Math.min(ghostMax, Math.max(markMin, long))
    const tone = tick.node === null ? 'bad' : 'quiet'
    const box = { x, y: rowsTop(strip), w, h: barHeight }
    const key = `${tick.job}|${tick.scheduledAt}`
    marks.push({ key, ...box, tone, bar: undefined, tick })
  }
  return marks
}

function linksOf(bars: readonly Mark[], strips: readonly Strip[], init: SceneInit): Link[] {
  const middles = new Map(strips.map(({ lane, y, h }) => [lane.key, y + h / 2]))
  const byAttempt = new Map(bars.map((mark) => [attemptKey(mark.bar!), mark]))
  const links: Link[] = []
  for (const mark of bars) {
    const bar = mark.bar!
    const { id, attempt, why, rank } = bar.item
    const [x2, y2] = [mark.x, mark.y + mark.h / 2]
    const before = attempt > 1 ? byAttempt.get(`${id}|${attempt - 1}`) : undefined
    if (before !== undefined) {
      links.push({ kind: 'retry', x1: before.x + before.w, y1: before.y + before.h / 2, x2, y2 })
    } else if (init.by === 'node' && (why === 'takeover' || rank > 0)) {
      const y1 = middles.get(init.originOf(bar) ?? '')
      if (y1 !== undefined && y1 !== y2) links.push({ kind: 'takeover', x1: x2 - 18, y1, x2, y2 })
    }
  }
  const isDense = links.length * pxPerLink > init.width
  return isDense
    ? links.filter(({ kind }) => kind === 'takeover').slice(-init.width / pxPerLink)
    : links
}

const attemptKey = ({ item }: Bar): string => `${item.id}|${item.attempt}`

function shadesOf({ by, absencesOf, nowMs }: SceneInit, { xOf, width, strips }: Place): Shade[] {
  if (by === 'job') return []
  return strips.flatMap(({ lane, y, h }) =>
    absencesOf(lane.key).flatMap(({ fromMs, toMs, state }): Shade[] => {
      // the last word of a member is older than what it is known to have done
      const x = Math.max(0, xOf(toMs === undefined ? Math.max(fromMs, lastSign(lane)) : fromMs))
      const w = Math.min(width, xOf(toMs ?? nowMs)) - x
      return w > 0 ? [{ x, y, w, h, state }] : []
    }),
  )
}

/** When something last came to its end in a lane. */
function lastSign({ bars }: Lane): number {
  for (let i = bars.length - 1; i >= 0; i -= 1) {
    const { item, fromMs, toMs } = bars[i]!
    // that one was lost is what others say
    if (item.outcome === 'lost') return fromMs
    if (toMs !== undefined) return toMs
  }
  return -Infinity
}

/** What lies under a point, with a little room around thin marks. */
export function hitOf({ marks }: Scene, x: number, y: number): Mark | undefined {
  const reach = 4
  let best: Mark | undefined
  let bestDistance = Infinity
  for (const mark of marks) {
    if (y < mark.y - 1 || y > mark.y + mark.h + 2) continue
    const distance = Math.max(mark.x - x, x - mark.x - mark.w, 0)
    if (distance <= reach && distance < bestDistance) {
      best = mark
      bestDistance = distance
    }
  }
  return best
}

/** What comes after or before a selected mark, by time; the newest bar when nothing is selected. */
export function stepFrom(
  { marks }: Scene,
  key: string | undefined,
  step: number,
): Mark | undefined {
  const sorted = [...marks].sort((a, b) => a.x - b.x)
  const at = sorted.findIndex((mark) => mark.key === key)
  if (at === -1) return sorted.findLast(({ bar }) => bar !== undefined) ?? sorted[0]
  return sorted[Math.min(sorted.length - 1, Math.max(0, at + step))]
}
