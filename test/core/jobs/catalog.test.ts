import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Author } from '../../../src/core/author.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import { jobName } from '../../../src/core/ids.ts'
import { Catalog } from '../../../src/core/jobs/catalog.ts'
import type { Groups } from '../../../src/core/jobs/definition.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'
import {
  openIntent,
  sealIntent,
  type GroupWrites,
  type Intent,
} from '../../../src/core/jobs/intent.ts'
import { fakeCrypto, peerId } from '../fleet/crypto.ts'

const name = jobName('job')
const clusterId = '0123456789abcdef0123456789abcdef'
const groups = ['life', 'enabled', 'meta', 'placement'] as const
type Written = (typeof groups)[number]

function valueOf(group: Written, n: number): Groups[Written] {
  const values: { [G in Written]: Groups[G] } = {
    life: { state: n % 3 === 0 ? 'deleted' : 'live', seats: [], fromMs: 0 },
    enabled: { enabled: n % 2 === 0, note: `n${n}`, untilMs: null },
    meta: { ...defaultGroups.meta, description: `d${n}` },
    placement: { ...defaultGroups.placement, tags: { n: `${n}` } },
  }
  return values[group]
}

/** One member's copy, and beside it what it has seen of each group, by its whole history. */
class Copy {
  readonly catalog = new Catalog()
  readonly past = new Map<Written, Set<string>>(groups.map((group) => [group, new Set()]))
  readonly taken: Write[] = []
  readonly #author: Author
  readonly #crypto

  constructor(index: number) {
    const member = peerId(index)
    this.#crypto = fakeCrypto(member)
    const identity = {
      member,
      clusterId,
      storeEpoch: `${index}`.padStart(16, '0'),
      startId: `${index}`.padStart(16, 'a'),
    }
    this.#author = new Author({ crypto: this.#crypto, seen: new SeenVector() }, identity)
  }

  write(written: readonly Written[], n: number, atMs: number): Intent {
    const drafts = written.map((group) => [
      group,
      { value: valueOf(group, n), context: this.catalog.clockOf(name, group) },
    ])
    return sealIntent(
      this.#author,
      this.#crypto,
      { job: name, generation: 1, groups: Object.fromEntries(drafts) as GroupWrites },
      this.#author.stamp(atMs),
    )
  }

  take(write: Write): void {
    this.taken.push(write)
    this.catalog.apply(write.intent)
    for (const group of write.written) {
      const past = this.past.get(group)!
      past.add(write.intent.id)
      for (const id of write.past.get(group)!) past.add(id)
    }
  }
}

/** A write with the ids that its author had seen, group by group. */
interface Write {
  readonly intent: Intent
  readonly written: readonly Written[]
  readonly past: ReadonlyMap<Written, ReadonlySet<string>>
}

const copies = 4
const history = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      at: fc.nat(copies - 1),
      written: fc.subarray([...groups], { minLength: 1 }),
      n: fc.nat(5),
      ms: fc.nat(3),
    }),
    fc.record({ kind: fc.constant('carry' as const), which: fc.nat(), to: fc.nat(copies - 1) }),
  ),
  { maxLength: 40 },
)
type Step = typeof history extends fc.Arbitrary<infer T> ? T : never

function play(steps: Step): { fleet: readonly Copy[]; writes: readonly Write[] } {
  const fleet = Array.from({ length: copies }, (_, i) => new Copy(i))
  const writes: Write[] = []
  for (const step of steps) {
    if (step.kind === 'carry') {
      const write = writes[step.which % Math.max(1, writes.length)]
      if (write !== undefined) fleet[step.to]!.take(write)
      continue
    }
    const copy = fleet[step.at]!
    const past = new Map(step.written.map((group) => [group, new Set(copy.past.get(group))]))
    const intent = copy.write(step.written, step.n, 1_000 + step.ms)
    const write = { intent, written: step.written, past }
    writes.push(write)
    copy.take(write)
  }
  return { fleet, writes }
}

/** Writes that no later write of one of their groups had seen. */
function unseen(writes: readonly Write[]): readonly string[] {
  const isKept = (x: Write): boolean =>
    x.written.some((group) => !writes.some((y) => y.past.get(group)?.has(x.intent.id) === true))
  return writes
    .filter(isKept)
    .map(({ intent }) => intent.id)
    .toSorted()
}

const held = (catalog: Catalog): readonly string[] =>
  catalog
    .intents()
    .map(({ id }) => id)
    .toSorted()

