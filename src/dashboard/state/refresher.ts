// Loads something again when asked, never twice at a time and not more often than its gap: a burst of
// events costs one request.

export interface Refresher {
  /** Asks for a load; it happens now or when the gap is over. */
  (): void
}

export interface Pace {
  /** Between the end of one load and the next. */
  readonly gapMs: () => number
  readonly later: (callback: () => void, ms: number) => void
  readonly nowMs: () => number
}

export function refresher(load: () => Promise<void>, pace: Pace): Refresher {
  let isLoading = false
  let isWaiting = false
  let isWanted = false
  let endedMs = -Infinity

  const begin = (): void => {
    isWaiting = false
    isWanted = false
    isLoading = true
    void load().finally(() => {
      isLoading = false
      endedMs = pace.nowMs()
      if (isWanted) want()
    })
  }
  const want = (): void => {
    isWanted = true
    if (isLoading || isWaiting) return
    const waitMs = endedMs + pace.gapMs() - pace.nowMs()
    if (waitMs <= 0) return begin()
    isWaiting = true
    pace.later(begin, waitMs)
  }
  return want
}
