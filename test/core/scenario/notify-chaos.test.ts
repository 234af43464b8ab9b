// Deaths, cuts and channels that do not answer, at random: everything is told, and twice only where a
// fault explains it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../../src/core/random.ts'
import { Fleet } from '../fleet.ts'

const nodes = [0, 1, 2, 3]

/** A fault, and how long after it is mended what it did may still show. */
interface Fault {
  readonly fromMs: number
  readonly toMs: number
}

const afterMs = 15_000

class Chaos {
  readonly fleet: Fleet
  readonly faults: Fault[] = []
  readonly #random: ReturnType<typeof createRandom>
  readonly #deaf = new Set<number>()

  constructor(seed: number) {
    this.#random = createRandom(BigInt(seed))
    this.fleet = Fleet.running({
      size: nodes.length,
      seed: BigInt(seed),
      notify: () => ({ channels: ['ops'], rules: [] }),
    })
    this.fleet.deliver = (node) => (this.#deaf.has(node) ? 'no route to host' : undefined)
  }

  /** One fault, mended after a while. */
  strike(): void {
    const fromMs = this.fleet.nowMs
    const lastMs = 1_000 + this.#random.below(40_000)
    const node = this.#random.below(nodes.length)
    const kind = this.#random.below(4)
    if (kind === 0) this.fleet.kill(node)
    else if (kind === 1) this.fleet.powerOff(node)
    else if (kind === 2) this.fleet.islands([0, 1], [2, 3])
    else this.#deaf.add(node)
    this.fleet.run(lastMs)
    if (kind < 2) this.fleet.start([node])
    else if (kind === 2) this.fleet.heal()
    this.#deaf.clear()
    this.faults.push({ fromMs, toMs: this.fleet.nowMs + afterMs })
    this.fleet.run(this.#random.below(20_000))
  }

  isExcused(fromMs: number, toMs: number): boolean {
    return this.faults.some((fault) => fault.fromMs <= toMs && fault.toMs >= fromMs)
  }
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`every success is told of, and twice only in a fault: seed ${seed}`, () => {
    const chaos = new Chaos(seed)
    const { fleet } = chaos
    fleet.put(0, 'backup', {
      schedule: '*/10 * * * * *',
      notify: [{ on: ['success'], via: 'ops' }],
    })
    fleet.run(15_000)
    for (let i = 0; i < 10; i++) chaos.strike()
    fleet.run(180_000)
    const told = new Map<string, number[]>()
    for (const { notices, atMs, isDelivered } of fleet.sent) {
      if (!isDelivered) continue
      for (const { execution } of notices) {
        told.set(`${execution}`, [...(told.get(`${execution}`) ?? []), atMs])
      }
    }
    const { rows } = fleet.machine(0).store.executions({ state: 'success', limit: 1_000 })
    assert.ok(rows.length > 20, `${rows.length} successes`)
    for (const { record } of rows) {
      const times = told.get(record.execution) ?? []
      const isNew = record.endedMs! > fleet.nowMs - 20_000
      assert.ok(times.length > 0 || isNew, `${record.execution} is told of`)
      if (times.length < 2) continue
      assert.ok(
        chaos.isExcused(times[0]!, times.at(-1)!),
        `${record.execution} is told of at ${times.join()}`,
      )
    }
    for (const node of nodes) {
      assert.ok(fleet.machine(node).node.notify.outbox.size < 3, `node ${node} keeps nothing back`)
    }
  })
}
