import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Params } from '../../../src/core/jobs/definition.ts'
import { parseDocument, parseGroup, toDocument } from '../../../src/core/jobs/document.ts'
import { params, resolveParams } from '../../../src/core/jobs/document-params.ts'
import { matches, parsePattern } from '../../../src/core/jobs/pattern.ts'

const parse = (fields: object) =>
  parseDocument(
    { name: 'a', schedule: '@manually', run: { exec: ['true'] }, ...fields },
    { nowMs: 0, defaultTimezone: 'UTC' },
  )

function rulesOf(written: object): Params {
  const read = params.parse(written, 'params')
  assert.ok(read.ok)
  return read.value
}

test('a document with parameters comes back as it was written', () => {
  const written = {
    target: { default: 'all', pattern: '[a-z]+' },
    level: { required: true, enum: ['low', 'high'] },
  }
  const read = parse({ params: written })
  assert.ok(read.ok)
  const { definition, name } = read.value
  assert.deepEqual(toDocument(name, definition)['params'], written)
  const again = parseGroup('action', definition.action)
  assert.ok(again.ok)
  assert.deepEqual(again.value, definition.action)
})

test('a group that was stored before there were parameters has none', () => {
  const read = parse({})
  assert.ok(read.ok)
  const { params: none, ...older } = read.value.definition.action
  assert.deepEqual(none, {})
  const again = parseGroup('action', older)
  assert.ok(again.ok)
  assert.deepEqual(again.value.params, {})
})

const wrongDocuments: readonly (readonly [string, object, RegExp, RegExp])[] = [
  ['secret', { params: { a: { secret: true } } }, /params\.a\.secret.*secret/, /file or variable/],
  ['unknown key', { params: { a: { requird: true } } }, /requird: unknown/, /"required"/],
  ['bad name', { params: { 'a-b': {} } }, /"a-b"/, /letters/],
  ['names equal but for case', { params: { a: {}, A: {} } }, /differ only in case/, /variable/],
  ['group in a pattern', { params: { a: { pattern: '(a+)+' } } }, /no groups/, /enum/],
  ['default outside enum', { params: { a: { default: 'x', enum: ['y'] } } }, /"x" is unknown/, /y/],
  ['required with default', { params: { a: { default: 'x', required: true } } }, /beside/, /one/],
  [
    'required with a schedule',
    { schedule: '@daily', params: { a: { required: true } } },
    /params\.a\.required/,
    /@manually/,
  ],
]
for (const [title, fields, message, hint] of wrongDocuments) {
  test(`a document is refused: ${title}`, () => {
    const read = parse(fields)
    assert.ok(!read.ok)
    assert.match(read.refusal.message, message)
    assert.match(read.refusal.hint, hint)
  })
}

test('defaults are filled in, what nobody says and has no default is absent', () => {
  const rules = rulesOf({ a: { default: '1' }, b: {}, c: {} })
  assert.deepEqual(resolveParams(rules, { c: '3' }), { ok: true, value: { a: '1', c: '3' } })
})

const wrongValues: readonly (readonly [string, object, RegExp, RegExp])[] = [
  ['unknown', { levl: 'low' }, /params\.levl: unknown/, /"level"/],
  ['missing', {}, /params\.level: is missing/, /--param level=/],
  ['not of the enum', { level: 'hgh' }, /"hgh" is unknown/, /"high"/],
  ['not of the form', { level: 'low', target: 'A b' }, /has not the form/, /form/],
  ['no text', { level: 5 }, /got a number/, /quotes/],
  ['a zero byte', { level: 'low', note: 'a\0' }, /NUL/, /text/],
  ['too much', { level: 'low', note: 'é'.repeat(8_200) }, /bytes, at most 16384/, /file/],
]
for (const [title, given, message, hint] of wrongValues) {
  test(`unknown or invalid values are refused: ${title}`, () => {
    const rules = rulesOf({
      level: { required: true, enum: ['low', 'high'] },
      target: { pattern: '[a-z]+' },
      note: {},
    })
    const read = resolveParams(rules, given as Record<string, unknown>)
    assert.ok(!read.ok)
    assert.match(read.refusal.message, message)
    assert.match(read.refusal.hint, hint)
  })
}

/** Patterns that mean the same to the library's expressions. */
const same = [
  'a',
  'ab?c',
  'a*',
  '[a-c]+',
  '[^/]{2,4}x',
  '\\d{3}',
  'v\\d+\\.\\d+',
  '.{0,2}',
  'a{2,}b',
  '\\w-?\\w',
]
const values = [
  '',
  'a',
  'aa',
  'aaab',
  'abc',
  'ac',
  'abcabc',
  'xyx',
  'abcdx',
  'abcdex',
  '123',
  '12',
].concat(['v1.20', 'v1x2', 'a-b', 'ab', 'a--b', '/x', 'ü', 'aab', 'ab\n'])

test('a pattern means for the whole value what a regular expression means', () => {
  for (const text of same) {
    const read = parsePattern(text)
    assert.ok(read.ok, text)
    for (const value of values) {
      const expected = new RegExp(`^(?:${text})$`, 'su').test(value)
      assert.equal(matches(read.value, value), expected, `${text} on ${JSON.stringify(value)}`)
    }
  }
})

test('a pattern with a group, an alternative, an anchor or nothing to repeat is refused', () => {
  for (const text of [
    '(a)',
    'a|b',
    '^a',
    'a$',
    '*',
    'a**',
    '[',
    '[]',
    'a{',
    'a{3,2}',
    '\\',
    '\\q',
  ]) {
    assert.ok(!parsePattern(text).ok, text)
  }
  assert.ok(!parsePattern('a{999}').ok)
})

test('a value costs time in proportion to its length, whatever the pattern', () => {
  const read = parsePattern(`${'a*'.repeat(100)}b`)
  assert.ok(read.ok)
  // a library's expression would follow more ways than there are atoms
  assert.equal(matches(read.value, 'a'.repeat(1_000)), false)
})
