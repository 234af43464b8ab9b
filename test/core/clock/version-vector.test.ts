import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compareContexts,
  type Context,
  covers,
  type Dot,
  emptyContext,
  encodeContext,
  joinContexts,
  readContext,
  seenActorsMax,
  seenGapsMax,
  seenGapsPerActorMax,
  SeenVector,
} from '../../../src/core/clock/version-vector.ts'
import { hash64, hex64 } from '../../../src/core/hash.ts'
import { type Cbor, decode, encode } from '../../../src/core/wire/cbor.ts'
import { parse, read } from '../../../src/core/wire/read.ts'

const actorOf = (i: number): string => hex64(hash64(`actor ${i}`))
const [a, b, c] = [actorOf(1), actorOf(2), actorOf(3)]

const seq = fc.integer({ min: 1, max: 6 })
const arbitraryContext: fc.Arbitrary<Context> = fc
  .array(fc.tuple(fc.constantFrom(a, b, c), seq), { maxLength: 3 })
  .map((pairs) => new Map(pairs))
const byActor = ([a]: readonly [string, number], [b]: readonly [string, number]): number =>
  a < b ? -1 : a > b ? 1 : 0
const sorted = (context: Context): unknown => [...context].toSorted(byActor)

test('contexts compare by what they cover', () => {
  const table: readonly (readonly [Context, Context, string])[] = [
    [emptyContext, emptyContext, 'equal'],
    [emptyContext, new Map([[a, 1]]), 'before'],
    [new Map([[a, 2]]), new Map([[a, 1]]), 'after'],
    [new Map([[a, 1]]), new Map([[b, 1]]), 'concurrent'],
    [
      new Map([
        [a, 1],
        [b, 2],
      ]),
      new Map([
        [b, 2],
        [a, 1],
      ]),
      'equal',
    ],
    [
      new Map([
        [a, 1],
        [b, 2],
      ]),
      new Map([
        [a, 2],
        [b, 1],
      ]),
      'concurrent',
    ],
  ]
  for (const [x, y, order] of table) assert.equal(compareContexts(x, y), order)
})

test('joining contexts is commutative, associative, idempotent and the least upper bound', () => {
  fc.assert(
    fc.property(arbitraryContext, arbitraryContext, arbitraryContext, (x, y, z) => {
      const xy = joinContexts(x, y)
      assert.deepEqual(sorted(xy), sorted(joinContexts(y, x)))
      assert.deepEqual(sorted(joinContexts(xy, z)), sorted(joinContexts(x, joinContexts(y, z))))
      assert.deepEqual(sorted(joinContexts(x, x)), sorted(x))
      for (const actor of [a, b, c]) {
        for (let n = 1; n <= 6; n++) {
          const dot: Dot = { actor, seq: n }
          assert.equal(covers(xy, dot), covers(x, dot) || covers(y, dot))
        }
      }
      const order = compareContexts(x, y)
      assert.equal(order === 'before' || order === 'equal', compareContexts(xy, y) === 'equal')
      assert.equal(order === 'after' || order === 'equal', compareContexts(xy, x) === 'equal')
    }),
  )
})

test('a context has one byte form and comes back', () => {
  fc.assert(
    fc.property(arbitraryContext, (x) => {
      const bytes = encode(encodeContext(x))
      assert.deepEqual(encode(encodeContext(new Map([...x].toReversed()))), bytes)
      const decoded = decode(bytes, { bytesMax: 1000 })
      assert.ok(decoded.ok)
      assert.deepEqual(read(readContext, decoded.value), {
        ok: true,
        value: new Map([...x].toSorted(byActor)),
      })
    }),
  )
  const refused: readonly Cbor[] = [null, [], { [a]: 0 }, { [a]: -1 }, { short: 1 }, { [a]: 'x' }]
  for (const value of refused) assert.equal(read(readContext, value).ok, false)
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [actorOf(i), 1]))
  assert.equal(read(readContext, many).ok, false)
})

