/** How many events are taken: `burst` at once, refilled by `perSecond`. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A bucket of tokens for each key; keys are bounded, the one created first is forgotten first. */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #keysMax: number
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(rate: Rate, keysMax = 1_024) {
    this.#rate = rate
    this.#keysMax = keysMax
  }

  /** Takes a token; false when there is none. */
  take(key: string, nowMs: number): boolean {
    const { perSecond, burst } = this.#rate
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = { tokens: burst, atMs: nowMs }
      this.#buckets.set(key, bucket)
      forgetOldest(this.#buckets, this.#keysMax)
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000)
    bucket.atMs = nowMs
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}

/** Drops the entries that were added first until at most `max` are left. */
export function forgetOldest<K>(map: Map<K, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return
    map.delete(key)
  }
}
