import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkWhere, judgeWhere, type Facts } from '../../../src/core/placement/where.ts'

const facts: Facts = {
  arch: 'arm64',
  'disk.free': 300e6,
  'power.ac': true,
  'mem.total': 2 ** 30,
  gpu: false,
  site: "o'hare",
}

test('a member is a candidate only when the whole condition is true', () => {
  const table: readonly (readonly [string, boolean | undefined])[] = [
    ['arch == "arm64"', true],
    ["arch == 'arm64'", true],
    ['arch != "arm64"', false],
    ['arch == "arm64" && disk.free > 200MB && power.ac != false', true],
    ['disk.free > 300MB', false],
    ['disk.free >= 300MB', true],
    ['mem.total == 1GiB', true],
    ['mem.total < 1GB', false],
    ['arch in ["x64", "arm64"]', true],
    ['arch in ["x64"]', false],
    ['power.ac', true],
    ['gpu', false],
    ['!gpu', true],
    ['!(gpu || power.ac)', false],
    ['gpu || arch == "arm64" && power.ac', true],
    ['(gpu || arch == "arm64") && gpu', false],
    ['site == "o\'hare"', true],
    ['  power.ac  ', true],
  ]
  for (const [text, holds] of table) assert.equal(judgeWhere(text, facts).holds, holds, text)
})

test('a fact that is not told, or is of another kind, makes a test unknown, not false', () => {
  const table: readonly (readonly [string, boolean | undefined])[] = [
    ['battery > 20%', undefined],
    ['!(battery > 20%)', undefined],
    ['battery > 20% || power.ac', true],
    ['battery > 20% && gpu', false],
    ['battery > 20% && power.ac', undefined],
    ['arch > 5', undefined],
    ['arch != 5', undefined],
    ['known(battery)', false],
    ['!known(battery) || battery > 20%', true],
    ['known(arch)', true],
    ['known', undefined],
    ['constructor == "x"', undefined],
    ['known(toString)', false],
  ]
  for (const [text, holds] of table) assert.equal(judgeWhere(text, facts).holds, holds, text)
})

test('the verdict names the test that decided', () => {
  const because = (text: string): string => judgeWhere(text, facts).because
  assert.equal(because('power.ac && arch == "x64" && gpu'), 'arch is "arm64"')
  assert.equal(because('power.ac && battery > 1'), 'it does not tell battery')
  assert.equal(because('gpu || disk.free > 1GB'), 'disk.free is 300000000')
})

test('a condition that cannot be read is refused with the place and an example', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /^at 1: expected the name of a fact instead of the end$/],
    ['arch ==', /^at 8: expected a number, true, false or a text in quotes instead of the end$/],
    [
      'arch == arm64',
      /^at 9: expected a number, true, false or a text in quotes instead of arm64$/,
    ],
    ['arch = "arm64"', /^at 6: "= \\"arm64\\"" is no part of a condition$/],
    ['disk.free > 5XB', /^at 13: the unit is none of .* in 5XB$/],
    ['disk.free > 5constructor', /^at 13: the unit is none of/],
    ['(gpu', /^at 5: expected \) before the end$/],
    ['gpu arch', /^at 5: expected && or \|\| before arch$/],
    ['arch in "x"', /^at 9: expected \[ before "x"$/],
    ['$(reboot)', /^at 1: .* is no part of a condition$/],
    [`${'('.repeat(17)}gpu${')'.repeat(17)}`, /^more than 16 levels of brackets$/],
    ['!'.repeat(500), /^more than 16 levels of brackets$/],
    ['a'.repeat(1_025), /^longer than 1024 characters$/],
  ]
  for (const [text, message] of table) {
    const read = checkWhere(text)
    assert.ok(!read.ok, text)
    assert.match(read.refusal.message, message, text)
    assert.match(read.refusal.hint, /write it like/)
    assert.equal(judgeWhere(text, facts).holds, undefined, text)
  }
})

test('whatever text and facts come, a condition is judged or refused', () => {
  const word = fc.constantFrom(
    ...[
      'arch',
      'disk.free',
      'known',
      'in',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      ',',
      '==',
      '<',
      '>=',
    ],
    ...['"x"', "'y'", '5', '5MB', '-1.5', 'true', 'false', '__proto__', '"', '\\', '5..5', '5e5'],
  )
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(word).map((words) => words.join(' ')),
  )
  const told = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean()))
  fc.assert(
    fc.property(text, told, (one, given) => {
      const { holds } = judgeWhere(one, given)
      assert.ok(checkWhere(one).ok || holds === undefined)
    }),
    { numRuns: 2_000 },
  )
})
