// What the twin can do beyond the contract: virtual time, cuts, and the same run for the same seed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryHub, MemoryNetwork } from '../../src/adapters/memory/network.ts'
import { memberId } from '../../src/core/ids.ts'
import { createRandom } from '../../src/core/random.ts'
import { encode, Recorder } from './network-recorder.ts'

/** Time that passes only when told to; equal instants in the order of the calls. */
class VirtualTime {
  nowMs = 0
  #count = 0
  readonly #queue: { readonly atMs: number; readonly order: number; readonly run: () => void }[] =
    []

  monoMs(): number {
    return this.nowMs
  }

  schedule = (run: () => void, delayMs: number): void => {
    this.#queue.push({ atMs: this.nowMs + delayMs, order: this.#count++, run })
    this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
  }

  /** Lets time pass; what promises set off happens in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      const next = this.#queue[0]
      if (next === undefined || next.atMs > endMs) break
      this.#queue.shift()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = endMs
  }
}

const [a, b, c] = [memberId('a'), memberId('b'), memberId('c')] as const

async function startThree(
  time: VirtualTime,
  seed = 1n,
): Promise<{ hub: MemoryHub; nodes: readonly Recorder[] }> {
  const random = createRandom(seed)
  const latencyMs = (): number => random.between(1, 20)
  const hub = new MemoryHub({ schedule: time.schedule }, { latencyMs })
  const nodes = [a, b, c].map(
    (self) => new Recorder(new MemoryNetwork({ hub, clock: time }, { self })),
  )
  for (const node of nodes) {
    await node.network.start(node)
    node.network.setTargets([a, b, c].map((member) => ({ member, addresses: [] })))
  }
  await time.pass(1_000)
  return { hub, nodes }
}

test('the same seed gives the same run, another one another', async () => {
  const run = async (seed: bigint): Promise<string> => {
    const time = new VirtualTime()
    const { hub, nodes } = await startThree(time, seed)
    const random = createRandom(seed).fork('faults')
    const log: string[] = []
    for (const node of nodes) {
      const message = node.message.bind(node)
      node.message = (from, channel, bytes) => {
        log.push(`${time.nowMs} ${node.network.self} ${from} ${channel}`)
        message(from, channel, bytes)
      }
    }
    for (let i = 0; i < 200; i++) {
      const [from, to] = [random.below(3), random.below(3)]
      nodes[from]!.network.send(nodes[to]!.network.self, 'exec', encode(`${i}`))
      if (i === 50) hub.cut(a, b)
      if (i === 100) hub.heal(a, b)
      if (i === 150) hub.reset(b, c)
      await time.pass(random.below(30))
    }
    return [...log, JSON.stringify(nodes.map((node) => [node.links, node.messages]))].join('\n')
  }
  const first = await run(5n)
  assert.equal(await run(5n), first)
  assert.notEqual(await run(6n), first)
})

test('a short cut holds frames in order and keeps the newest heartbeat only', async () => {
  const time = new VirtualTime()
  const { hub, nodes } = await startThree(time)
  hub.cut(a, b)
  for (let i = 0; i < 5; i++) {
    nodes[0]!.network.send(b, 'exec', encode(`${i}`))
    nodes[0]!.network.send(b, 'heartbeat', encode(`${i}`))
  }
  await time.pass(3_000)
  assert.deepEqual(nodes[1]!.messages, [])
  hub.heal(a, b)
  await time.pass(100)
  assert.deepEqual(nodes[1]!.texts('exec'), ['0', '1', '2', '3', '4'])
  assert.deepEqual(nodes[1]!.texts('heartbeat'), ['4'])
  assert.ok(nodes[0]!.isUp(b))
})

test('a long cut takes the link down, in one direction too, until it is healed', async () => {
  for (const isOneWay of [false, true]) {
    const time = new VirtualTime()
    const { hub, nodes } = await startThree(time)
    hub.cut(a, b, isOneWay)
    await time.pass(3_999)
    assert.ok(nodes[0]!.isUp(b))
    await time.pass(2)
    assert.ok(!nodes[0]!.isUp(b) && !nodes[1]!.isUp(a))
    assert.ok(nodes[0]!.isUp(c) && nodes[1]!.isUp(c))
    await time.pass(60_000)
    assert.ok(!nodes[0]!.isUp(b))
    hub.heal(a, b)
    await time.pass(1_000)
    assert.ok(nodes[0]!.isUp(b) && nodes[1]!.isUp(a))
  }
})

test('one way only: questions arrive, answers do not', async () => {
  const time = new VirtualTime()
  const { hub, nodes } = await startThree(time)
  hub.cut(b, a, true)
  const asked = assert.rejects(nodes[0]!.network.request(b, 'sync', encode('?'), 1_000))
  await time.pass(2_000)
  await asked
  assert.equal(nodes[1]!.requests.length, 1)
})

test('what a long queue holds behind a cut is lost as a whole', async () => {
  const time = new VirtualTime()
  const { hub, nodes } = await startThree(time)
  hub.cut(a, b)
  for (let i = 0; i <= 1_024; i++) nodes[0]!.network.send(b, 'exec', encode(`${i}`))
  nodes[0]!.network.send(b, 'exec', encode('after'))
  hub.heal(a, b)
  await time.pass(1_000)
  assert.deepEqual(nodes[1]!.texts('exec'), ['after'])
  assert.equal(nodes[0]!.network.counters().refused, 1)
})
