// Sets of instants as sorted, disjoint, half-open spans.

/** From an instant to before another one. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** A set of instants. */
export class Spans {
  static readonly none: Spans = new Spans([])
  readonly list: readonly Span[]
  readonly #longer = new Map<number, Spans>()

  /** Spans may come in any order and overlap. */
  constructor(spans: readonly Span[]) {
    const sorted = spans.filter(({ fromMs, toMs }) => fromMs < toMs)
    sorted.sort((a, b) => a.fromMs - b.fromMs)
    const merged: { fromMs: number; toMs: number }[] = []
    for (const { fromMs, toMs } of sorted) {
      const last = merged.at(-1)
      if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs)
      else merged.push({ fromMs, toMs })
    }
    this.list = merged
  }

  /** Whether every instant of [fromMs, toMs] is in the set. */
  covers(fromMs: number, toMs: number): boolean {
    const span = this.at(fromMs)
    return span !== undefined && toMs < span.toMs
  }

  /** Whether any instant of [fromMs, toMs] is in the set. */
  meets(fromMs: number, toMs: number): boolean {
    const index = this.#firstEndingAfter(fromMs)
    const span = this.list[index]
    return span !== undefined && span.fromMs <= toMs
  }

  has(atMs: number): boolean {
    return this.at(atMs) !== undefined
  }

  /** The span that holds an instant. */
  at(atMs: number): Span | undefined {
    const span = this.list[this.#firstEndingAfter(atMs)]
    return span !== undefined && span.fromMs <= atMs ? span : undefined
  }

  union(other: Spans): Spans {
    if (other.list.length === 0) return this
    return this.list.length === 0 ? other : new Spans([...this.list, ...other.list])
  }

  intersect(other: Spans): Spans {
    const shared = this.list.flatMap((a) =>
      other.list.map((b) => ({
        fromMs: Math.max(a.fromMs, b.fromMs),
        toMs: Math.min(a.toMs, b.toMs),
      })),
    )
    return new Spans(shared)
  }

  minus(other: Spans): Spans {
    return this.intersect(other.gaps(-Infinity))
  }

  /** What lies between the spans, from an instant on. */
  gaps(fromMs: number): Spans {
    const gaps: Span[] = []
    let sinceMs = fromMs
    for (const span of this.list) {
      gaps.push({ fromMs: sinceMs, toMs: span.fromMs })
      sinceMs = Math.max(sinceMs, span.toMs)
    }
    return new Spans([...gaps, { fromMs: sinceMs, toMs: Infinity }])
  }

  /** Only the spans that begin at an instant or later. */
  after(atMs: number): Spans {
    return new Spans(this.list.filter(({ fromMs }) => fromMs >= atMs))
  }

  /** Only the spans that last longer than so long. */
  longerThan(ms: number): Spans {
    let longer = this.#longer.get(ms)
    if (longer === undefined) {
      longer = new Spans(this.list.filter(({ fromMs, toMs }) => toMs - fromMs > ms))
      this.#longer.set(ms, longer)
    }
    return longer
  }

  /** Every span begins so much later; shorter ones vanish. */
  later(ms: number): Spans {
    return new Spans(this.list.map(({ fromMs, toMs }) => ({ fromMs: fromMs + ms, toMs })))
  }

  /** Every span ends later, by what its length says. */
  extended(byLength: (ms: number) => number): Spans {
    return new Spans(
      this.list.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + byLength(toMs - fromMs) })),
    )
  }

  #firstEndingAfter(atMs: number): number {
    let low = 0
    let high = this.list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.list[middle]!.toMs > atMs) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Collects spans from facts that switch something on and off. */
export class Switch {
  readonly #spans: Span[] = []
  #sinceMs: number | undefined

  on(atMs: number): void {
    this.#sinceMs ??= atMs
  }

  off(atMs: number): void {
    if (this.#sinceMs !== undefined) this.#spans.push({ fromMs: this.#sinceMs, toMs: atMs })
    this.#sinceMs = undefined
  }

  /** What is still on lasts for ever. */
  close(): Spans {
    this.off(Infinity)
    return new Spans(this.#spans)
  }
}
