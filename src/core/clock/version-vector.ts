/**
 * Who has seen which writes.
 *
 * A dot (actor, seq) names one write; an actor numbers its writes 1, 2, 3 … Two things are kept:
 *
 * Context: what one writer had seen of one field group, actor → highest seq. It is called a vector
 * clock everywhere else and is, strictly, a version vector: it counts writes of data, not events of
 * processes. A context is complete below its numbers by construction, so one number per actor is right.
 *
 * SeenVector: which writes of the whole store arrived here. Writes arrive in any order, so here one
 * number per actor is wrong, the classic mistake: after 1, 2 and 5 a maximum says 5, a peer that asks
 * "what do you lack?" hears "nothing", and 3 and 4 are never pulled. So each actor has a set of
 * intervals: 1 … n without holes, and the gap intervals seen beyond it ([5, 5]).
 *
 * Every bound forgets in the safe direction only: `has` may say no for a write that is here (it is
 * pulled again, and merging it changes nothing), never yes for one that is not. Of one actor the lowest
 * gap intervals are kept, because holes are filled from below.
 */
import { fromBytes64, hash64, hex64, toBytes64 } from '../hash.ts'
import { invariant } from '../invariant.ts'
import { limits } from '../limits.ts'
import type { Cbor } from '../wire/cbor.ts'
import { bytes, dictionary, fail, hex, integer, list, type Reader, u53 } from '../wire/read.ts'

/** One write. */
export interface Dot {
  /** Whose: 16 hex digits. */
  readonly actor: string
  /** Which one, from 1. */
  readonly seq: number
}

/** Place in the order of writes by actor and sequence. */
export type Cursor = readonly [actor: string, seq: number]

/** Whether a write comes after a place in that order. */
export const isAfter = (dot: Dot, [actor, seq]: Cursor): boolean =>
  dot.actor === actor ? dot.seq > seq : dot.actor > actor

/** Actor → highest write seen; absent = none. */
export type Context = ReadonlyMap<string, number>

export type Ordering = 'equal' | 'before' | 'after' | 'concurrent'

/** The context of a writer that has seen nothing. */
export const emptyContext: Context = new Map()

/** What both together have seen. */
export function joinContexts(a: Context, b: Context): Context {
  const joined = new Map(a)
  for (const [actor, seq] of b) joined.set(actor, Math.max(seq, joined.get(actor) ?? 0))
  return joined
}

/** Whether a writer with this context had seen the write. */
export function covers(context: Context, dot: Dot): boolean {
  return (context.get(dot.actor) ?? 0) >= dot.seq
}

/** How the first context stands to the second. */
export function compareContexts(a: Context, b: Context): Ordering {
  const isWithin = (x: Context, y: Context): boolean => {
    for (const [actor, seq] of x) if (seq > (y.get(actor) ?? 0)) return false
    return true
  }
  const isBefore = isWithin(a, b)
  if (isWithin(b, a)) return isBefore ? 'equal' : 'after'
  return isBefore ? 'before' : 'concurrent'
}

/** A context as a map; the codec sorts it. */
export function encodeContext(context: Context): Cbor {
  return Object.fromEntries(context)
}

const readActors: Reader<Context> = dictionary(hex(16), integer(1, Number.MAX_SAFE_INTEGER), {
  max: limits.contextActorsMax,
})

/** Reads a context of at most `contextActorsMax` actors; most are empty, and those share one map. */
export const readContext: Reader<Context> = (value) => {
  const context = readActors(value)
  return context.size === 0 ? emptyContext : context
}

/** Actors in a SeenVector; beyond it actors known by gaps alone give way, then new ones are not noted. */
export const seenActorsMax = 4096

/** Gap intervals of one actor; beyond it the highest are forgotten. */
export const seenGapsPerActorMax = 64

/** Gap intervals of all actors together, so that a vector fits a frame; beyond it the oldest list goes. */
export const seenGapsMax = 4096

/** Flat, ascending, disjoint, never adjacent: [from, to, from, to, …]. */
type Intervals = readonly number[]

