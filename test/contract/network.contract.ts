// The contract of ports/network.ts, run against libp2p and against the twin that the simulator uses.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Network } from '../../src/ports/network.ts'
import { limits } from '../../src/core/limits.ts'
import { memberId } from '../../src/core/ids.ts'
import { decode, encode, Recorder } from './network-recorder.ts'
import { never, until } from './network-until.ts'

/** Networks that can reach each other. */
export interface World {
  /** A network that is not started; the same name again is the same node at the same address. */
  create(name: string, peers?: readonly string[]): Promise<Network>
  /** An address where connections are taken and nothing is ever said. */
  deadAddress(): Promise<string>
  /** Stops every network that was created. */
  close(): Promise<void>
}

interface Started {
  readonly network: Network
  readonly heard: Recorder
  readonly addresses: readonly string[]
}

/** Registers the suite. */
export function networkContract(name: string, createWorld: () => World): void {
  const inWorld = async (run: (world: World) => Promise<void>): Promise<void> => {
    const world = createWorld()
    try {
      await run(world)
    } finally {
      await world.close()
    }
  }
  describe(`${name} keeps links`, () => {
    for (const [title, run] of Object.entries(linkTests)) test(title, () => inWorld(run))
  })
  describe(`${name} carries frames and gossip`, () => {
    for (const [title, run] of Object.entries(carryTests)) test(title, () => inWorld(run))
  })
  describe(`${name} answers requests`, () => {
    for (const [title, run] of Object.entries(requestTests)) test(title, () => inWorld(run))
  })
}

async function start(
  world: World,
  name: string,
  peers: readonly string[] = [],
  isOpen = true,
): Promise<Started> {
  const network = await world.create(name, peers)
  const heard = new Recorder(network, isOpen)
  const addresses = await network.start(heard)
  return { network, heard, addresses }
}

/** Two networks; the second has the first as a configured peer. */
async function startPair(world: World, isOpen = true): Promise<readonly [Started, Started]> {
  const a = await start(world, 'a', [], isOpen)
  const b = await start(world, 'b', a.addresses, isOpen)
  await linked(a, b)
  return [a, b]
}

async function linked(a: Started, b: Started): Promise<void> {
  await until('link up at both ends', () => {
    return a.heard.isUp(b.network.self) && b.heard.isUp(a.network.self)
  })
}

/** Publishes until it arrives: the first moments of a link have no gossip. */
async function gossipFlows(from: Started, to: Started): Promise<void> {
  let count = 0
  let nextMs = 0
  await until('gossip flows', () => {
    if (performance.now() >= nextMs) {
      nextMs = performance.now() + 100
      from.network.publish('member', encode(`warm ${from.network.self} ${count++}`))
    }
    return to.heard.gossips.some((one) => one.text.startsWith(`warm ${from.network.self}`))
  })
}

type Cases = Readonly<Record<string, (world: World) => Promise<void>>>

