import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode as decodeCborg, encode as encodeCborg } from 'cborg'
import fc from 'fast-check'
import {
  type Cbor,
  cborContainersMax,
  cborDepthMax,
  decode,
  encode,
  findUnencodable,
} from '../../../src/core/wire/cbor.ts'

const limits = { bytesMax: 1 << 20 }
const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const head = (byte: number, count: number): Uint8Array => new Uint8Array(count).fill(byte)

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 23, 24, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  fc.constantFrom(-1, -24, -25, -256, -257, -(2 ** 32), -(2 ** 32) - 1, 1 - 2 ** 53),
)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom('', '\ufeff', '\ufeffmark', 'constructor', 'toString', '0', '1'),
)
const key = text.filter((drawn) => drawn !== '__proto__')
const { value } = fc.letrec<{ value: Cbor }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(key, tie('value'), { maxKeys: 30, noNullPrototype: true }),
  ),
}))

/** Structure without prototypes and views, so that only content is compared. */
function plain(x: unknown): unknown {
  if (x instanceof Uint8Array) return `bytes ${show(x)}`
  if (Array.isArray(x)) return x.map(plain)
  if (typeof x !== 'object' || x === null) return Object.is(x, -0) ? 0 : x
  return new Map(Object.entries(x).map(([k, v]) => [k, plain(v)]))
}

test('every value comes back, and its bytes do', () => {
  fc.assert(
    fc.property(value, (drawn) => {
      const bytes = encode(drawn)
      const result = decode(bytes, limits)
      assert.ok(result.ok, show(bytes))
      assert.deepEqual(plain(result.value), plain(drawn))
      assert.equal(show(encode(result.value)), show(bytes))
    }),
    { numRuns: 1500 },
  )
})

test('corrupted bytes are refused or are themselves canonical', () => {
  const edit = fc.record({ at: fc.nat(), kind: fc.nat(3), byte: fc.nat(255), count: fc.nat(4) })
  fc.assert(
    fc.property(value, fc.array(edit, { minLength: 1, maxLength: 4 }), (drawn, edits) => {
      const bytes = [...encode(drawn)]
      for (const { at, kind, byte, count } of edits) {
        const index = at % (bytes.length + 1)
        if (kind === 0) bytes[index] = byte
        else if (kind === 1) bytes.splice(index, count)
        else if (kind === 2) bytes.splice(index, 0, byte)
        else bytes.length = index
      }
      agree(Uint8Array.from(bytes))
    }),
    { numRuns: 4000 },
  )
})

test('random bytes are refused or are themselves canonical', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), agree), { numRuns: 4000 })
})

/** Whatever is accepted re-encodes to its bytes, and cborg reads the same value. */
function agree(bytes: Uint8Array): void {
  const result = decode(bytes, limits)
  if (!result.ok) return
  assert.equal(show(encode(result.value)), show(bytes))
  if (Buffer.from(bytes).includes(Buffer.from('\ufeff'))) return // cborg drops the mark
  const other: unknown = decodeCborg(bytes, { strict: true, rejectDuplicateMapKeys: true })
  assert.deepEqual(plain(result.value), plain(other))
}

test('each departure from the canonical form is refused with its reason', () => {
  const table: readonly (readonly [string, string])[] = [
    ['', 'malformed'],
    ['00 00', 'malformed'],
    ['18 17', 'not-canonical'],
    ['19 00ff', 'not-canonical'],
    ['1a 0000ffff', 'not-canonical'],
    ['1b 00000000ffffffff', 'not-canonical'],
    ['1b 0020000000000000', 'unsupported'],
    ['1b ffffffffffffffff', 'unsupported'],
    ['3b 001fffffffffffff', 'unsupported'],
    ['1c', 'malformed'],
    ['1f', 'unsupported'],
    ['58 01 00', 'not-canonical'],
    ['42 00', 'malformed'],
    ['5a ffffffff 00', 'malformed'],
    ['5f 41 00 ff', 'unsupported'],
    ['61 ff', 'malformed'],
    ['62 c080', 'malformed'],
    ['63 eda080', 'malformed'],
    ['7f 61 61 ff', 'unsupported'],
    ['82 00', 'malformed'],
    ['9a ffffffff', 'malformed'],
    ['9b ffffffffffffffff', 'unsupported'],
    ['9f ff', 'unsupported'],
    ['bf ff', 'unsupported'],
    ['a1 00 00', 'bad-key'],
    ['a1 41 61 00', 'bad-key'],
    ['a1 f6 00', 'bad-key'],
    ['a1 69 5f5f70726f746f5f5f 00', 'bad-key'],
    ['a2 61 61 00 61 61 01', 'not-canonical'],
    ['a2 61 62 00 61 61 01', 'not-canonical'],
    ['a2 62 6161 00 61 62 01', 'not-canonical'],
    ['a1 78 01 61 00', 'not-canonical'],
    ['a1 61 61', 'malformed'],
    ['c0 00', 'unsupported'],
    ['c2 41 01', 'unsupported'],
    ['d9 d9f7 00', 'unsupported'],
    ['e0', 'unsupported'],
    ['f7', 'unsupported'],
    ['f8 14', 'unsupported'],
    ['f9 3c00', 'unsupported'],
    ['fa 3f800000', 'unsupported'],
    ['fb 3ff0000000000000', 'unsupported'],
    ['ff', 'unsupported'],
  ]
  for (const [bytes, reason] of table) {
    assert.deepEqual(decode(hex(bytes), limits), { ok: false, reason }, bytes)
  }
})

