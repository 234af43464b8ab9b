// C11: nothing that has a bound is above it.

import type { Checker, Counters, History, Violation } from '../history.ts'

/** C11; its figures are the largest values seen, and the largest of several runs is not their sum. */
export class ResourcesChecker implements Checker {
  readonly name = 'C11'
  #gauges = 0

  get stats(): Counters {
    return { gauges: this.#gauges }
  }

  check(history: History): readonly Violation[] {
    const gauges = history.entries.filter((entry) => entry.kind === 'gauge')
    this.#gauges = gauges.length
    return gauges.flatMap(({ node, what, value, limit, atMs }): readonly Violation[] =>
      value <= limit
        ? []
        : [{ property: 'C11', message: `${what} is ${value} of ${limit} on node ${node}`, atMs }],
    )
  }
}
