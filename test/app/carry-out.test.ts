import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carryOut, launchInTime, type Hands } from '../../src/app/carry-out.ts'
import type { Effect, Launch } from '../../src/core/effect.ts'
import type { ExecutionReport } from '../../src/core/event.ts'
import { memberId } from '../../src/core/ids.ts'
import type { StoreError } from '../../src/ports/store.ts'
import { Fleet } from '../core/fleet.ts'

type Persist = Extract<Effect, { kind: 'persist' }>

const persist = (over: Partial<Persist>): Persist => ({
  kind: 'persist',
  durability: 'normal',
  writes: [{ kind: 'seen', bytes: new Uint8Array() }],
  ...over,
})
const send: Effect = {
  kind: 'send',
  to: memberId('member1'),
  channel: 'exec',
  bytes: new Uint8Array(),
}

/** No commit works; what is asked for is not looked at. */
const full: Hands = {
  commit: () => {
    const code = 'MC_STORE_FAILED'
    throw Object.assign(new Error('no space left'), { code, failure: 'full' }) as StoreError
  },
  stored: () => undefined,
  failed: () => undefined,
  send: () => undefined,
  start: () => undefined,
  tell: () => undefined,
}

/** How many of the steps said something while every commit failed. */
function said(...steps: readonly (readonly Effect[])[]): number {
  let count = 0
  const hands: Hands = { ...full, send: ({ kind }) => (count += Number(kind === 'send')) }
  carryOut(steps, hands)
  return count
}

test('while the store fails a node says nothing of its own, and goes on to pass on what others said', () => {
  assert.equal(said([persist({ durability: 'full' }), send]), 0)
  assert.equal(said([persist({}), send]), 1)
  assert.equal(said([persist({ durability: 'full' }), send], [persist({}), send], [send]), 2)
})

test('what an earlier step failed to store keeps no later step from speaking', () => {
  assert.equal(said([persist({ durability: 'full', isAgain: true }), send]), 1)
  const both = [persist({ durability: 'full', isAgain: true }), persist({ durability: 'full' })]
  assert.equal(said([...both, send]), 0)
})

test('a member whose disk is full says that it leaves, and whoever asked is told so', () => {
  const { node, monoMs, wallMs } = Fleet.running({ size: 2 }).machine(0)
  const command = { kind: 'leave', leadMs: 10_000 } as const
  const told: string[] = []
  carryOut([node.step({ kind: 'command', id: 1, command, monoMs, wallMs })], {
    ...full,
    send: ({ kind }) => told.push(kind),
    tell: (effect, isSafe) => {
      if (effect.kind === 'reply') told.push(`reply ${isSafe && effect.reply.ok}`)
    },
  })
  assert.ok(told.includes('publish') && told.includes('reply true'), told.join())
})

test('what a disk or a stall held up beyond its time has not run, and says so', () => {
  const launch = { attempt: 'a@1000.0.1' } as Launch
  const said: unknown[] = []
  const executor = { launch: ({ attempt }: Launch) => void said.push(attempt) }
  const report = (one: ExecutionReport): unknown => said.push(one.kind === 'ended' && one.reason)
  launchInTime({ kind: 'start', launch, untilMs: 5_000 }, 5_000, executor, report)
  launchInTime({ kind: 'start', launch, untilMs: 5_000 }, 5_001, executor, report)
  assert.deepEqual(said, ['a@1000.0.1', 'spawn'])
})