test('copies that hold the same writes are equal, whatever the order and however often', () => {
  const shuffled = history.chain((steps) =>
    fc.record({ steps: fc.constant(steps), order: fc.array(fc.nat(), { maxLength: 120 }) }),
  )
  fc.assert(
    fc.property(shuffled, ({ steps, order }) => {
      const { writes } = play(steps)
      const [one, two] = [new Catalog(), new Catalog()]
      for (const { intent } of writes) one.apply(intent)
      for (const i of order) if (writes.length > 0) two.apply(writes[i % writes.length]!.intent)
      for (const { intent } of writes.toReversed()) two.apply(intent)
      for (const { intent } of writes) assert.equal(two.apply(intent).kind, 'known')
      assert.equal(one.digest, two.digest)
      assert.deepEqual(held(one), held(two))
      assert.deepEqual(one.get(name), two.get(name))
    }),
    { numRuns: 1_000 },
  )
})

test('no write disappears unless one that had seen it replaced it', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { fleet, writes } = play(steps)
      for (const copy of fleet) {
        for (const write of writes) copy.take(write)
        assert.deepEqual(held(copy.catalog), unseen(writes))
      }
    }),
    { numRuns: 1_000 },
  )
})

test('on its way each copy holds what it got and nothing it got had replaced', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { fleet } = play(steps)
      for (const copy of fleet)
        assert.deepEqual(held(copy.catalog), unseen([...new Set(copy.taken)]))
    }),
    { numRuns: 500 },
  )
})

test('two copies have one ETag exactly when their clocks are equal', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { fleet } = play(steps)
      const jobs = fleet.map(({ catalog }) => catalog.get(name)).filter((job) => job !== undefined)
      for (const a of jobs) {
        for (const b of jobs) {
          const isSame =
            a.clock.size === b.clock.size &&
            [...a.clock].every(([actor, seq]) => b.clock.get(actor) === seq)
          assert.equal(a.etag === b.etag, isSame)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a write reads back from its bytes, and every sibling that lost is shown', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { fleet, writes } = play(steps)
      const copy = fleet[0]!
      for (const { intent } of writes) {
        const opened = openIntent(fakeCrypto(peerId(0)), clusterId, intent.bytes)
        assert.ok(opened.ok)
        assert.deepEqual(opened.value.intent.groups, intent.groups)
        copy.catalog.apply(opened.value.intent)
      }
      const job = copy.catalog.get(name)
      if (job === undefined) return
      for (const { group, losers, winner } of job.conflicts) {
        assert.ok(losers.length > 0)
        assert.deepEqual(job.groups[group], winner)
        for (const { value } of losers) assert.notDeepEqual(value, winner)
      }
    }),
    { numRuns: 300 },
  )
})

const alone = (): readonly [Copy, Copy] => [new Copy(0), new Copy(1)]

test('deleted wins over live, paused over running, and then the later write', () => {
  for (const [group, first, second, expected] of [
    ['life', 3, 1, 3],
    ['life', 1, 3, 3],
    ['enabled', 1, 2, 1],
    ['enabled', 2, 1, 1],
    ['meta', 1, 2, 2],
    ['meta', 2, 1, 1],
  ] as const) {
    const [a, b] = alone()
    const one = a.write([...new Set(['life', group] as const)], first, 1_000)
    const two = b.write([...new Set(['life', group] as const)], second, 2_000)
    for (const intents of [
      [one, two],
      [two, one],
    ]) {
      const catalog = new Catalog()
      for (const intent of intents) catalog.apply(intent)
      assert.deepEqual(
        catalog.get(name)!.groups[group],
        valueOf(group, expected),
        `${group} ${first} ${second}`,
      )
    }
  }
})

test('a write of one group leaves what it had not seen of another alone', () => {
  const [a, b] = alone()
  const created = a.write(['life', 'meta', 'placement'], 1, 1_000)
  const past = new Map(groups.map((group) => [group, new Set<string>()]))
  for (const copy of [a, b])
    copy.take({ intent: created, written: ['life', 'meta', 'placement'], past })
  const edit = b.write(['meta'], 2, 2_000)
  const other = a.write(['placement'], 4, 3_000)
  const catalog = new Catalog()
  for (const intent of [created, edit, other]) catalog.apply(intent)
  const job = catalog.get(name)!
  assert.deepEqual(job.groups.meta, valueOf('meta', 2))
  assert.deepEqual(job.groups.placement, valueOf('placement', 4))
  assert.deepEqual(job.conflicts, [])
})
