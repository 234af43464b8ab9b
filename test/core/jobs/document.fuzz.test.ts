import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type GroupName, groupNames } from '../../../src/core/jobs/definition.ts'
import {
  defaultGroups,
  parseDocument,
  parseGroup,
  toDocument,
} from '../../../src/core/jobs/document.ts'
import {
  durationMsMax,
  formatDuration,
  formatInstant,
  parseDuration,
} from '../../../src/core/jobs/shape-time.ts'
import { INSTANT_MAX_MS, parseInstant } from '../../../src/core/scheduler/instant.ts'
import { good } from './document-table.ts'

const ctx = { nowMs: 1_767_236_400_999, defaultTimezone: 'UTC' }
const numRuns = Number(process.env['MESHCRON_FUZZ_RUNS'] ?? 2_000)
const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true })

/** A good value with one leaf, branch or key replaced by something else. */
function mutated(whole: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const other = fc.oneof(anything, fc.constantFrom('', '\0', -1, 0.5, Number.NaN, 1e21, '1h', null))
  return fc.tuple(whole, fc.nat(), other, fc.string()).map(([value, at, other, key]) => {
    const copy = structuredClone(value)
    const places: (readonly [object, string])[] = []
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return
      for (const key of Object.keys(node)) {
        places.push([node, key])
        visit(Reflect.get(node, key))
      }
      places.push([node, key])
    }
    visit(copy)
    const [target, name] = places[at % places.length]!
    if (name !== 'length') Reflect.set(target, name, other)
    return copy
  })
}

test('no value makes the parser throw, and what it accepts is stable', () => {
  const documents = fc.oneof(anything, mutated(fc.constantFrom(...Object.values(good))))
  fc.assert(
    fc.property(documents, (document) => {
      const result = parseDocument(document, ctx)
      if (!result.ok) {
        assert.equal(result.refusal.code, 'MC_BAD_INPUT')
        assert.ok(result.refusal.message.length < 1_000)
        assert.notEqual(result.refusal.hint, '')
        return
      }
      const { name, definition } = result.value
      const nowMs = definition.timing.anchorMs
      const printed = toDocument(name, definition)
      assert.deepEqual(parseDocument(printed, { ...ctx, nowMs }), result)
      for (const group of groupNames.filter((group) => group !== 'life' && group !== 'calendar')) {
        assert.deepEqual(parseGroup(group, definition[group]), {
          ok: true,
          value: definition[group],
        })
      }
    }),
    { numRuns },
  )
})

test('no value makes the check of a group throw, and what it accepts is stable', () => {
  const definitions = Object.values(good).map((document) => {
    const result = parseDocument(document, ctx)
    assert.ok(result.ok)
    return { ...defaultGroups, ...result.value.definition }
  })
  const groups = fc
    .constantFrom(...groupNames)
    .chain((group) =>
      fc.tuple(
        fc.constant<GroupName>(group),
        fc.oneof(anything, mutated(fc.constantFrom(...definitions.map((groups) => groups[group])))),
      ),
    )
  fc.assert(
    fc.property(groups, ([group, value]) => {
      const result = parseGroup(group, value)
      if (result.ok) assert.deepEqual(parseGroup(group, result.value), result)
      else assert.equal(result.refusal.code, 'MC_BAD_INPUT')
    }),
    { numRuns },
  )
})

test('a printed instant is the one of the runtime, and is read as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: INSTANT_MAX_MS }), (ms) => {
      assert.equal(formatInstant(ms), new Date(ms).toISOString().replace('.000Z', 'Z'))
      assert.equal(parseInstant(formatInstant(ms)), ms)
    }),
    { numRuns },
  )
})

test('a printed duration is read as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: durationMsMax }), (ms) => {
      for (const value of [ms, ms - (ms % 1_000)]) {
        assert.equal(parseDuration(formatDuration(value)), value)
      }
    }),
    { numRuns },
  )
})