const linkTests: Cases = {
  'a configured peer is linked, once at each end, under the address it gave': async (world) => {
    const [a, b] = await startPair(world)
    assert.ok(a.addresses.length > 0)
    for (const address of a.addresses) assert.ok(address.endsWith(`/p2p/${a.network.self}`))
    assert.deepEqual(a.heard.links, [{ peer: b.network.self, up: true }])
    assert.deepEqual(b.heard.links, [{ peer: a.network.self, up: true }])
    assert.ok(a.network.counters().connections > 0)
  },

  'a target is linked after the start, and ourselves as a target are not': async (world) => {
    const a = await start(world, 'a')
    const b = await start(world, 'b')
    b.network.setTargets([
      { member: b.network.self, addresses: b.addresses },
      { member: a.network.self, addresses: a.addresses },
    ])
    await linked(a, b)
    assert.ok(!b.heard.links.some((one) => one.peer === b.network.self))
  },

  'the stop of a peer takes its link down, and up again when it returns': async (world) => {
    const [a, b] = await startPair(world)
    await a.network.stop()
    await until('link down', () => !b.heard.isUp(a.network.self))
    const again = await start(world, 'a')
    assert.equal(again.network.self, a.network.self)
    assert.deepEqual(again.addresses, a.addresses)
    await linked(again, b)
    const ups = b.heard.links.filter((one) => one.peer === a.network.self).map((one) => one.up)
    for (const [i, up] of ups.entries()) assert.equal(up, i % 2 === 0, 'up and down alternate')
  },

  'admission ends with the link': async (world) => {
    const [a, b] = await startPair(world)
    a.heard.isOpen = false
    await b.network.stop()
    await until('link down', () => !a.heard.isUp(b.network.self))
    const again = await start(world, 'b', a.addresses)
    await linked(a, again)
    again.network.send(a.network.self, 'exec', encode('too early'))
    await never('delivery', () => a.heard.messages.length > 0, 300)
    await assert.rejects(a.network.request(again.network.self, 'sync', encode('?'), 200))
  },

  'a disconnected peer is gone and is refused for a while': async (world) => {
    const [a, b] = await startPair(world)
    a.network.disconnect(b.network.self, 'test')
    await until('link down', () => {
      return !a.heard.isUp(b.network.self) && b.heard.links.some((one) => !one.up)
    })
    await never('link up again', () => a.heard.isUp(b.network.self), 1_500)
    await assert.rejects(a.network.request(b.network.self, 'hello', encode('?'), 200))
  },

  'a peer that never answers hinders nobody': async (world) => {
    const a = await start(world, 'a')
    const dead = await world.deadAddress()
    const b = await start(world, 'b', [dead, ...a.addresses])
    await linked(a, b)
    const startedMs = performance.now()
    await b.network.stop()
    assert.ok(performance.now() - startedMs < 3_000, 'stop does not wait for the dial')
  },

  'nothing is delivered after the stop, and stopping twice is one stop': async (world) => {
    const [a, b] = await startPair(world)
    const stopping = b.network.stop()
    const before = b.heard.deliveries
    a.network.send(b.network.self, 'exec', encode('late'))
    a.network.publish('jobs', encode('late'))
    await Promise.all([stopping, b.network.stop()])
    await until('link down', () => !a.heard.isUp(b.network.self))
    assert.equal(b.heard.deliveries, before)
    assert.equal(b.network.counters().connections, 0)
    b.network.publish('jobs', encode('ghost'))
    b.network.send(a.network.self, 'exec', encode('ghost'))
    await assert.rejects(b.network.request(a.network.self, 'hello', encode('?'), 200))
  },
}

