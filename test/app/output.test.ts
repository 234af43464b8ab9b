import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serveOutput } from '../../src/app/use-cases.ts'
import { attemptId, executionId, type AttemptId } from '../../src/core/ids.ts'
import { limits } from '../../src/core/limits.ts'
import {
  decodeOutputRequest,
  decodeOutputResponse,
  encodeOutputRequest,
  encodeOutputResponse,
} from '../../src/core/wire/output-message.ts'
import { field, Fleet, hello, plainly, startMs, valueOf } from './fixture.ts'
import { connect, introduce, tell } from './fleet-facts.ts'

const all = { offset: 0, limit: 1_000, waitMs: 0 } as const
const text = ({ bytes }: { readonly bytes: Uint8Array }): string => new TextDecoder().decode(bytes)

test('output of an attempt of this node is read in ranges', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello({ retry: { max: 1, base: '1s' } }), plainly)
  fleet.pass(10_000)
  const { execution } = fleet.launched[0]!
  fleet.finish(1, 'first')
  fleet.pass(1_000)
  fleet.finish(0, 'second')
  const newest = valueOf(await api.output(execution, all))
  assert.equal(text(newest), 'second')
  assert.equal(newest.attempt, 2)
  assert.equal(newest.slot, '0')
  assert.equal(text(valueOf(await api.output(`${execution}.0.1`, all))), 'first')
  const part = valueOf(await api.output(execution, { ...all, attempt: 1, offset: 2, limit: 2 }))
  assert.equal(text(part), 'rs')
  for (const [query, code] of [
    [{ attempt: 5 }, 'MC_UNKNOWN_EXECUTION'],
    [{ slot: 'x' }, 'MC_BAD_INPUT'],
  ] as const) {
    const result = await api.output(execution, { ...all, ...query })
    assert.equal(result.ok ? 'ok' : result.refusal.code, code)
  }
})

test('output of another member is asked for there, and it serves what it holds', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  introduce(fleet)
  await api.putJob(hello({ schedule: '@manually' }), plainly)
  const { execution } = tell(fleet, { outputBytes: 5 })
  const unlinked = await api.output(execution, all)
  assert.equal(unlinked.ok ? 'ok' : unlinked.refusal.code, 'MC_MEMBER_UNREACHABLE')

  connect(fleet, 0n)
  const other = new Fleet()
  other.outputs.set(attemptId(execution, '0', 1), 'there')
  const serve = serveOutput({
    readOutput: async (attempt, offset, bytesMax) => {
      const bytes = new TextEncoder().encode(other.outputs.get(attempt) ?? '')
      if (bytes.length === 0) return undefined
      const end = offset + bytesMax
      return { offset, bytes: bytes.subarray(offset, end), total: 5, dropped: 0, ended: true }
    },
  })
  fleet.ask = async (to, protocol, bytes, timeoutMs) => {
    assert.deepEqual([to, protocol], [field, 'out'])
    assert.ok(timeoutMs > 0)
    return await serve(bytes)
  }
  assert.equal(text(valueOf(await api.output(execution, { ...all, limit: 9_999_999 }))), 'there')
  other.outputs.clear()
  const gone = valueOf(await api.output(execution, all))
  assert.deepEqual([gone.total, gone.dropped, gone.ended, text(gone)], [5, 5, true, ''])

  for (const ask of [
    () => Promise.reject(new Error('timeout')),
    () => Promise.resolve(new Uint8Array([1, 2, 3])),
  ]) {
    fleet.ask = ask
    const result = await api.output(execution, all)
    assert.equal(result.ok ? 'ok' : result.refusal.code, 'MC_MEMBER_UNREACHABLE')
  }
  await assert.rejects(serve(new Uint8Array([0xff])), /malformed/)
})

test('what did not run has no output, what waits may have some later', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  introduce(fleet)
  await api.putJob(hello({ schedule: '@manually' }), plainly)
  const execution = executionId(`hello@${startMs - 5}`)
  const nothing = { executor: null, claimedMs: null, startedMs: null, exit: null } as const
  tell(fleet, { ...nothing, dueMs: startMs - 5, attempt: 0, outcome: 'missed', reason: 'deadline' })
  const missed = valueOf(await api.output(execution, { ...all, waitMs: 20_000 }))
  assert.deepEqual([missed.total, missed.ended], [0, true])

  // nobody may run it, so it waits until it is told to stop
  const nowhere = hello({ schedule: '@manually', placement: { tags: { role: 'web' } } })
  await api.putJob(nowhere, plainly)
  const waits = valueOf(await api.runJob('hello', { idempotencyKey: 'k' })).execution
  const early = valueOf(await api.output(waits, all))
  assert.deepEqual([early.total, early.ended, early.attempt], [0, false, 1])
  const waiting = api.output(waits, { ...all, waitMs: 20_000 })
  // a turn later it listens
  await new Promise((done) => setImmediate(done))
  valueOf(await api.stopExecution(waits))
  assert.equal(valueOf(await waiting).ended, false)
  assert.equal(valueOf(await api.output(waits, all)).ended, true)
})

test('output that comes while a page is asked for is not waited for', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello(), plainly)
  fleet.pass(10_000)
  const { execution } = fleet.launched[0]!
  const listeners = fleet.happenings.size
  const waiting = api.output(execution, { ...all, waitMs: 20_000 })
  fleet.finish(0, 'late')
  assert.equal(text(valueOf(await waiting)), 'late')
  assert.equal(fleet.happenings.size, listeners)
})

test('questions and pages of output survive the wire, and rubbish is refused', () => {
  const attempt = 'ops.a~2@1000.0.1' as AttemptId
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.integer({ min: 1, max: limits.pageBytesMax }),
      fc.integer({ min: 0, max: 25_000 }),
      fc.uint8Array({ maxLength: 64 }),
      fc.boolean(),
      (offset, bytesMax, waitMs, bytes, ended) => {
        const request = { attempt, offset, bytesMax, waitMs }
        assert.deepEqual(decodeOutputRequest(encodeOutputRequest(request)), {
          ok: true,
          value: request,
        })
        const page = { kind: 'page', offset, bytes, total: offset, dropped: 0, ended } as const
        const decoded = decodeOutputResponse(encodeOutputResponse(page))
        assert.ok(decoded.ok)
        assert.deepEqual(decoded.value, page)
        assert.equal(decodeOutputRequest(bytes).ok, false)
        assert.equal(decodeOutputResponse(bytes).ok, false)
      },
    ),
  )
  for (const change of [
    { bytesMax: 0 },
    { waitMs: 60_000 },
    { attempt: '../x.0.1' as AttemptId },
  ]) {
    const request = { attempt, offset: 0, bytesMax: 1, waitMs: 0, ...change }
    assert.equal(decodeOutputRequest(encodeOutputRequest(request)).ok, false)
  }
})
