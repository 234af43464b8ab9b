import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { announced, parseAddress, tryParseAddress } from '../../../src/adapters/libp2p/address.ts'
import { encodeFrame, FrameDecoder } from '../../../src/adapters/libp2p/frames.ts'
import { createKey, loadOrCreateKey, nodeKey } from '../../../src/adapters/libp2p/key.ts'
import { TokenBuckets } from '../../../src/core/token-buckets.ts'
import { offender, Refusals, unwanted } from '../../../src/adapters/libp2p/refusals.ts'
import { Turns } from '../../../src/adapters/libp2p/turns.ts'
import { memberId } from '../../../src/core/ids.ts'
import { createRandom } from '../../../src/core/random.ts'

describe('frames', () => {
  test('come out whole, however the bytes are cut', () => {
    const random = createRandom(11n)
    for (let round = 0; round < 200; round++) {
      const frames = Array.from({ length: 8 }, () => random.bytes(random.below(400)))
      const bytes = Buffer.concat(frames.map(encodeFrame))
      const decoder = new FrameDecoder(400)
      const got: Uint8Array[] = []
      for (let at = 0; at < bytes.length;) {
        const end = Math.min(bytes.length, at + random.between(1, 200))
        got.push(...decoder.push(bytes.subarray(at, end)))
        at = end
      }
      assert.deepEqual(got, frames, `round ${round}`)
    }
  })

  test('over the bound or with a strange length are refused before they are read', () => {
    const cases: readonly [string, number[]][] = [
      ['one too long', [...encodeFrame(new Uint8Array(101))].slice(0, 2)],
      ['longer than 2^28', [0xff, 0xff, 0xff, 0xff, 0xff]],
      ['endless length', [0x80, 0x80, 0x80, 0x80, 0x80]],
      ['length that is not minimal', [0x81, 0x00]],
    ]
    for (const [what, bytes] of cases) {
      const decoder = new FrameDecoder(100)
      assert.throws(() => [...decoder.push(new Uint8Array(bytes))], { name: 'FrameError' }, what)
    }
    assert.equal([...new FrameDecoder(100).push(encodeFrame(new Uint8Array(100)))].length, 1)
  })
})

describe('addresses', () => {
  const id = '12D3KooWJwQrcHN6DBGphHB55o4PSkBmwxNSQBZ9a5Wff8oKv1uu'
  test('are multiaddrs or host:port', () => {
    const cases: readonly [string, string, string | undefined][] = [
      ['seed.example:7171', '/dns4/seed.example/tcp/7171', undefined],
      ['10.0.0.7:7171', '/ip4/10.0.0.7/tcp/7171', undefined],
      ['[::1]:7171', '/ip6/::1/tcp/7171', undefined],
      ['/ip4/10.0.0.7/tcp/7171', '/ip4/10.0.0.7/tcp/7171', undefined],
      [`/dns4/seed/tcp/7171/p2p/${id}`, '/dns4/seed/tcp/7171', id],
    ]
    for (const [text, address, member] of cases) {
      assert.deepEqual(parseAddress(text), { address, member }, text)
    }
  })

  test('that are none are named', () => {
    for (const text of ['seed', 'seed:', ':1', 'a:99999', '[a]:1', '/ip4/1.2.3.4', '/nonsense/1']) {
      assert.throws(() => parseAddress(text), text)
      assert.equal(tryParseAddress(text), undefined, text)
    }
    assert.equal(tryParseAddress(`/dns4/${'a'.repeat(200)}/tcp/1`), undefined, 'too long')
  })

  test('of this host alone are told to others only when there is nothing else', () => {
    const near = [multiaddr('/ip4/127.0.0.1/tcp/1'), multiaddr('/ip6/fe80::1/tcp/1')]
    const far = multiaddr('/ip4/10.0.0.7/tcp/1')
    assert.deepEqual(announced([...near, far]), ['/ip4/10.0.0.7/tcp/1'])
    assert.equal(announced(near).length, 2)
    assert.equal(announced(Array.from({ length: 20 }, () => far)).length, 8)
  })
})

describe('keys', () => {
  test('are made once, readable by their owner only, and read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'meshcron-key-'))
    try {
      const made = await loadOrCreateKey(join(folder, 'node.key'))
      assert.deepEqual(await loadOrCreateKey(join(folder, 'node.key')), made)
      assert.equal((await stat(join(folder, 'node.key'))).mode & 0o777, 0o600)
      await writeFile(join(folder, 'broken.key'), 'rubbish')
      await assert.rejects(loadOrCreateKey(join(folder, 'broken.key')), { code: 'MC_BAD_CONFIG' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('name their member', async () => {
    const key = await createKey()
    assert.equal(nodeKey(key.bytes, 'x').member, key.member)
  })
})

describe('bounds', () => {
  test('a bucket gives its burst, then its rate, to each key', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 3 })
    const taken = (key: string, ms: number): number => {
      let count = 0
      while (buckets.take(key, ms)) count += 1
      return count
    }
    assert.deepEqual([taken('a', 0), taken('a', 0), taken('a', 250), taken('b', 250)], [3, 0, 2, 3])
    assert.equal(taken('a', 60_000), 3)
  })

  test('turns let four through and hand over in order, the rest is told at once', async () => {
    const turns = new Turns(2, 2)
    const never = new AbortController().signal
    const first = await turns.take('k', never)
    await turns.take('k', never)
    const order: string[] = []
    const third = turns.take('k', never).then(() => order.push('third'))
    const gone = new AbortController()
    const fourth = turns.take('k', gone.signal)
    await assert.rejects(turns.take('k', never), /too many/)
    await turns.take('other', never)
    gone.abort(new Error('gave up'))
    await assert.rejects(fourth, /gave up/)
    first()
    await third
    assert.deepEqual(order, ['third'])
  })

  test('five offences in an hour send a peer away, for longer each time', () => {
    let nowMs = 0
    const told: string[] = []
    const refusals = new Refusals({
      clock: { monoMs: () => nowMs },
      report: (_from, what) => void told.push(what),
    })
    const peer = memberId('p')
    const strikes = Array.from({ length: 5 }, () => refusals.strike(peer, 'exec', 'rubbish'))
    assert.deepEqual(strikes, [false, false, false, false, true])
    for (let i = 0; i < 100; i++) refusals.refuse(peer, 'exec', 'more')
    assert.equal(refusals.count, 105)
    assert.equal(told.length, 5)
    refusals.keepAway(peer, offender)
    nowMs += 599_999
    assert.ok(refusals.isKeptAway(peer))
    nowMs += 1
    assert.ok(!refusals.isKeptAway(peer))
    refusals.keepAway(peer, offender)
    nowMs += 1_199_999
    assert.ok(refusals.isKeptAway(peer))
    nowMs += 10_000_000
    refusals.keepAway(peer, unwanted)
    nowMs += 30_000
    assert.ok(!refusals.isKeptAway(peer))
  })
})
