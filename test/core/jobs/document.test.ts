import assert from 'node:assert/strict'
import { test } from 'node:test'
import Schema from 'typebox/schema'
import { type Definition, groupNames } from '../../../src/core/jobs/definition.ts'
import {
  defaultGroups,
  jobSchema,
  parseDocument,
  parseGroup,
  toDocument,
} from '../../../src/core/jobs/document.ts'
import { good, wrong } from './document-table.ts'

const ctx = { nowMs: 1_767_236_400_999, defaultTimezone: 'Europe/Berlin' }

function parse(document: unknown, label: string): ReturnType<typeof unwrap> {
  return unwrap(parseDocument(document, ctx), label)
}

function unwrap(result: ReturnType<typeof parseDocument>, label: string) {
  assert.ok(result.ok, `${label}: ${JSON.stringify(result)}`)
  return result.value
}

test('a good document is read, printed and read again without a difference', () => {
  for (const [label, document] of Object.entries(good)) {
    const { name, definition } = parse(document, label)
    const printed = toDocument(name, definition)
    const again = parse(JSON.parse(JSON.stringify(printed)), label)
    assert.deepEqual(again, { name, definition }, label)
    assert.deepEqual(toDocument(again.name, again.definition), printed, label)
  }
})

test('a bad document is refused with the path and with what to do about it', () => {
  for (const [label, document, path, hint] of wrong) {
    const result = parseDocument(document, ctx)
    assert.ok(!result.ok, `${label}: accepted`)
    const { code, message, hint: given } = result.refusal
    assert.equal(code, 'MC_BAD_INPUT', label)
    assert.ok(message.startsWith(`${path}: `), `${label}: ${message}`)
    assert.match(given, hint, label)
  }
})

test('the schema accepts what the parser accepts and refuses what it refuses', () => {
  const compiled = Schema.Compile(jobSchema)
  for (const [label, document] of Object.entries(good)) {
    assert.ok(compiled.Check(document), label)
    const { name, definition } = parse(document, label)
    assert.ok(compiled.Check(toDocument(name, definition)), `${label}, printed`)
  }
  for (const [label, document, , , beyondSchema] of wrong) {
    assert.equal(compiled.Check(document), beyondSchema === true, label)
  }
})

test('the least document has the documented defaults', () => {
  const { name, definition } = parse(good['least document'], 'least')
  assert.equal(name, 'a')
  const { enabled, placement, delivery, notify, meta } = defaultGroups
  assert.deepEqual(definition, {
    timing: {
      ...defaultGroups.timing,
      schedule: ['@daily'],
      timezone: 'Europe/Berlin',
      anchorMs: 1_767_236_400_000,
    },
    action: { ...defaultGroups.action, run: { kind: 'exec', argv: ['true'] } },
    enabled,
    placement,
    delivery,
    notify,
    meta,
  } satisfies Definition)
})

test('a printed document has no defaults and durations as text', () => {
  const { name, definition } = parse(good['every key'], 'every key')
  const printed = toDocument(name, definition)
  assert.equal(printed['timeout'], '90m')
  assert.equal(printed['endAt'], '2027-03-01T08:00:00.500Z')
  assert.deepEqual(printed['retry'], {
    max: 3,
    backoff: 'fixed',
    jitter: 0.125,
    on: ['timeout', 'lost'],
    where: 'any',
  })
  assert.deepEqual(printed['placement'], {
    tags: { role: 'web' },
    every: true,
    where: 'arch in ["arm64", "x64"]',
    affinity: 'job',
  })
  const least = parse(good['empty maps'], 'empty maps')
  assert.deepEqual(toDocument(least.name, least.definition), {
    name: 'a',
    schedule: '@daily',
    timezone: 'Europe/Berlin',
    run: { exec: ['true'] },
  })
})

test('@every counts from startAt when there is one', () => {
  const { definition } = parse(good['every key'], 'every key')
  assert.equal(definition.timing.anchorMs, 1_767_225_600_000)
})

test('a normalised group is itself, and keys of a newer version are passed over', () => {
  for (const [label, document] of Object.entries(good)) {
    const groups = { ...defaultGroups, ...parse(document, label).definition }
    for (const group of groupNames) {
      const newer = { ...groups[group], someday: 1 }
      for (const value of [groups[group], newer, defaultGroups[group]]) {
        const result = parseGroup(group, value)
        const wanted = value === newer ? groups[group] : value
        assert.deepEqual(result, { ok: true, value: wanted }, `${label} ${group}`)
      }
    }
  }
})

test('a group that breaks a rule of documents is refused from a peer too', () => {
  const { timing, action, delivery, placement, enabled } = defaultGroups
  const refused: readonly (readonly [(typeof groupNames)[number], unknown, string])[] = [
    ['timing', undefined, 'timing'],
    ['timing', { ...timing, schedule: '@daily' }, 'timing.schedule'],
    ['timing', { ...timing, jitterMs: '30s' }, 'timing.jitterMs'],
    ['timing', { ...timing, jitterMs: 0.5 }, 'timing.jitterMs'],
    ['timing', { ...timing, startAtMs: 2, endAtMs: 1 }, 'timing.endAtMs'],
    ['action', { ...action, run: { kind: 'exec', argv: [] } }, 'action.run.argv'],
    ['action', { ...action, run: { kind: 'plugin' } }, 'action.run.name'],
    ['action', { ...action, run: { exec: ['a'] } }, 'action.run.kind'],
    ['action', { ...action, env: { A: 'b\0' } }, 'action.env.A'],
    ['delivery', { ...delivery, retry: { ...delivery.retry, capMs: 1 } }, 'delivery.retry.cap'],
    ['placement', { ...placement, every: 1 }, 'placement.every'],
    ['enabled', [enabled], 'enabled'],
    ['life', { state: 'dead' }, 'life.state'],
  ]
  for (const [group, value, path] of refused) {
    const result = parseGroup(group, value)
    assert.ok(!result.ok, path)
    assert.equal(result.refusal.code, 'MC_BAD_INPUT', path)
    assert.ok(result.refusal.message.startsWith(`${path}: `), result.refusal.message)
  }
})

test('no document reaches a prototype', () => {
  const inherited = Object.create({
    name: 'a',
    schedule: '@daily',
    run: { exec: ['true'] },
  }) as object
  assert.ok(!parseDocument(inherited, ctx).ok)
  const bare = Object.assign(Object.create(null), good['least document']) as unknown
  assert.ok(parseDocument(bare, ctx).ok)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})