const carryTests: Cases = {
  'frames of one channel arrive in the order they were sent': async (world) => {
    const [a, b] = await startPair(world)
    const sent = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(i)}`)
    for (const text of sent) a.network.send(b.network.self, 'exec', encode(text))
    await until('all arrive', () => b.heard.texts('exec').length === sent.length)
    assert.deepEqual(b.heard.texts('exec'), sent)
    assert.ok(a.network.counters().bytesSent > 125_000)
    assert.ok(b.network.counters().bytesReceived > 125_000)
  },

  'heartbeats replace each other, the last one arrives': async (world) => {
    const [a, b] = await startPair(world)
    for (let i = 0; i <= 100; i++) a.network.send(b.network.self, 'heartbeat', encode(`${i}`))
    await until('the last arrives', () => b.heard.texts('heartbeat').at(-1) === '100')
    const order = b.heard.texts('heartbeat').map(Number)
    assert.deepEqual(
      order,
      order.toSorted((x, y) => x - y),
    )
  },

  'frames of the largest size pass, larger ones throw': async (world) => {
    const [a, b] = await startPair(world)
    const to = b.network.self
    const cases = [
      ['heartbeat', limits.heartbeatBytesMax],
      ['exec', limits.execFrameBytesMax],
    ] as const
    for (const [channel, max] of cases) {
      assert.throws(() => a.network.send(to, channel, new Uint8Array(max + 1)), RangeError, channel)
      a.network.send(to, channel, new Uint8Array(max))
      await until(channel, () => b.heard.texts(channel).some((text) => text.length === max))
    }
    const publish = (length: number): void => a.network.publish('jobs', new Uint8Array(length))
    assert.throws(() => publish(limits.gossipBytesMax + 1), RangeError)
    await assert.rejects(
      async () => a.network.request(to, 'sync', new Uint8Array(limits.frameBytesMax + 1), 200),
      RangeError,
    )
  },

  'both sides may send at once after admission, whoever admits first': async (world) => {
    const [a, b] = await startPair(world, false)
    a.network.admit(b.network.self)
    a.network.send(b.network.self, 'exec', encode('from a'))
    a.network.send(b.network.self, 'heartbeat', encode('from a'))
    await never('delivery before admission', () => b.heard.messages.length > 0, 100)
    b.network.admit(a.network.self)
    b.network.send(a.network.self, 'exec', encode('from b'))
    await until('b hears a', () => b.heard.messages.length === 2)
    await until('a hears b', () => a.heard.texts('exec').length === 1)
    await gossipFlows(a, b)
    await gossipFlows(b, a)
  },

  'a frame to somebody who is not linked is lost without a word': async (world) => {
    const a = await start(world, 'a')
    a.network.send(memberId('nobody'), 'exec', encode('lost'))
    a.network.admit(memberId('nobody'))
    a.network.publish('member', encode('nobody hears'))
  },

  'gossip reaches members that are not linked with the author': async (world) => {
    const a = await start(world, 'a')
    const b = await start(world, 'b', a.addresses)
    const c = await start(world, 'c', b.addresses)
    await linked(a, b)
    await linked(b, c)
    await gossipFlows(a, c)
    const big = 'x'.repeat(limits.gossipBytesMax)
    a.network.publish('jobs', encode(big))
    await until('the largest message arrives', () => c.heard.heard(big))
    const last = c.heard.gossips.at(-1)
    assert.deepEqual(
      { from: last?.from, topic: last?.topic },
      { from: b.network.self, topic: 'jobs' },
    )
    assert.ok(!a.heard.heard(big), 'nobody hears himself')
  },

  'gossip that is ignored or rejected does not travel on': async (world) => {
    const a = await start(world, 'a')
    const b = await start(world, 'b', a.addresses)
    const c = await start(world, 'c', b.addresses)
    b.heard.verdict = (text) =>
      text === 'ignored' ? 'ignore' : text === 'rejected' ? 'reject' : 'accept'
    await linked(a, b)
    await linked(b, c)
    await gossipFlows(a, c)
    for (const text of ['ignored', 'rejected', 'accepted']) a.network.publish('jobs', encode(text))
    await until('the accepted one arrives', () => c.heard.heard('accepted'))
    assert.ok(b.heard.heard('ignored') && b.heard.heard('rejected'))
    assert.ok(!c.heard.heard('ignored') && !c.heard.heard('rejected'))
  },
}

const requestTests: Cases = {
  'hello is answered before admission, nothing else is': async (world) => {
    const [a, b] = await startPair(world, false)
    const answer = await b.network.request(a.network.self, 'hello', encode('hi'), 5_000)
    assert.equal(decode(answer), 'hi')
    await assert.rejects(b.network.request(a.network.self, 'sync', encode('?'), 1_000))
    b.network.admit(a.network.self)
    await assert.rejects(b.network.request(a.network.self, 'sync', encode('?'), 200))
    b.network.send(a.network.self, 'exec', encode('?'))
    b.network.publish('jobs', encode('?'))
    await never('delivery', () => a.heard.messages.length + a.heard.gossips.length > 0, 300)
    assert.deepEqual(
      a.heard.requests.map((one) => one.protocol),
      ['hello'],
    )
  },

  'answers of the largest size, many at once, each to its question': async (world) => {
    const [a, b] = await startPair(world)
    await until('admitted', () => a.heard.isUp(b.network.self))
    a.heard.respond = (bytes) =>
      Promise.resolve(new Uint8Array(limits.frameBytesMax).fill(bytes[0]!))
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        b.network.request(a.network.self, 'sync', new Uint8Array([i]), 10_000),
      ),
    )
    for (const [i, answer] of answers.entries()) {
      assert.equal(answer.byteLength, limits.frameBytesMax)
      assert.ok(answer[0] === i && answer.at(-1) === i, `answer ${i}`)
    }
    const large = new Uint8Array(limits.frameBytesMax)
    a.heard.respond = (bytes) => Promise.resolve(encode(`${bytes.byteLength}`))
    const length = await b.network.request(a.network.self, 'out', large, 5_000)
    assert.equal(decode(length), `${limits.frameBytesMax}`)
    assert.equal((await b.network.request(a.network.self, 'sync', encode(''), 5_000)).length, 1)
  },

  'a question that is not answered, refused or too largely answered rejects': async (world) => {
    const [a, b] = await startPair(world)
    const ask = (): Promise<Uint8Array> =>
      b.network.request(a.network.self, 'sync', encode('?'), 300)
    a.heard.respond = () => new Promise(() => {})
    await assert.rejects(ask(), 'never answered')
    a.heard.respond = () => Promise.reject(new Error('refused'))
    await assert.rejects(ask(), 'refused')
    a.heard.respond = () => Promise.resolve(new Uint8Array(limits.frameBytesMax + 1))
    await assert.rejects(ask(), 'too large')
    await assert.rejects(b.network.request(memberId('nobody'), 'hello', encode('?'), 300))
    a.heard.respond = (bytes) => Promise.resolve(bytes)
    assert.equal(decode(await ask()), '?')
  },

  'a question rejects when the link goes down': async (world) => {
    const [a, b] = await startPair(world)
    a.heard.respond = () => new Promise(() => {})
    const asked = b.network.request(a.network.self, 'sync', encode('?'), 30_000)
    const rejection = assert.rejects(asked)
    await until('the question arrives', () => a.heard.requests.length === 1)
    await a.network.stop()
    await rejection
  },
}
