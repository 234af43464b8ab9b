// Whoever wants to join has no network key and must not meet the main host. So while an invite is open
// a second, small host listens beside it, under a shield of its own, and speaks one protocol: the
// enroller's offer, the joiner's application, the answer. It decides nothing.

import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { privateKeyFromProtobuf, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { type MemberId, memberId } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import type {
  EnrolCall,
  EnrolHandlers,
  EnrolListener,
  EnrolNetwork,
} from '../../ports/enrolment.ts'
import { announced, dialable, parseAddress } from './address.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'
import { keyFile } from './host.ts'
import { listenError } from './listen-error.ts'

const protocol = '/meshcron/enrol/1'
const p2p = 421

/** The way to join for a node with this private key, in protobuf form. */
export function createEnrolNetwork(
  privateKey: Uint8Array,
  { connectionMs }: { readonly connectionMs: number } = { connectionMs: limits.enrolConnectionMs },
): EnrolNetwork {
  return {
    memberOf,
    listen: async (handlers, init) => {
      const host = await createHost({ privateKey, ...init, isDenied: () => !handlers.isOpen() })
      host.addEventListener('connection:open', ({ detail }) => endAfter(detail, connectionMs))
      host.addEventListener('connection:close', () => {
        if (host.getConnections().length === 0) handlers.idle()
      })
      await host.handle(protocol, (stream, { remotePeer }) => serve(stream, remotePeer, handlers), {
        maxInboundStreams: 1,
      })
      try {
        await host.start()
      } catch (error) {
        await host.stop()
        throw listenError(error, [init.listen], '--enrol')
      }
      return new Listener(host, init.announce)
    },
    call: (call, apply) => callEnroller(privateKey, call, apply),
  }
}

function memberOf(publicKey: Uint8Array): MemberId | undefined {
  try {
    return memberId(peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString())
  } catch {
    return undefined
  }
}

class Listener implements EnrolListener {
  readonly #host: Libp2p
  readonly #announce: readonly string[]

  constructor(host: Libp2p, announce: readonly string[]) {
    this.#host = host
    this.#announce = announce
  }

  get addresses(): readonly Uint8Array[] {
    const own = announced(this.#host.getMultiaddrs())
    const port = /\/tcp\/(\d+)/.exec(own[0] ?? '')?.[1]
    const told = this.#announce.map((text) => withPort(parseAddress(text).address, port))
    return (told.length > 0 ? told : own).map((text) => toBinary(text))
  }

  get isIdle(): boolean {
    return this.#host.getConnections().length === 0
  }

  async stop(): Promise<void> {
    await this.#host.stop()
  }
}

/** The same host at another port: what leads to this node at one port mostly does at the next. */
const withPort = (address: string, port: string | undefined): string =>
  port === undefined ? address : address.replace(/\/tcp\/\d+/, `/tcp/${port}`)

/** A multiaddr in binary, without the member that it leads to. */
export function toBinary(address: string): Uint8Array {
  return multiaddr(address).decapsulateCode(p2p).bytes
}

/** Text of a binary multiaddr with a TCP port; undefined when it is none. */
export function fromBinary(address: Uint8Array): string | undefined {
  try {
    const text = multiaddr(address).toString()
    return /\/tcp\/\d+/.test(text) ? text : undefined
  } catch {
    return undefined
  }
}

async function serve(
  stream: Stream,
  remotePeer: PeerId,
  { meet }: Pick<EnrolHandlers, 'meet'>,
): Promise<void> {
  try {
    const dialog = meet(memberId(remotePeer.toString()))
    stream.send(encodeFrame(dialog.offer))
    const { value: application } = await framesOf(stream).next()
    if (application === undefined) return
    stream.send(encodeFrame(dialog.answer(application)))
    await stream.close({ signal: AbortSignal.timeout(limits.enrolConnectionMs) })
  } catch (error) {
    stream.abort(error as Error)
  }
}

async function callEnroller(
  privateKey: Uint8Array,
  { shield, enroller, addresses }: EnrolCall,
  apply: (offer: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(limits.enrolConnectionMs)
  const host = await createHost({ privateKey, shield, isDenied: () => true })
  await host.start()
  try {
    const to = addresses.flatMap((bytes): Multiaddr[] => {
      const text = fromBinary(bytes)
      return text === undefined ? [] : [dialable(text, enroller)]
    })
    const stream = await host.dialProtocol(to, protocol, { signal })
    signal.addEventListener('abort', () => stream.abort(signal.reason as Error), { once: true })
    const frames = framesOf(stream)
    const next = async (): Promise<Uint8Array> => {
      const { value } = await frames.next()
      if (value === undefined) throw new Error('it ended the dialog')
      return value
    }
    stream.send(encodeFrame(apply(await next())))
    return await next()
  } finally {
    await host.stop()
  }
}

/** A dialog has three messages, so whatever lasts longer is none. */
function endAfter(connection: Connection, ms: number): void {
  const late = setTimeout(() => connection.abort(new Error('an enrolment takes no longer')), ms)
  connection.addEventListener('close', () => clearTimeout(late))
}

async function* framesOf(stream: Stream): AsyncGenerator<Uint8Array, undefined> {
  const decoder = new FrameDecoder(limits.enrolBytesMax)
  for await (const chunk of stream) yield* decoder.push(chunk)
  return undefined
}

interface HostInit {
  readonly privateKey: Uint8Array
  readonly shield: Uint8Array
  /** Absent: dial only. */
  readonly listen?: string
  readonly isDenied: () => boolean
}

async function createHost(init: HostInit): Promise<Libp2p> {
  const { enrolConnectionMs: timeoutMs, enrolConnectionsMax } = limits
  return await createLibp2p({
    start: false,
    privateKey: privateKeyFromProtobuf(init.privateKey),
    addresses: { listen: init.listen === undefined ? [] : [parseAddress(init.listen).address] },
    transports: [
      tcp({
        inboundSocketInactivityTimeout: timeoutMs,
        maxConnections: enrolConnectionsMax,
      }),
    ],
    connectionProtector: preSharedKey({ psk: keyFile(init.shield) }),
    connectionEncrypters: [noise()],
    connectionMonitor: { enabled: false },
    streamMuxers: [
      yamux({
        enableKeepAlive: false,
        maxInboundStreams: 1,
        streamOptions: { maxReadBufferLength: 65_536 },
      }),
    ],
    // the default refuses addresses of this network
    connectionGater: { denyDialMultiaddr: () => false, denyInboundConnection: init.isDenied },
    connectionManager: {
      maxConnections: enrolConnectionsMax,
      maxIncomingPendingConnections: enrolConnectionsMax,
      inboundConnectionThreshold: enrolConnectionsMax,
      inboundUpgradeTimeout: 3_000,
      maxPeerAddrsToDial: 8,
      addressSorter: () => 0,
      reconnectRetries: 0,
    },
  })
}
