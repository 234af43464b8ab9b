import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Presence } from '../../src/dashboard/model/presence.ts'
import { SseParser } from '../../src/dashboard/model/sse.ts'
import { refresher } from '../../src/dashboard/state/refresher.ts'
import { members } from '../adapters/http/fake-api.ts'

describe('server-sent events', () => {
  test('are whole at their empty line, wherever the chunks are cut', () => {
    const text =
      'retry: 1000\n\nid: e-1\nevent: job\ndata: {"a":\ndata: 1}\n\n: still here\n\nid: e-2\ndata: x\n\n'
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = new SseParser()
      const found = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]
      assert.deepEqual(
        found,
        [
          { id: 'e-1', event: 'job', data: '{"a":\n1}' },
          { id: 'e-2', event: 'message', data: 'x' },
        ],
        `cut at ${cut}`,
      )
    }
  })

  test('take every kind of line end', () => {
    const found = new SseParser().push('data: a\r\n\r\ndata: b\n\n')
    assert.deepEqual(
      found.map(({ data }) => data),
      ['a', 'b'],
    )
  })
})

describe('a refresher', () => {
  test('a burst costs one load now and one after the gap', async () => {
    let nowMs = 0
    let loads = 0
    const timers: (() => void)[] = []
    const refresh = refresher(
      () => {
        loads += 1
        return Promise.resolve()
      },
      { gapMs: () => 400, nowMs: () => nowMs, later: (callback) => void timers.push(callback) },
    )
    refresh()
    refresh()
    refresh()
    assert.equal(loads, 1)
    await settled()
    refresh()
    assert.equal(loads, 1)
    assert.equal(timers.length, 1, 'the wish that came meanwhile waits for the gap')
    nowMs = 500
    timers.shift()!()
    assert.equal(loads, 2)
    await settled()
    assert.equal(timers.length, 0, 'and costs nothing more')
  })
})

describe('absences of members', () => {
  const [, field] = members
  const alive = { members: [{ ...field!, state: 'alive' }] }
  const gone = { members: [{ ...field!, state: 'unreachable', lastSeenMs: 4_000 }] }

  test('begin when a member was last heard and end when it is back', () => {
    const presence = new Presence()
    presence.see(alive, 1_000)
    presence.see(gone, 10_000)
    presence.see(gone, 20_000)
    assert.deepEqual(presence.of(field!.id), [
      { fromMs: 6_000, toMs: undefined, state: 'unreachable' },
    ])
    presence.note(
      { id: 'e', at: '', type: 'member', member: field!.id, name: '', state: 'alive' },
      30_000,
    )
    assert.deepEqual(presence.of(field!.id), [
      { fromMs: 6_000, toMs: 30_000, state: 'unreachable' },
    ])
  })

  test('that turn from unreachable to down stay one', () => {
    const presence = new Presence()
    presence.see(gone, 10_000)
    presence.see({ members: [{ ...gone.members[0]!, state: 'down' }] }, 40_000)
    assert.deepEqual(
      presence.of(field!.id).map(({ state }) => state),
      ['down'],
    )
  })
})

/** Lets promises that are settled be heard. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
