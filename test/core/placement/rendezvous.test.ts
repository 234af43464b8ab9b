import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hash64, hex64, toWords } from '../../../src/core/hash.ts'
import {
  costOf,
  firstPrepared,
  logarithms,
  prepareMembers,
  rankKey,
  rankMembers,
  rankPrepared,
  scoreMember,
  type Weighted,
} from '../../../src/core/placement/rendezvous.ts'

const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `node-${letter}`)
const fleet = (weights: Readonly<Record<string, number>> = {}): readonly Weighted[] =>
  names.map((id) => ({ id, weight: weights[id.slice(5)] ?? 16 }))
const letters = (ranked: readonly string[]): string => ranked.map((id) => id.slice(5)).join(' ')
const many = (count: number): readonly Weighted[] =>
  Array.from({ length: count }, (_, i) => ({ id: `12D3KooW${hex64(hash64(`m${i}`))}`, weight: 16 }))

const key = rankKey('tick', 'backup@1767236400000')

test('hash, score and cost give the golden values of the design', () => {
  assert.equal(hex64(hash64(key)), 'bd5e36866a8943f8')
  const golden: readonly (readonly [string, string, string, number])[] = [
    ['node-a', '57de832ab7c4fbc3', '676bf08583c20c0c', 21937986],
    ['node-b', 'ffe493507773af4d', 'c8b78ae97c73fa65', 5888491],
    ['node-c', 'b343288cc74de749', 'ba947aae9d7bc550', 7656276],
    ['node-d', '6e05ecadeec389de', '134d1fb0835c04d4', 62568558],
    ['node-e', 'a8b618794900c391', 'daff16a636dbe6f1', 3778841],
  ]
  for (const [id, m, score, cost] of golden) {
    assert.equal(hex64(hash64(`hrw|member|${id}`)), m, id)
    assert.equal(hex64(scoreMember(key, id)), score, id)
    assert.equal(costOf(BigInt(`0x${score}`)), cost, id)
  }
})

test('the table and the edges of cost give the golden values of the design', () => {
  const table = logarithms()
  assert.deepEqual([table[0], table[1], table[512], table[1023]], [0, 23625, 9814042, 16765394])
  assert.equal(table.length, 1025)
  assert.equal(
    table.reduce((sum, x) => sum + x, 0),
    9582813406,
  )
  const golden: readonly (readonly [bigint, number])[] = [
    [0n, 1073741824],
    [1n, 1073741824],
    [1n << 63n, 16777216],
    [(1n << 64n) - 1n, 1],
    [0x0123456789abcdefn, 131093497],
  ]
  for (const [score, cost] of golden) assert.equal(costOf(score), cost, hex64(score))
})

test('orders give the golden values of the design', () => {
  assert.equal(letters(rankMembers(key, fleet())), 'e b c a d')
  assert.equal(letters(rankMembers(key, fleet({ a: 64, c: 4 }))), 'e a b c d')
  assert.equal(letters(rankMembers(key, fleet({ a: 256 }))), 'a e b c d')
  assert.equal(letters(rankMembers(rankKey('home', 'backup'), fleet())), 'a c d b e')
})

// An independent form: BigInt throughout, as the design writes it.
function slowRank(text: string, members: readonly Weighted[]): readonly string[] {
  const M = (1n << 64n) - 1n
  const mix = (x: bigint): bigint => {
    x = ((x ^ (x >> 33n)) * 0xff51afd7ed558ccdn) & M
    x = ((x ^ (x >> 33n)) * 0xc4ceb9fe1a85ec53n) & M
    return x ^ (x >> 33n)
  }
  const slowCost = (score: bigint): bigint => {
    if (score === 0n) return 64n << 24n
    let z = 0n
    while (((score << z) & (1n << 63n)) === 0n) z++
    const n = score << z
    const i = Number((n >> 53n) & 0x3ffn)
    const f = (n >> 39n) & 0x3fffn
    const [a, b] = [BigInt(logarithms()[i]!), BigInt(logarithms()[i + 1]!)]
    return ((z + 1n) << 24n) - (a + (((b - a) * f) >> 14n))
  }
  const rows = members.map(({ id, weight }) => {
    const score = mix(hash64(`hrw|member|${id}`) ^ hash64(text))
    return { id, score, cost: slowCost(score), weight: BigInt(weight) }
  })
  rows.sort((a, b) => {
    const [left, right] = [a.cost * b.weight, b.cost * a.weight]
    if (left !== right) return left < right ? -1 : 1
    if (a.score !== b.score) return a.score > b.score ? -1 : 1
    return a.id < b.id ? -1 : 1
  })
  return rows.map((row) => row.id)
}

const arbitraryFleet = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 12 }),
    weight: fc.integer({ min: 1, max: 1024 }),
  }),
  { selector: (member) => member.id, maxLength: 90 },
)

