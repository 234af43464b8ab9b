/**
 * Starts parts in order and stops what was started in reverse, each at most once. Callers of `stop`
 * share one promise: two of them, a signal and an error, would otherwise close things twice.
 */
export class Lifecycle {
  readonly #stops: (() => Promise<void> | void)[] = []
  #stopping: Promise<void> | undefined

  /** Notes how to undo a part that has just been started. */
  onStop(stop: () => Promise<void> | void): void {
    this.#stops.push(stop)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#run()
    return this.#stopping
  }

  async #run(): Promise<void> {
    const errors: unknown[] = []
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      try {
        await stop()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'some parts did not stop cleanly')
  }
}