/** Which writes arrived at one node. */
export class SeenVector {
  readonly #intervals = new Map<string, Intervals>()
  /** Actors with gaps, those whose gaps are oldest first. */
  readonly #gapped = new Set<string>()
  #gaps = 0
  /** Hashes and rows of the actors that did not change since they were last asked for. */
  readonly #hashes = new Map<string, bigint>()
  readonly #rows = new Map<string, Cbor>()
  /** `actors()` until one comes or goes. */
  #actors: readonly string[] | undefined
  /** The digest until something changes. */
  #digest: bigint | undefined

  /** Actors of whom any write is noted. */
  get size(): number {
    return this.#intervals.size
  }

  /** Notes a write; true if it was not noted before. */
  add(dot: Dot): boolean {
    invariant(Number.isSafeInteger(dot.seq) && dot.seq >= 1, 'a dot counts from 1')
    if (this.has(dot)) return false
    const seen = this.#intervals.get(dot.actor) ?? []
    this.#set(dot.actor, unite(seen, [dot.seq, dot.seq]))
    return true
  }

  /** Whether the write is noted as seen. */
  has(dot: Dot): boolean {
    const seen = this.#intervals.get(dot.actor)
    if (seen === undefined) return false
    for (let i = 0; i < seen.length; i += 2) {
      if (dot.seq < seen[i]!) return false
      if (dot.seq <= seen[i + 1]!) return true
    }
    return false
  }

  /** Notes all that the other has seen; true if anything was new. */
  join(other: SeenVector): boolean {
    let isNews = false
    for (const [actor, theirs] of other.#intervals) {
      const ours = this.#intervals.get(actor) ?? []
      if (isWithin(theirs, ours)) continue
      this.#set(actor, unite(ours, theirs))
      isNews = true
    }
    return isNews
  }