test('keys are sorted bytewise on the encoded key: shorter first, then by bytes', () => {
  const bytes = encode({ b: 1, aa: 2, a: 3, ä: 4, '': 5, ['x'.repeat(24)]: 6, ['y'.repeat(23)]: 7 })
  assert.equal(
    show(bytes),
    ['a7', '6005', '616103', '616201', '62616102', '62c3a404'].join('') +
      `77${'79'.repeat(23)}07` +
      `7818${'78'.repeat(24)}06`,
  )
})

test('nesting beyond the depth is refused before it can exhaust the stack', () => {
  assert.deepEqual(decode(head(0x81, 200_000), limits), { ok: false, reason: 'too-deep' })
  const deepest = new Uint8Array([...head(0x81, cborDepthMax - 1), 0x80])
  assert.ok(decode(deepest, limits).ok)
  assert.equal(decode(new Uint8Array([0x81, ...deepest]), limits).ok, false)
  assert.ok(decode(hex('00'), { bytesMax: 1, depthMax: 0 }).ok)
  assert.deepEqual(decode(hex('80'), { bytesMax: 1, depthMax: 0 }), {
    ok: false,
    reason: 'too-deep',
  })
})

test('size and number of containers are bounded', () => {
  assert.deepEqual(decode(hex('00'), { bytesMax: 0 }), { ok: false, reason: 'too-large' })
  const many = (count: number): Uint8Array =>
    new Uint8Array([0x99, count >> 8, count & 255, ...head(0xa0, count)])
  assert.ok(decode(many(cborContainersMax - 1), limits).ok)
  assert.deepEqual(decode(many(cborContainersMax), limits), { ok: false, reason: 'too-large' })
})

test('maps have no prototype and bytes are a copy', () => {
  const input = encode({ constructor: 1, bytes: new Uint8Array([1, 2]) })
  for (const bytes of [input, Buffer.from(input)]) {
    const result = decode(bytes, limits)
    assert.ok(result.ok)
    const map = result.value as { readonly [key: string]: Cbor }
    assert.equal(Object.getPrototypeOf(map), null)
    assert.equal(map['toString'], undefined)
    assert.equal(map['constructor'], 1)
    const copy = map['bytes'] as Uint8Array
    assert.equal(copy.constructor, Uint8Array)
    copy[0] = 9
    assert.equal(show(encode(map)) === show(input), false)
    assert.ok(decode(bytes, limits).ok)
    assert.equal(show(bytes), show(encodeCborg({ constructor: 1, bytes: new Uint8Array([1, 2]) })))
  }
})

test('what has no canonical form is named, and encode refuses it', () => {
  const loop: unknown[] = []
  loop.push(loop)
  const table: readonly (readonly [unknown, string])[] = [
    [undefined, 'unsupported'],
    [1.5, 'unsupported'],
    [Number.NaN, 'unsupported'],
    [2 ** 53, 'unsupported'],
    [1n, 'unsupported'],
    [() => 1, 'unsupported'],
    [new Map(), 'unsupported'],
    [new Date(0), 'unsupported'],
    [{ a: undefined }, 'unsupported'],
    // oxlint-disable-next-line no-sparse-arrays
    [[1, , 2], 'unsupported'],
    ['\ud800', 'malformed'],
    [{ '\udc00': 1 }, 'malformed'],
    [JSON.parse('{"__proto__": 1}'), 'bad-key'],
    [loop, 'too-deep'],
    [Array.from({ length: cborContainersMax }, () => []), 'too-large'],
  ]
  for (const [index, [bad, fault]] of table.entries()) {
    assert.equal(findUnencodable(bad), fault, `row ${index}`)
    assert.throws(() => encode(bad as Cbor), { name: 'InvariantError' }, `row ${index}`)
  }
  assert.equal(show(encode(-0)), '00')
})
