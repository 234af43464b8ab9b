import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/core/ids.ts'
import type { Member } from '../../../src/core/membership/membership.ts'
import { conditionsOf } from '../../../src/core/notify/conditions.ts'

const id = (name: string): MemberId => name as MemberId

function member(name: string, more: object = {}, state: Member['state'] = 'alive'): Member {
  const record = {
    member: id(name),
    name,
    incarnation: 1,
    engine: 'e1',
    timezoneData: '2026a',
    clock: { state: 'synced', offsetMs: 0, errorMs: 0 },
    attrs: { facts: { 'disk.free': 50, 'disk.total': 100 } },
    ...more,
  }
  return { record, state, missingSinceMs: 7 } as unknown as Member
}

const found = (members: readonly Member[], isIsolated = false): readonly string[] =>
  conditionsOf(members, { self: id('a'), isIsolated }, 9).map((one) =>
    `${one.event} ${one.memberName} ${one.reason}`.trimEnd(),
  )

test('member-down is told of a member that is down, not of one that left or is away for a moment', () => {
  const members = [member('a'), member('b', {}, 'down'), member('c', {}, 'left')]
  assert.deepEqual(found([...members, member('d', {}, 'unreachable')]), ['member-down b'])
})

test('clock-bad is a clock that is skewed, unsynced or disputed', () => {
  const states = ['synced', 'drifting', 'alone', 'skewed', 'unsynced', 'disputed']
  const members = states.map((state) =>
    member(state, { clock: { state, offsetMs: 5, errorMs: 0 } }),
  )
  assert.deepEqual(
    found(members).map((text) => text.split(' ')[1]),
    ['skewed', 'unsynced', 'disputed'],
  )
})

test('disk-low is less than 5 % free, where a member tells of its disk', () => {
  const disk = (free: number): object => ({
    attrs: { facts: { 'disk.free': free, 'disk.total': 100 } },
  })
  const members = [
    member('a', disk(5)),
    member('b', disk(4)),
    member('c', { attrs: { facts: {} } }),
  ]
  assert.deepEqual(found(members), ['disk-low b 4 % free'])
})

test('engine-skew is told of those that differ from most', () => {
  const members = [member('a'), member('b'), member('c', { timezoneData: '2025c' })]
  assert.deepEqual(found(members), ['engine-skew c e1, time zone data 2025c'])
})

test('an isolated watcher tells of itself, not of everybody else', () => {
  assert.deepEqual(found([member('a'), member('b', {}, 'down')], true), ['isolated a'])
})
