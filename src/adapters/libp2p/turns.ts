/** Lets a bounded number through per key; the others wait their turn. */
export class Turns {
  readonly #inFlightMax: number
  readonly #waitingMax: number
  readonly #queues = new Map<string, { inFlight: number; readonly waiting: Set<() => void> }>()

  constructor(inFlightMax: number, waitingMax: number) {
    this.#inFlightMax = inFlightMax
    this.#waitingMax = waitingMax
  }

  /** Resolves to what must be called at the end; rejects when the signal comes first. */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    let queue = this.#queues.get(key)
    if (queue === undefined) this.#queues.set(key, (queue = { inFlight: 0, waiting: new Set() }))
    if (queue.inFlight >= this.#inFlightMax) {
      if (queue.waiting.size >= this.#waitingMax) throw new Error('too many requests wait')
      // whoever finishes hands its place over, so `inFlight` stays as it is
      await handedOver(queue.waiting, signal)
    } else {
      queue.inFlight += 1
    }
    return () => this.#release(key)
  }

  #release(key: string): void {
    const queue = this.#queues.get(key)
    if (queue === undefined) return
    const [next] = queue.waiting
    if (next !== undefined) {
      next()
      return
    }
    queue.inFlight -= 1
    if (queue.inFlight === 0) this.#queues.delete(key)
  }
}

function handedOver(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onTurn = (): void => {
    waiting.delete(onTurn)
    signal.removeEventListener('abort', onAbort)
    resolve()
  }
  const onAbort = (): void => {
    waiting.delete(onTurn)
    reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  }
  waiting.add(onTurn)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return promise
}
