// Deaths, returns and cuts at random, and the excuse for every doubled start proved from the truth.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, type Random } from '../../../src/core/random.ts'
import { Fleet, type Start } from '../fleet.ts'
import { assertNoneMissed } from './truth.ts'

const size = 4
const nodes = Array.from({ length: size }, (_, node) => node)
const settleMs = 5_000

/** Which pairs could talk, both ways, from an instant on. */
interface Snapshot {
  readonly atMs: number
  readonly pairs: ReadonlySet<string>
}

class Truth {
  readonly #fleet: Fleet
  readonly #snapshots: Snapshot[] = []
  readonly #deaths: { readonly node: number; readonly atMs: number }[] = []

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.note()
  }

  note(): void {
    const { wires } = this.#fleet
    const pairs = new Set<string>()
    const isUp = (node: number): boolean => this.#fleet.machine(node).isUp()
    for (const a of nodes) {
      for (const b of nodes) {
        const isOpen = isUp(a) && isUp(b) && !wires.isCut(a, b) && !wires.isCut(b, a)
        if (a !== b && isOpen) pairs.add(`${a}-${b}`)
      }
    }
    this.#snapshots.push({ atMs: this.#fleet.nowMs, pairs })
  }

  died(node: number): void {
    this.#deaths.push({ node, atMs: this.#fleet.nowMs })
  }

  /** Whether a path of at most two links lasted all the time. */
  #hadPath(a: number, b: number, fromMs: number, toMs: number): boolean {
    const during = this.#snapshots.filter(
      ({ atMs }, i) => atMs <= toMs && (this.#snapshots[i + 1]?.atMs ?? Infinity) >= fromMs,
    )
    const lasted = (x: number, y: number): boolean =>
      during.every(({ pairs }) => pairs.has(`${x}-${y}`))
    return lasted(a, b) || nodes.some((via) => lasted(a, via) && lasted(via, b))
  }

  /** Why a tick was started twice; undefined when nothing excuses it. */
  excuse(dueMs: number, first: Start, second: Start): string | undefined {
    const { node, atMs } = first
    const death = this.#deaths.find((one) => one.node === node && one.atMs >= atMs - 1)
    if (death !== undefined && death.atMs - atMs < 50) return 'it died before it was heard'
    return this.#hadPath(node, second.node, dueMs - settleMs, second.atMs)
      ? undefined
      : 'they could not reach each other'
  }
}

function disturb(fleet: Fleet, truth: Truth, random: Random): void {
  const off = nodes.filter((node) => !fleet.up.includes(node))
  const what = random.below(10)
  truth.note()
  if (what < 4) {
    const [a, b] = [random.below(size), random.below(size)]
    if (what === 0) fleet.heal()
    else if (what === 1) fleet.cutOneWay(a, b)
    else if (a !== b) fleet.cut(a, b)
  } else if (off.length > 0 && what < 7) fleet.start([off[random.below(off.length)]!])
  else if (off.length < size - 2) {
    const node = fleet.up[random.below(fleet.up.length)]!
    truth.died(node)
    if (random.below(2) === 0) fleet.kill(node)
    else fleet.powerOff(node)
  }
  truth.note()
}

test('whatever dies and whatever is cut, no tick is missed, and none doubled without an excuse', () => {
  const excuses = new Set<string>()
  for (const seed of [3n, 8n, 25n, 31n]) {
    const random = createRandom(seed)
    const fleet = Fleet.running({ size, seed })
    const fields = { overlap: 'allow', misfire: { deadline: '15s' } }
    fleet.put(0, 'a', { schedule: '* * * * * *', ...fields })
    fleet.run(17_000)
    const fromMs = fleet.nextTick(1_000)
    const truth = new Truth(fleet)
    for (let i = 0; i < 40; i++) {
      fleet.run(random.between(500, 7_000))
      disturb(fleet, truth, random)
    }
    truth.note()
    fleet.heal()
    fleet.start(nodes.filter((node) => !fleet.machine(node).isUp()))
    const toMs = Math.floor(fleet.nowMs / 1_000) * 1_000
    fleet.run(40_000)
    assertNoneMissed(fleet, 'a', 1_000, [fromMs, toMs])
    for (let dueMs = fromMs; dueMs <= toMs; dueMs += 1_000) {
      const starts = fleet.tick('a', dueMs)
      for (const [i, second] of starts.entries()) {
        for (const first of starts.slice(0, i)) {
          const excuse = truth.excuse(dueMs, first, second)
          const what = `seed ${seed}: ${dueMs} on ${first.node} and ${second.node}`
          assert.ok(excuse !== undefined, what)
          excuses.add(excuse)
        }
      }
    }
    assert.ok(fleet.isAliveEverywhere(...nodes))
  }
  assert.ok(excuses.has('they could not reach each other'), 'what never happened proves nothing')
})
