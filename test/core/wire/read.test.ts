import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cbor } from '../../../src/core/wire/cbor.ts'
import { decode } from '../../../src/core/wire/cbor.ts'
import {
  anything,
  bool,
  bytes,
  dictionary,
  hex,
  i32,
  i53,
  integer,
  list,
  nullable,
  oneOf,
  optional,
  parse,
  type Read,
  read,
  type Reader,
  record,
  text,
  tuple,
  u16,
  u32,
  u48,
  u53,
  u8,
  variant,
} from '../../../src/core/wire/read.ts'

const readPing = record({
  job: text({ max: 8 }),
  seq: u53,
  hlc: tuple(u48, u16),
  note: optional(text({ max: 4 })),
  until: nullable(i53),
  parts: list(record({ id: bytes(2) }), { max: 2 }),
})
type Ping = Read<typeof readPing>

const good = { job: 'backup', seq: 1, hlc: [5, 6], until: null, parts: [{ id: new Uint8Array(2) }] }

test('a record takes its type from its readers and leaves absent optional fields out', () => {
  const expected: Ping = {
    job: 'backup',
    seq: 1,
    hlc: [5, 6],
    until: null,
    parts: [{ id: new Uint8Array(2) }],
  }
  assert.deepEqual(
    parse(() => readPing(good)),
    { ok: true, value: expected },
  )
  assert.deepEqual(read(readPing, good), { ok: true, value: expected })
  const noted: Ping = { ...expected, note: 'x' }
  assert.deepEqual(read(readPing, { ...good, note: 'x' }), { ok: true, value: noted })
})

test('unknown fields and further places of a tuple are ignored', () => {
  const newer = { ...good, hlc: [5, 6, 7], added: [1], toString: 1 }
  assert.deepEqual(read(readPing, newer), read(readPing, good))
})

test('a refusal names the field and the rule, never the text of the peer', () => {
  const table: readonly (readonly [Cbor, string])[] = [
    [null, 'not a map'],
    [[], 'not a map'],
    [new Uint8Array(1), 'not a map'],
    [{ ...good, job: 'far too long' }, 'job: longer than 8'],
    [{ ...good, job: 1 }, 'job: not text'],
    [{ ...good, seq: -1 }, 'seq: not an integer in 0 … 9007199254740991'],
    [{ ...good, hlc: [5] }, 'hlc.1: not an integer in 0 … 65535'],
    [{ ...good, hlc: 5 }, 'hlc: not a list'],
    [{ ...good, note: null }, 'note: not text'],
    [{ ...good, until: 'x' }, 'until: not an integer in -9007199254740991 … 9007199254740991'],
    [{ ...good, parts: [{ id: new Uint8Array(3) }] }, 'parts.0.id: not 2 bytes'],
    [{ ...good, parts: [{}] }, 'parts.0.id: not bytes'],
    [{ ...good, parts: [{}, {}, {}] }, 'parts: more than 2 items'],
  ]
  for (const [value, reason] of table)
    assert.deepEqual(read(readPing, value), { ok: false, reason })
})

test('each simple reader takes its range and nothing else', () => {
  const table: readonly (readonly [Reader<unknown>, readonly Cbor[], readonly Cbor[]])[] = [
    [u8, [0, 255], [-1, 256, '1', null]],
    [u16, [65535], [65536]],
    [u32, [2 ** 32 - 1], [2 ** 32]],
    [u48, [2 ** 48 - 1], [2 ** 48]],
    [i32, [-(2 ** 31), 2 ** 31 - 1], [2 ** 31]],
    [integer(1, 3), [1, 3], [0, 4, true]],
    [bool, [true, false], [0, null, 'true']],
    [hex(4), ['00ff'], ['00FF', '00f', '00ff0', '00ff\n', 1]],
    [bytes({ max: 2 }), [new Uint8Array(0), new Uint8Array(2)], [new Uint8Array(3), 'ab', [1]]],
    [oneOf<string | number>('a', 'b', 3), ['a', 3], ['c', '3', null]],
    [anything, [null, 0, {}], []],
  ]
  for (const [index, [reader, accepted, refused]] of table.entries()) {
    for (const value of accepted) assert.deepEqual(read(reader, value), { ok: true, value })
    for (const value of refused)
      assert.equal(read(reader, value).ok, false, `${index}: ${JSON.stringify(value)}`)
    assert.equal(read(record({ x: reader }), {}).ok, false, `${index}: absent`)
  }
})

test('a dictionary is bounded and checks keys and values without naming them', () => {
  const reader = dictionary(hex(2), u8, { max: 2 })
  assert.deepEqual(read(reader, { bb: 2, aa: 1 }), {
    ok: true,
    value: new Map([
      ['aa', 1],
      ['bb', 2],
    ]),
  })
  assert.deepEqual(read(reader, { zz: 1 }), { ok: false, reason: '0: not of the expected form' })
  assert.deepEqual(read(reader, { aa: -1 }), { ok: false, reason: '0: not an integer in 0 … 255' })
  assert.deepEqual(read(reader, { aa: 1, bb: 1, cc: 1 }), {
    ok: false,
    reason: 'more than 2 entries',
  })
})

test('a variant is chosen by its tag', () => {
  const reader = variant('kind', { on: record({ level: u8 }), off: record({}) })
  const on: Read<typeof reader> = { kind: 'on', level: 3 }
  assert.deepEqual(read(reader, { kind: 'on', level: 3 }), { ok: true, value: on })
  assert.deepEqual(read(reader, { kind: 'off', level: 3 }), { ok: true, value: { kind: 'off' } })
  for (const kind of ['toString', 'x', 1, null]) {
    assert.deepEqual(read(reader, { kind }), { ok: false, reason: 'unknown kind' })
  }
  assert.deepEqual(read(reader, {}), { ok: false, reason: 'unknown kind' })
})

test('an error that is not about the value is not swallowed', () => {
  const broken: Reader<number> = () => {
    throw new RangeError('bug')
  }
  assert.throws(() => read(record({ x: list(broken, { max: 1 }) }), { x: [1] }), RangeError)
})

test('no decoded value makes a reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
      const decoded = decode(input, { bytesMax: 64 })
      if (decoded.ok) read(readPing, decoded.value)
    }),
    { numRuns: 2000 },
  )
})
