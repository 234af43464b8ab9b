/**
 * The matcher: which readings of a wall clock a pattern matches. The only file that knows croner.
 *
 * croner is used for one thing, matching a pattern that `fields.ts` has brought into normal form
 * against a wall clock **as if it were UTC** (offset 0). Zones and daylight saving are not its
 * business (`daylight.ts`), therefore a member's answer does not depend on croner's rules for them.
 *
 * croner's `Cron` object holds 83 kB, nearly all of it one flag per year. Its two parts are used
 * directly instead: a parsed pattern, whose year flags are shared by all patterns without a year,
 * and a date that is moved to the next or previous match. Dates are made from explicit instants.
 */
import { CronDate, CronPattern, type CronOptions } from 'croner'
import { BoundedCache } from '../bounded-cache.ts'

declare const brand: unique symbol
/** A parsed pattern. Belongs to a bounded cache: ask for it by its text, never keep it. */
export type Matcher = CronPattern & { readonly [brand]: 'Matcher' }

/** Parsed patterns kept; one more costs about 20 µs when it is needed, one kept about 3 kB. */
const MATCHERS_MAX = 1_024

const matchers = new BoundedCache<Matcher>(MATCHERS_MAX)
const options: CronOptions = { mode: '7-part', domAndDow: false }
let everyYear: number[] | undefined

/** The matcher of a pattern in normal form. */
export function matcherOf(pattern: string): Matcher {
  const known = matchers.get(pattern)
  if (known !== undefined) return known
  const parsed = new CronPattern(pattern, undefined, { mode: '7-part' })
  if (parsed.starYear) {
    everyYear ??= parsed.year
    parsed.year = everyYear
  }
  matchers.set(pattern, parsed as Matcher)
  return parsed as Matcher
}

/** First wall-clock reading after `wallMs` that matches. */
export function nextWall(matcher: Matcher, wallMs: number): number | undefined {
  return dateAt(Math.floor(wallMs / 1_000))
    .increment(matcher, options, true)
    ?.getTime()
}

/** Last wall-clock reading at or before `wallMs` that matches. */
export function previousWall(matcher: Matcher, wallMs: number): number | undefined {
  return dateAt(Math.floor(wallMs / 1_000) + 1)
    .decrement(matcher, options, false)
    ?.getTime()
}

function dateAt(seconds: number): CronDate {
  // oxlint-disable-next-line no-restricted-globals -- an explicit instant; nothing reads the clock
  return new CronDate(new Date(seconds * 1_000), 0)
}