test('the order equals the plain BigInt definition, whatever the order of the input', () => {
  fc.assert(
    fc.property(fc.string(), arbitraryFleet, fc.boolean(), (text, drawn, isEven) => {
      const members = isEven ? drawn.map(({ id }) => ({ id, weight: 7 })) : drawn
      const ranked = rankMembers(text, members)
      assert.deepEqual(ranked, slowRank(text, members))
      assert.deepEqual(rankMembers(text, [...members].reverse()), ranked)
      assert.equal(firstPrepared(text, prepareMembers(members)), ranked[0])
    }),
    { numRuns: 300 },
  )
})

test('cost never grows with the score, so equal weights may compare scores only', () => {
  const score = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
  const skewed = fc.tuple(score, fc.integer({ min: 0, max: 63 })).map(([x, by]) => x >> BigInt(by))
  fc.assert(
    fc.property(skewed, fc.oneof(skewed, fc.constant(1n)), (a, step) => {
      const b = a + step < 1n << 64n ? a + step : (1n << 64n) - 1n
      assert.ok(costOf(a) >= costOf(b))
      assert.ok(Math.abs(costOf(a) / 2 ** 24 - (64 - log2(a))) < 1e-5)
    }),
    { numRuns: 3000 },
  )
})

function log2(x: bigint): number {
  const words = toWords(x)
  return x === 0n ? 0 : Math.log2(words[0]! * 2 ** 32 + words[1]!)
}

test('ticks spread evenly: chi-square per degree of freedom between 0.7 and 1.4', () => {
  const members = prepareMembers(many(50))
  const counts = new Map<string, number>()
  const ticks = 100_000
  for (let i = 0; i < ticks; i++) {
    const first = firstPrepared(
      rankKey('tick', `job${i % 100}@${1767236400000 + i * 60_000}`),
      members,
    )!
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  const mean = ticks / 50
  const chi = [...counts.values()].reduce((sum, c) => sum + (c - mean) ** 2 / mean, 0)
  assert.equal(counts.size, 50)
  assert.ok(chi / 49 > 0.6 && chi / 49 < 1.4, `chi per degree ${chi / 49}`)
})

test('shares follow the weights', () => {
  const weights = [4, 8, 16, 32, 64, 256]
  const members = prepareMembers(weights.map((weight, i) => ({ id: `node-${i}`, weight })))
  const total = weights.reduce((sum, w) => sum + w, 0)
  const ticks = 200_000
  const counts = new Map<string, number>()
  for (let i = 0; i < ticks; i++) {
    const first = firstPrepared(rankKey('tick', `w@${i}`), members)!
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  weights.forEach((weight, i) => {
    const want = (ticks * weight) / total
    const deviation = Math.abs(counts.get(`node-${i}`)! - want) / Math.sqrt(want)
    assert.ok(deviation < 4, `weight ${weight}: ${deviation} sigma`)
  })
})

test('a leave moves only what the leaver had, a join only what the joiner gets', () => {
  const all = many(10)
  const without = prepareMembers(all.slice(0, 9))
  const full = prepareMembers(all)
  const joiner = all[9]!.id
  let moved = 0
  const ticks = 20_000
  for (let i = 0; i < ticks; i++) {
    const text = rankKey('tick', `move@${i}`)
    const before = firstPrepared(text, without)
    const after = firstPrepared(text, full)
    if (before !== after) {
      assert.equal(after, joiner)
      moved++
    }
  }
  assert.ok(moved > ticks * 0.09 && moved < ticks * 0.11, `moved ${moved}`)
})

test('removing any member keeps the order of the others', () => {
  fc.assert(
    fc.property(fc.string(), arbitraryFleet, fc.nat(), (text, members, pick) => {
      if (members.length === 0) return
      const gone = members[pick % members.length]!.id
      const rest = members.filter(({ id }) => id !== gone)
      const expected = rankMembers(text, members).filter((id) => id !== gone)
      assert.deepEqual(rankMembers(text, rest), expected)
    }),
    { numRuns: 200 },
  )
})

test('few members and many members take different sorts and agree', () => {
  for (const count of [0, 1, 2, 63, 64, 65, 66, 200]) {
    const members = many(count)
    assert.deepEqual(rankPrepared('k', prepareMembers(members)), slowRank('k', members), `${count}`)
  }
  assert.equal(firstPrepared('k', prepareMembers([])), undefined)
})

test('a weight outside 1 … 1024 sixteenths is a programming error', () => {
  for (const weight of [0, -1, 1.5, 1025, Number.NaN]) {
    assert.throws(() => rankMembers('k', [{ id: 'a', weight }]), `${weight}`)
  }
})

test('members of equal cost are ordered by their whole score', () => {
  const members = many(3000).map(({ id }, i) => ({ id, weight: i === 0 ? 15 : 16 }))
  let ties = 0
  for (let i = 0; i < 12; i++) {
    const text = rankKey('tick', `tie@${i}`)
    assert.deepEqual(rankMembers(text, members), slowRank(text, members), text)
    ties += members.length - new Set(members.map(({ id }) => costOf(scoreMember(text, id)))).size
  }
  assert.ok(ties > 0)
})
