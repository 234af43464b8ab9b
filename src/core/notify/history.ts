// The last ends of one job, and where its rules stood before them. Records come in any order, so an
// end may come between others or turn into another one; what is new is what the rules say now and did
// not say before.

import { limits } from '../limits.ts'
import { compareText } from '../order.ts'
import { ruleKey, type NotifyRule } from './rule.ts'
import { calm, standAfter, type Change, type Ended, type Standing } from './streak.ts'

/** As it is stored. */
export interface HistoryState {
  readonly ends: readonly Ended[]
  readonly bases: Readonly<Record<string, Standing>>
}

/** Successes that the usual running time is taken from, and how many are enough. */
const samplesMax = 20
const samplesMin = 5
/** A run shorter than this is never long by comparison. */
const longMinMs = 60_000

export class History {
  #ends: readonly Ended[]
  #bases: Readonly<Record<string, Standing>>

  constructor({ ends, bases }: HistoryState = { ends: [], bases: {} }) {
    this.#ends = ends
    this.#bases = bases
  }

  get state(): HistoryState {
    return { ends: this.#ends, bases: this.#bases }
  }

  /** Takes an end; answers the messages that follow, rule by rule. */
  note(
    ended: Ended,
    rules: readonly NotifyRule[],
  ): readonly { readonly rule: NotifyRule; readonly change: Change }[] {
    const before = this.#ends
    const others = before.filter(({ execution }) => execution !== ended.execution)
    const after = [...others, ended].sort(
      (a, b) => a.dueMs - b.dueMs || compareText(a.execution, b.execution),
    )
    const news = rules.flatMap((rule) => {
      const base = this.#baseOf(rule)
      const was = standAfter(rule, base, before)
      const is = standAfter(rule, base, after)
      const told = new Set(was.changes.map(idOf))
      const fresh = is.changes.filter((change) => !told.has(idOf(change)))
      const found = isTakenBack(was, is, ended) ? [{ ...recovery, ended }] : []
      return [...fresh, ...found].map((change) => ({ rule, change }))
    })
    this.#ends = after
    while (this.#ends.length > limits.noticeEndsMax) this.#forget(rules)
    return news
  }

  /** The oldest end leaves; where it left the rules is where they begin from now on. */
  #forget(rules: readonly NotifyRule[]): void {
    const [oldest, ...rest] = this.#ends
    this.#bases = Object.fromEntries(
      rules.map((rule) => [
        ruleKey(rule),
        standAfter(rule, this.#baseOf(rule), [oldest!]).standing,
      ]),
    )
    this.#ends = rest
  }

  #baseOf(rule: NotifyRule): Standing {
    return this.#bases[ruleKey(rule)] ?? calm
  }

  /** Where a rule stands now. */
  standing(rule: NotifyRule): Standing {
    return standAfter(rule, this.#baseOf(rule), this.#ends).standing
  }

  /** The end of the newest success, if one is known. */
  get succeededMs(): number | undefined {
    return this.#ends.findLast(({ end }) => end === 'success')?.endedMs
  }

  /** From which running time on a run is long to a rule; undefined while nobody can say. */
  longFromMs({ overMs, factorTenths }: NotifyRule): number | undefined {
    if (overMs !== null) return overMs
    const took = this.#ends.flatMap(({ tookMs }) => (tookMs === null ? [] : [tookMs]))
    const samples = took.slice(-samplesMax).sort((a, b) => a - b)
    if (samples.length < samplesMin) return undefined
    const p95 = samples[Math.ceil(samples.length * 0.95) - 1]!
    return Math.max(longMinMs, Math.floor((p95 * factorTenths) / 10))
  }
}

const recovery = { event: 'recovered', streak: 0 } as const

const idOf = ({ event, ended }: Change): string => `${event} ${ended.execution}`

/** Whether an alarm that was told of turned out to be none: a lost run succeeded after all. */
function isTakenBack(
  was: ReturnType<typeof standAfter>,
  is: ReturnType<typeof standAfter>,
  ended: Ended,
): boolean {
  const isAbout = was.standing.isAlarm && was.standing.execution === ended.execution
  return isAbout && !is.standing.isAlarm && !was.standing.isFlapping && ended.end === 'success'
}
