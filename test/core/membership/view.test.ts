import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MemberId } from '../../../src/core/ids.ts'
import type { LinkReport } from '../../../src/core/membership/link-report.ts'
import type { NodeRecord } from '../../../src/core/membership/node-record.ts'
import { isNewerRecord } from '../../../src/core/membership/node-record.ts'
import {
  missingSince,
  reportQuorum,
  stateOf,
  type MemberState,
} from '../../../src/core/membership/view.ts'
import { peerId } from '../fleet/crypto.ts'
import { nodeRecord } from './records.ts'

const second = 1_000
const observers = [1, 2, 3, 4, 5].map(peerId)

const report = (reporter: number, atMs: number, fields: Partial<LinkReport> = {}): LinkReport => ({
  about: peerId(0),
  incarnation: 7,
  finding: 'lost',
  atMs,
  reporter: peerId(reporter),
  number: atMs,
  ...fields,
})

interface Row {
  readonly rule: string
  readonly record?: Partial<NodeRecord>
  readonly reports?: readonly LinkReport[]
  /** This node has a link to it that works. */
  readonly isHeard?: true
  readonly states: readonly (readonly [atMs: number, state: MemberState])[]
}

const fresh = { incarnation: 7, hlc: { ms: 0, counter: 0 }, refreshMs: 60 * second }

const table: readonly Row[] = [
  {
    rule: 'nothing speaks against it',
    states: [
      [1 * second, 'alive'],
      [179 * second, 'alive'],
    ],
  },
  {
    rule: 'a record that is not refreshed three times over says that all observers died too',
    states: [
      [180 * second, 'unreachable'],
      [209 * second, 'unreachable'],
      [210 * second, 'down'],
    ],
  },
  {
    rule: 'the only observer is believed at once',
    record: { neighbours: observers.slice(0, 1) },
    reports: [report(1, 10 * second)],
    states: [
      [10 * second - 1, 'alive'],
      [10 * second, 'unreachable'],
      [40 * second, 'down'],
    ],
  },
  {
    rule: 'of five observers three are needed at once',
    record: { neighbours: observers },
    reports: [1, 2, 3].map((n) => report(n, (9 + n) * second)),
    states: [
      [12 * second - 1, 'alive'],
      [12 * second, 'unreachable'],
    ],
  },
  {
    rule: 'one of five is enough when nobody has contradicted it for a while',
    record: { neighbours: observers },
    reports: [report(1, 10 * second)],
    states: [
      [13 * second - 1, 'alive'],
      [13 * second, 'unreachable'],
    ],
  },
  {
    rule: 'a report about an older incarnation says nothing',
    record: { neighbours: observers.slice(0, 1) },
    reports: [report(1, 10 * second, { incarnation: 6 })],
    states: [[100 * second, 'alive']],
  },
  {
    rule: 'a report about a newer incarnation waits for its record',
    record: { neighbours: observers.slice(0, 1) },
    reports: [report(1, 10 * second, { incarnation: 8 })],
    states: [[100 * second, 'alive']],
  },
  {
    rule: 'a link that is back says nothing against it',
    record: { neighbours: observers.slice(0, 2) },
    reports: [report(1, 10 * second, { finding: 'ok' })],
    states: [[100 * second, 'alive']],
  },
  {
    rule: 'whom this node hears is alive, however old its record looks to a clock far ahead',
    isHeard: true,
    states: [[3_600 * second, 'alive']],
  },
  {
    rule: 'whom this node hears and the others miss is not down',
    record: { neighbours: observers.slice(0, 1) },
    reports: [report(1, 10 * second)],
    isHeard: true,
    states: [
      [12 * second, 'unreachable'],
      [900 * second, 'unreachable'],
    ],
  },
  {
    rule: 'who announced to leave has left then, whatever else is said',
    record: { leaveAtMs: 20 * second, neighbours: observers.slice(0, 1) },
    reports: [report(1, 10 * second, { finding: 'silent' })],
    states: [
      [12 * second, 'unreachable'],
      [20 * second, 'left'],
      [900 * second, 'left'],
    ],
  },
]

for (const { rule, record, reports = [], isHeard = false, states } of table) {
  test(`view: ${rule}`, () => {
    const node = nodeRecord(0, { ...fresh, ...record })
    const since = missingSince({ record: node, reports }, () => true, 3 * second, isHeard)
    for (const [atMs, state] of states)
      assert.equal(stateOf(node, since, atMs, isHeard), state, `${atMs}`)
  })
}

test('half of the observers, one to three, are believed at once', () => {
  const needed = [0, 1, 2, 3, 4, 5, 6, 7, 60].map(reportQuorum)
  assert.deepEqual(needed, [1, 1, 1, 2, 2, 3, 3, 3, 3])
})

test('observers that are not known here do not count', () => {
  const node = nodeRecord(0, { ...fresh, neighbours: observers })
  const facts = { record: node, reports: [report(1, 10 * second)] }
  const isKnown = (member: MemberId): boolean => member === peerId(1)
  assert.equal(missingSince(facts, isKnown, 3 * second, false), 10 * second)
})

test('the view is a function of the facts, not of their order', () => {
  const reports = fc.array(
    fc.record({
      n: fc.integer({ min: 1, max: 5 }),
      at: fc.nat(50),
      incarnation: fc.integer({ min: 6, max: 8 }),
      finding: fc.constantFrom('lost', 'silent', 'ok'),
    }),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(reports, fc.nat(5), (rows, neighbours) => {
      const facts = rows.map(({ n, at, incarnation, finding }) =>
        report(n, at * second, { incarnation, finding }),
      )
      const node = nodeRecord(0, { ...fresh, neighbours: observers.slice(0, neighbours) })
      const since = (list: readonly LinkReport[]): number =>
        missingSince({ record: node, reports: list }, () => true, 3 * second, false)
      assert.equal(since(facts), since(facts.toReversed()))
    }),
  )
})

test('of two records one replaces the other, by incarnation and then by clock', () => {
  const stamps = fc.record({
    incarnation: fc.integer({ min: 1, max: 3 }),
    ms: fc.nat(3),
    counter: fc.nat(2),
  })
  fc.assert(
    fc.property(fc.array(stamps, { minLength: 1, maxLength: 6 }), (rows) => {
      const records = rows.map(({ incarnation, ms, counter }) =>
        nodeRecord(0, { incarnation, hlc: { ms, counter } }),
      )
      const newest = (list: readonly NodeRecord[]): NodeRecord =>
        list.reduce((best, one) => (isNewerRecord(one, best) ? one : best))
      const [a, b] = [newest(records), newest(records.toReversed())]
      assert.deepEqual([a.incarnation, a.hlc], [b.incarnation, b.hlc])
      assert.equal(a.incarnation, Math.max(...rows.map(({ incarnation }) => incarnation)))
    }),
  )
})