const arbitraryDots = fc.array(
  fc.record({ actor: fc.constantFrom(a, b), seq: fc.integer({ min: 1, max: 40 }) }),
  { maxLength: 60 },
)
const vectorOf = (dots: readonly Dot[]): SeenVector => {
  const vector = new SeenVector()
  for (const dot of dots) vector.add(dot)
  return vector
}
const text = (dot: Dot): string => `${dot.actor}.${dot.seq}`
const form = (vector: SeenVector): string => Buffer.from(encode(vector.toCbor())).toString('hex')

test('a hole is not taken for seen: the maximum is not the contiguous maximum', () => {
  const vector = vectorOf([1, 2, 5].map((n) => ({ actor: a, seq: n })))
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((n) => vector.has({ actor: a, seq: n })),
    [true, true, false, false, true, false],
  )
  assert.equal(vector.contiguous(a), 2)
  vector.add({ actor: a, seq: 4 })
  vector.add({ actor: a, seq: 3 })
  assert.equal(vector.contiguous(a), 5)
})

test('has agrees with a plain set for any order of arrival', () => {
  fc.assert(
    fc.property(arbitraryDots, (dots) => {
      const vector = new SeenVector()
      const oracle = new Set<string>()
      for (const dot of dots) {
        assert.equal(vector.add(dot), !oracle.has(text(dot)))
        oracle.add(text(dot))
      }
      for (const actor of [a, b, c]) {
        let contiguous = 0
        while (oracle.has(text({ actor, seq: contiguous + 1 }))) contiguous++
        assert.equal(vector.contiguous(actor), contiguous)
        for (let n = 1; n <= 42; n++) {
          assert.equal(vector.has({ actor, seq: n }), oracle.has(text({ actor, seq: n })))
        }
      }
    }),
  )
})

test('joining is commutative, associative, idempotent; equal content has equal bytes and digest', () => {
  fc.assert(
    fc.property(arbitraryDots, arbitraryDots, arbitraryDots, (x, y, z) => {
      const join = (p: SeenVector, q: SeenVector): SeenVector => {
        const out = p.copy()
        assert.equal(out.join(q), !p.includes(q))
        assert.ok(out.includes(p) && out.includes(q))
        return out
      }
      const [p, q, r] = [vectorOf(x), vectorOf(y), vectorOf(z)]
      const all = vectorOf([...z, ...y, ...x].toReversed())
      for (const joined of [join(join(p, q), r), join(p, join(q, r)), join(join(r, q), p)]) {
        assert.equal(form(joined), form(all))
        assert.equal(joined.digest(), all.digest())
      }
      assert.equal(form(join(p, p)), form(p))
      assert.equal(p.digest() === q.digest(), form(p) === form(q))
    }),
  )
})

test('the digest follows each change and a copy is independent', () => {
  const vector = new SeenVector()
  const empty = vector.digest()
  vector.add({ actor: a, seq: 1 })
  const one = vector.digest()
  assert.notEqual(one, empty)
  const copy = vector.copy()
  copy.add({ actor: a, seq: 3 })
  assert.notEqual(copy.digest(), one)
  assert.equal(vector.digest(), one)
  assert.equal(vector.add({ actor: a, seq: 1 }), false)
  assert.equal(vector.digest(), one)
})

