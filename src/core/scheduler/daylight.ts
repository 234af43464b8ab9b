/**
 * From the wall clock to instants: what a tick means on a day when the clock is put forward or back.
 *
 * First answer: ask for the next matching wall time and convert it. It fails twice a year: the wall
 * time may not exist (the clock jumped over it) or exist twice, and a night job that runs twice or
 * not at all has cost other schedulers whole outages.
 *
 * So time is walked in pieces of constant offset (`zone.ts`). Inside a piece, wall and instant differ
 * by a constant and every match is a tick. At the start of a piece the rule decides:
 *  - the clock went forward: the wall times in between never come. If one of them matches and the
 *    rule says `gap`, there is one tick at the first instant of the piece;
 *  - the clock went back: the first wall times of the piece have been before. Without `twice` they
 *    are passed over.
 * A change by more than three hours is a correction of the clock, not daylight saving: then wall
 * times are taken literally. A change by exactly a day that removes a date removes its ticks.
 *
 * When the next match is months away the pieces between need no look: with no match on the wall
 * between here and there, nothing can fall into their gaps and overlaps.
 */
import { invariant } from '../invariant.ts'
import { nextWall, previousWall, type Matcher } from './cron.ts'
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from './instant.ts'
import { OFFSET_MAX_MS, segmentAt, type Segment } from './zone.ts'

/** What happens to wall times that do not exist or exist twice. */
export interface DaylightRule {
  /** One tick after a gap that swallowed matches. */
  readonly gap: boolean
  /** Both passes of an overlap count. */
  readonly twice: boolean
}

const SHIFT_MAX_MS = 3 * 3_600_000
/** Pieces looked at in one search; a search needs a handful, see the head of the file. */
const PIECES_MAX = 1_000

const isUtc = (timezone: string): boolean => timezone === 'UTC' || timezone === 'Etc/UTC'

/** First instant after `afterMs` at which the pattern has a tick. */
export function nextInstant(
  matcher: Matcher,
  timezone: string,
  rule: DaylightRule,
  afterMs: number,
): number | undefined {
  if (isUtc(timezone)) return nextWall(matcher, afterMs)
  let after = afterMs
  for (let i = 0; after < INSTANT_MAX_MS; i++) {
    invariant(i < PIECES_MAX, 'a search for the next tick must end')
    const piece = segmentAt(timezone, after + 1)
    if (after < piece.startMs && hasGapTick(matcher, piece, rule)) return piece.startMs
    const from = Math.max(after + piece.offsetMs, firstWall(piece, rule) - 1)
    const wall = nextWall(matcher, from)
    if (wall !== undefined && wall < piece.endMs + piece.offsetMs) return wall - piece.offsetMs
    after = piece.endMs - 1
    if (segmentAt(timezone, piece.endMs).offsetMs < piece.offsetMs) continue
    if (wall === undefined) return undefined
    after = Math.max(after, wall - OFFSET_MAX_MS)
  }
  return undefined
}

/** Last instant at or before `beforeMs` at which the pattern has a tick. */
export function previousInstant(
  matcher: Matcher,
  timezone: string,
  rule: DaylightRule,
  beforeMs: number,
): number | undefined {
  if (isUtc(timezone)) return previousWall(matcher, beforeMs)
  let before = beforeMs
  for (let i = 0; before >= INSTANT_MIN_MS; i++) {
    invariant(i < PIECES_MAX, 'a search for the previous tick must end')
    const piece = segmentAt(timezone, before)
    const wall = previousWall(matcher, before + piece.offsetMs)
    if (wall !== undefined && wall >= firstWall(piece, rule)) return wall - piece.offsetMs
    if (hasGapTick(matcher, piece, rule)) return piece.startMs
    before = piece.startMs - 1
    if (piece.beforeMs > piece.offsetMs) continue
    if (wall === undefined) return undefined
    before = Math.min(before, wall + OFFSET_MAX_MS)
  }
  return undefined
}

function isDaylightShift(piece: Segment): boolean {
  return Math.abs(piece.offsetMs - piece.beforeMs) <= SHIFT_MAX_MS
}

/** Whether a match fell into the gap before the piece and is made up for at its start. */
function hasGapTick(matcher: Matcher, piece: Segment, rule: DaylightRule): boolean {
  const { startMs, offsetMs, beforeMs } = piece
  if (!rule.gap || offsetMs <= beforeMs || !isDaylightShift(piece)) return false
  const wall = nextWall(matcher, startMs + beforeMs - 1)
  return wall !== undefined && wall < startMs + offsetMs
}

/** First wall time of the piece that counts. */
function firstWall(piece: Segment, rule: DaylightRule): number {
  const { startMs, offsetMs, beforeMs } = piece
  const repeats = beforeMs > offsetMs && !rule.twice && isDaylightShift(piece)
  return startMs + (repeats ? beforeMs : offsetMs)
}
