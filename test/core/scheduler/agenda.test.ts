import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Agenda } from '../../../src/core/scheduler/agenda.ts'

test('what is due comes out earliest first, at most max at once', () => {
  const agenda = new Agenda()
  for (const [name, at] of [
    ['c', 30],
    ['a', 10],
    ['d', 40],
    ['b', 20],
  ] as const)
    agenda.set(name, at)
  assert.equal(agenda.peekMs(), 10)
  assert.deepEqual(agenda.popDue(30, 2), [
    { name: 'a', atMs: 10 },
    { name: 'b', atMs: 20 },
  ])
  assert.deepEqual(agenda.popDue(30, 2), [{ name: 'c', atMs: 30 }])
  assert.deepEqual(agenda.popDue(39, 2), [])
  assert.equal(agenda.size, 1)
})

test('setting a job again moves it, deleting forgets it', () => {
  const agenda = new Agenda()
  agenda.set('a', 10)
  agenda.set('b', 20)
  agenda.set('a', 30)
  assert.equal(agenda.get('a'), 30)
  assert.equal(agenda.peekMs(), 20)
  assert.equal(agenda.delete('b'), true)
  assert.equal(agenda.delete('b'), false)
  assert.equal(agenda.get('b'), undefined)
  assert.deepEqual(agenda.popDue(100, 10), [{ name: 'a', atMs: 30 }])
  assert.equal(agenda.get('a'), undefined)
  assert.equal(agenda.delete('a'), false)
  assert.equal(agenda.peekMs(), undefined)
})

test('any sequence of changes leaves the agenda equal to a plain map', () => {
  const name = fc.integer({ min: 0, max: 90 }).map((n) => `job-${n}`)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), name, at: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ kind: fc.constant('delete' as const), name }),
    fc.record({
      kind: fc.constant('pop' as const),
      at: fc.integer({ min: 0, max: 50 }),
      max: fc.integer({ min: 0, max: 20 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const agenda = new Agenda()
      const model = new Map<string, number>()
      for (const next of steps) {
        if (next.kind === 'set') {
          agenda.set(next.name, next.at)
          model.set(next.name, next.at)
        } else if (next.kind === 'delete') {
          assert.equal(agenda.delete(next.name), model.delete(next.name))
        } else {
          const due = agenda.popDue(next.at, next.max)
          const expected = [...model.values()].filter((at) => at <= next.at).sort((a, b) => a - b)
          assert.deepEqual(
            due.map((d) => d.atMs),
            expected.slice(0, next.max),
          )
          for (const { name, atMs } of due) {
            assert.equal(model.get(name), atMs)
            model.delete(name)
          }
        }
        assert.equal(agenda.size, model.size)
        assert.equal(agenda.peekMs(), model.size === 0 ? undefined : Math.min(...model.values()))
      }
    }),
  )
})

test('a hundred thousand jobs are held and drained in slices', () => {
  const agenda = new Agenda()
  const jobs = 100_000
  for (let i = 0; i < jobs; i++) agenda.set(`job-${i}`, (i * 7_919) % 1_009)
  let drained = 0
  let lastMs = 0
  for (let due = agenda.popDue(2_000, 1_000); due.length > 0; due = agenda.popDue(2_000, 1_000)) {
    assert.ok(due.length <= 1_000)
    for (const { atMs } of due) {
      assert.ok(atMs >= lastMs)
      lastMs = atMs
    }
    drained += due.length
  }
  assert.equal(drained, jobs)
})
