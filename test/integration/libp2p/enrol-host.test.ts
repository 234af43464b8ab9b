// The enrolment host with real sockets: who gets past which of its doors.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { channelProtocols, requestProtocols } from '../../../src/adapters/libp2p/constants.ts'
import {
  createEnrolNetwork,
  fromBinary,
  toBinary,
} from '../../../src/adapters/libp2p/enrol-host.ts'
import { keyFile } from '../../../src/adapters/libp2p/host.ts'
import { createKey, type NodeKey } from '../../../src/adapters/libp2p/key.ts'
import type { MemberId } from '../../../src/core/ids.ts'
import { limits } from '../../../src/core/limits.ts'
import type { EnrolCall, EnrolDialog, EnrolListener } from '../../../src/ports/enrolment.ts'
import { until } from '../../until.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const shield = new Uint8Array(32).fill(5)

interface Desk {
  readonly key: NodeKey
  readonly host: EnrolListener
  readonly heard: string[]
  isOpen: boolean
}

async function open(
  t: TestContext,
  { connectionMs, announce = [] }: { connectionMs?: number; announce?: readonly string[] } = {},
): Promise<Desk> {
  const key = await createKey()
  const heard: string[] = []
  const desk = { isOpen: true }
  const meet = (joiner: MemberId): EnrolDialog => {
    heard.push(joiner)
    return {
      offer: text(`offer to ${joiner}`),
      answer: (application) => {
        heard.push(new TextDecoder().decode(application))
        return text('answer')
      },
    }
  }
  const listen = '/ip4/127.0.0.1/tcp/0'
  const network = createEnrolNetwork(
    key.bytes,
    connectionMs === undefined ? undefined : { connectionMs },
  )
  const host = await network.listen(
    { meet, isOpen: () => desk.isOpen, idle: () => heard.push('idle') },
    { shield, listen, announce },
  )
  t.after(() => host.stop())
  return Object.assign(desk, { key, host, heard })
}

async function call(
  desk: Desk,
  { key, ...other }: Partial<EnrolCall> & { readonly key?: NodeKey } = {},
  apply: (offer: Uint8Array) => Uint8Array = () => text('application'),
): Promise<string> {
  const { bytes } = key ?? (await createKey())
  const { addresses } = desk.host
  const answer = await createEnrolNetwork(bytes).call(
    { shield, addresses, enroller: desk.key.member, ...other },
    apply,
  )
  return new TextDecoder().decode(answer)
}

test('a joiner hears the offer first, applies, and gets the answer', async (t) => {
  const desk = await open(t)
  const joiner = await createKey()
  let offer = ''
  const answer = await call(desk, { key: joiner }, (bytes) => {
    offer = new TextDecoder().decode(bytes)
    return text('application')
  })
  assert.equal(answer, 'answer')
  assert.equal(offer, `offer to ${joiner.member}`, 'the handshake has proved who came')
  assert.deepEqual(desk.heard.slice(0, 2), [joiner.member, 'application'])
  await until('it is idle again', () => desk.heard.includes('idle'))
})

test('who has another shield, or expects another member, says nothing', async (t) => {
  const desk = await open(t)
  await assert.rejects(call(desk, { shield: new Uint8Array(32) }, () => assert.fail()))
  const other = (await createKey()).member
  await assert.rejects(call(desk, { enroller: other }, () => assert.fail()))
  assert.deepEqual(
    desk.heard.filter((line) => line === 'application'),
    [],
  )
  assert.equal(await call(desk), 'answer')
})

test('a closed desk lets nobody in', async (t) => {
  const desk = await open(t)
  desk.isOpen = false
  await assert.rejects(call(desk, {}, () => assert.fail()))
  assert.deepEqual(desk.heard, [])
})

test('who applies with too much, or nothing, gets no answer and keeps no connection', async (t) => {
  const desk = await open(t, { connectionMs: 500 })
  await assert.rejects(call(desk, {}, () => new Uint8Array(limits.enrolBytesMax + 1)))
  const silent = (): never => {
    throw new Error('says nothing')
  }
  await assert.rejects(call(desk, {}, silent), /says nothing/)
  await until('all connections have ended', () => desk.host.isIdle)
  assert.equal(await call(desk), 'answer')
})

test('what a node announces is where joiners are sent, at the port that listens', async (t) => {
  const desk = await open(t, { announce: ['/dns4/barn.example/tcp/7171', '10.0.0.9:1'] })
  const [name, address] = desk.host.addresses.map((bytes) => fromBinary(bytes)!)
  assert.match(name!, /^\/dns4\/barn\.example\/tcp\/\d+$/)
  assert.equal(address, name!.replace('dns4/barn.example', 'ip4/10.0.0.9'))
  assert.doesNotMatch(name!, /\/7171$/)
})

test('the shield alone opens one protocol, and nothing of the node', async (t) => {
  const desk = await open(t)
  const { bytes } = await createKey()
  const stranger = await createLibp2p({
    privateKey: privateKeyFromProtobuf(bytes),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionProtector: preSharedKey({ psk: keyFile(shield) }),
    connectionGater: { denyDialMultiaddr: () => false },
  })
  t.after(() => stranger.stop())
  const to = multiaddr(`${fromBinary(desk.host.addresses[0]!)!}/p2p/${desk.key.member}`)
  const others = [...Object.values(requestProtocols), ...Object.values(channelProtocols)]
  for (const protocol of [...others, '/ipfs/id/1.0.0', '/meshsub/1.2.0']) {
    await assert.rejects(stranger.dialProtocol(to, protocol), /protocol/i, protocol)
  }
  await (await stranger.dialProtocol(to, '/meshcron/enrol/1')).close()
})

test('a port that is taken is named, with the flag that moves it', async (t) => {
  const desk = await open(t)
  const [listen] = desk.host.addresses.map((bytes) => fromBinary(bytes)!)
  const { bytes } = await createKey()
  const other = createEnrolNetwork(bytes)
  const handlers = { meet: () => assert.fail(), isOpen: () => true, idle: () => {} }
  await assert.rejects(other.listen(handlers, { shield, listen: listen!, announce: [] }), {
    code: 'MC_PORT_IN_USE',
    hint: /--enrol/,
  })
})

test('silent sockets are bounded and end, and then an honest joiner gets in', async (t) => {
  const desk = await open(t)
  const port = Number(/tcp\/(\d+)/.exec(fromBinary(desk.host.addresses[0]!)!)![1])
  const closed = Array.from({ length: 3 * limits.enrolConnectionsMax }, () => {
    // a reset is as good an end as any
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    return new Promise((resolve) => void socket.resume().on('close', resolve))
  })
  await Promise.all(closed)
  assert.equal(await call(desk), 'answer')
})

test('addresses in binary come back; what is none is not dialled', () => {
  const address = '/ip4/10.1.2.3/tcp/7173'
  assert.equal(
    fromBinary(toBinary(`${address}/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5`)),
    address,
  )
  assert.equal(toBinary(address).length, 8)
  assert.equal(fromBinary(multiaddr('/ip4/10.1.2.3/udp/1').bytes), undefined)
  assert.equal(fromBinary(new Uint8Array([255, 1])), undefined)
})