  /** Whether all that the other has seen is noted here: false means that it has news for us. */
  includes(other: SeenVector): boolean {
    for (const [actor, theirs] of other.#intervals) {
      if (!isWithin(theirs, this.#intervals.get(actor) ?? [])) return false
    }
    return true
  }

  /** All writes of the actor up to this one are noted. */
  contiguous(actor: string): number {
    return leading(this.#intervals.get(actor) ?? [])
  }

  /** Actors in the order of their text. */
  actors(): readonly string[] {
    this.#actors ??= [...this.#intervals.keys()].toSorted()
    return this.#actors
  }

  /** An independent copy. */
  copy(): SeenVector {
    const copy = new SeenVector()
    for (const [actor, seen] of this.#intervals) copy.#intervals.set(actor, seen)
    for (const [actor, row] of this.#rows) copy.#rows.set(actor, row)
    for (const actor of this.#gapped) copy.#gapped.add(actor)
    copy.#gaps = this.#gaps
    return copy
  }

  /** A hash of the content alone, however it came about. */
  digest(): bigint {
    this.#digest ??= this.#sumHashes()
    return this.#digest
  }

  #sumHashes(): bigint {
    let sum = 0n
    for (const [actor, seen] of this.#intervals) {
      let hash = this.#hashes.get(actor)
      if (hash === undefined) {
        hash = hash64(`seen|${actor}|${seen.join(',')}`)
        this.#hashes.set(actor, hash)
      }
      sum += hash
    }
    return BigInt.asUintN(64, sum)
  }

  /** Rows [actor as 8 bytes, contiguous maximum, from, to, from, to …] in the order of actors. */
  toCbor(): Cbor {
    return this.actors().map((actor) => {
      const row = this.#rows.get(actor) ?? toRow(actor, this.#intervals.get(actor)!)
      this.#rows.set(actor, row)
      return row
    })
  }

  /** Reads what `toCbor` made; throws Malformed for anything else. */
  static fromCbor(value: Cbor | undefined): SeenVector {
    const vector = new SeenVector()
    let before = ''
    for (const [actor, seen] of readRows(value)) {
      if (actor <= before) fail('actors are not in order')
      before = actor
      vector.#set(actor, seen)
    }
    return vector
  }

  /** Replaces what is noted of an actor, within the bounds. */
  #set(actor: string, united: Intervals): void {
    if (!this.#intervals.has(actor) && this.size >= seenActorsMax && !this.#makeRoom()) return
    const lead = united[0] === 1 ? 2 : 0
    const kept = united.slice(0, lead + 2 * seenGapsPerActorMax)
    this.#gaps += countGaps(kept) - countGaps(this.#intervals.get(actor) ?? [])
    if (!this.#intervals.has(actor)) this.#actors = undefined
    this.#intervals.set(actor, kept)
    this.#noteChanged(actor)
    if (countGaps(kept) === 0) this.#gapped.delete(actor)
    else this.#gapped.add(actor)
    while (this.#gaps > seenGapsMax) this.#forgetGaps(this.#gapped.values().next().value!)
  }

  /** Forgets an actor that is known by gaps alone. */
  #makeRoom(): boolean {
    for (const actor of this.#gapped) {
      if (this.contiguous(actor) > 0) continue
      this.#forgetGaps(actor)
      return true
    }
    return false
  }

  #noteChanged(actor: string): void {
    this.#hashes.delete(actor)
    this.#rows.delete(actor)
    this.#digest = undefined
  }

  #forgetGaps(actor: string): void {
    const seen = this.#intervals.get(actor)!
    this.#gaps -= countGaps(seen)
    this.#gapped.delete(actor)
    this.#noteChanged(actor)
    if (seen[0] === 1) this.#intervals.set(actor, seen.slice(0, 2))
    else {
      this.#intervals.delete(actor)
      this.#actors = undefined
    }
  }
}

/** Reads a SeenVector inside a message. */
export const readSeenVector: Reader<SeenVector> = (value) => SeenVector.fromCbor(value)

function leading(seen: Intervals): number {
  return seen[0] === 1 ? seen[1]! : 0
}

function countGaps(seen: Intervals): number {
  return seen.length / 2 - (seen[0] === 1 ? 1 : 0)
}

function toRow(actor: string, seen: Intervals): Cbor {
  return [toBytes64(BigInt(`0x${actor}`)), ...(seen[0] === 1 ? seen.slice(1) : [0, ...seen])]
}

/** Union of two interval lists; neighbours such as [1, 2] and [3, 3] become one. */
function unite(a: Intervals, b: Intervals): Intervals {
  const out: number[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const isFromA = j >= b.length || (i < a.length && a[i]! <= b[j]!)
    const from = isFromA ? a[i]! : b[j]!
    const to = isFromA ? a[i + 1]! : b[j + 1]!
    if (isFromA) i += 2
    else j += 2
    const last = out.length - 1
    if (last >= 0 && from <= out[last]! + 1) out[last] = Math.max(out[last]!, to)
    else out.push(from, to)
  }
  return out
}

function isWithin(part: Intervals, whole: Intervals): boolean {
  let j = 0
  for (let i = 0; i < part.length; i += 2) {
    while (j < whole.length && whole[j + 1]! < part[i]!) j += 2
    if (j >= whole.length || whole[j]! > part[i]! || whole[j + 1]! < part[i + 1]!) return false
  }
  return true
}

const readActor: Reader<string> = (value) => hex64(fromBytes64(bytes(8)(value)))

const readRow: Reader<readonly [string, Intervals]> = (value) => {
  if (!Array.isArray(value)) fail('not a list')
  const [first, ...rest]: readonly Cbor[] = value
  const numbers = rest.map((one) => u53(one))
  const [maximum] = numbers
  if (maximum === undefined || numbers.length % 2 === 0) fail('not a row of a seen vector')
  if (numbers.length > 1 + 2 * seenGapsPerActorMax) fail(`more than ${seenGapsPerActorMax} gaps`)
  const seen = maximum === 0 ? numbers.slice(1) : [1, ...numbers]
  if (seen.length === 0) fail('a row without writes')
  for (let i = maximum === 0 ? 0 : 2; i < seen.length; i += 2) {
    const before = i === 0 ? 0 : seen[i - 1]!
    if (seen[i]! <= before + 1 || seen[i + 1]! < seen[i]!) fail('gaps are not in order')
  }
  return [readActor(first), seen]
}

const readRows: Reader<readonly (readonly [string, Intervals])[]> = list(readRow, {
  max: seenActorsMax,
})