test('the byte form comes back, and nothing else is read', () => {
  fc.assert(
    fc.property(arbitraryDots, (dots) => {
      const vector = vectorOf(dots)
      const decoded = decode(encode(vector.toCbor()), { bytesMax: 10_000 })
      assert.ok(decoded.ok)
      const back = SeenVector.fromCbor(decoded.value)
      assert.equal(form(back), form(vector))
      assert.equal(back.digest(), vector.digest())
    }),
  )
  const id = new Uint8Array(8)
  const later = new Uint8Array(8).fill(1)
  const accepted: readonly Cbor[] = [
    [],
    [[id, 1]],
    [[id, 0, 2, 2]],
    [
      [id, 3, 5, 9, 11, 11],
      [later, 1],
    ],
  ]
  const refused: readonly Cbor[] = [
    null,
    {},
    [[]],
    [[id]],
    [[id, 0]],
    [[id, -1]],
    [[id, 1, 3]],
    [[id, 1, 2, 2]],
    [[id, 0, 1, 1]],
    [[id, 1, 5, 4]],
    [[id, 1, 3, 4, 5, 6]],
    [[id, 1, 7, 8, 3, 4]],
    [['text', 1]],
    [
      [id, 1],
      [id, 2],
    ],
    [
      [later, 1],
      [id, 1],
    ],
    [[id, 1, ...Array.from({ length: 2 * 65 }, (_, i) => 3 + 2 * (i >> 1))]],
  ]
  for (const value of accepted) assert.ok(parse(() => SeenVector.fromCbor(value)).ok)
  for (const [i, value] of refused.entries()) {
    assert.equal(parse(() => SeenVector.fromCbor(value)).ok, false, `row ${i}`)
  }
})

test('beyond 64 gaps the highest are forgotten, never a hole filled', () => {
  const vector = new SeenVector()
  const last = 2 * (seenGapsPerActorMax + 10)
  for (let n = last; n >= 2; n -= 2) vector.add({ actor: a, seq: n })
  for (let n = 1; n <= last; n++) {
    const isKept = n % 2 === 0 && n <= 2 * seenGapsPerActorMax
    assert.equal(vector.has({ actor: a, seq: n }), isKept, `${n}`)
  }
  for (let n = 1; n <= last; n++) vector.add({ actor: a, seq: n })
  assert.equal(vector.contiguous(a), last)
})

test('under every bound has never claims what was not added', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.boolean()), { maxLength: 400 }),
      (steps) => {
        const [x, y] = [new SeenVector(), new SeenVector()]
        const oracle = new Set<number>()
        for (const [n, isLeft] of steps) {
          ;(isLeft ? x : y).add({ actor: a, seq: n })
          oracle.add(n)
        }
        x.join(y)
        for (let n = 1; n <= 400; n++) if (x.has({ actor: a, seq: n })) assert.ok(oracle.has(n))
      },
    ),
  )
})

test('gaps of all actors together are bounded: the oldest list goes first, contiguous parts stay', () => {
  const vector = new SeenVector()
  const lists = seenGapsMax / seenGapsPerActorMax
  for (let i = 0; i <= lists; i++) {
    const actor = actorOf(i)
    vector.add({ actor, seq: 1 })
    for (let n = 1; n <= seenGapsPerActorMax; n++) vector.add({ actor, seq: 2 * n + 1 })
  }
  assert.ok(vector.has({ actor: actorOf(lists), seq: 3 }))
  assert.ok(vector.has({ actor: actorOf(1), seq: 3 }))
  assert.equal(vector.has({ actor: actorOf(0), seq: 3 }), false)
  assert.equal(vector.contiguous(actorOf(0)), 1)
  assert.equal(vector.size, lists + 1)
})

test('actors are bounded: those known by gaps alone give way, the others stay', () => {
  const vector = new SeenVector()
  vector.add({ actor: actorOf(0), seq: 2 })
  for (let i = 1; i <= seenActorsMax + 5; i++) vector.add({ actor: actorOf(i), seq: 1 })
  assert.equal(vector.size, seenActorsMax)
  assert.equal(vector.has({ actor: actorOf(0), seq: 2 }), false)
  assert.ok(vector.has({ actor: actorOf(seenActorsMax), seq: 1 }))
  assert.equal(vector.has({ actor: actorOf(seenActorsMax + 1), seq: 1 }), false)
})

test('the largest vector fits a frame', () => {
  const vector = new SeenVector()
  for (let i = 0; i < seenActorsMax; i++) {
    vector.add({ actor: actorOf(i), seq: 1 })
    vector.add({ actor: actorOf(i), seq: 4_000_000_000 })
  }
  assert.ok(encode(vector.toCbor()).length < 200_000, `${encode(vector.toCbor()).length}`)
})
