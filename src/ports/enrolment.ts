import type { MemberId } from '../core/ids.ts'

/** A dialog as the enroller leads it. */
export interface EnrolDialog {
  /** Said first, before anything was heard. */
  readonly offer: Uint8Array
  /** The answer to an application; whatever it allows is durable when it returns. */
  answer(application: Uint8Array): Uint8Array
}

/** Whom the listening side asks and tells. */
export interface EnrolHandlers {
  /** Begins a dialog with whoever came; the handshake has proved who that is. */
  meet(joiner: MemberId): EnrolDialog
  /** Whether anybody is let in now. */
  isOpen(): boolean
  /** The last connection has gone. */
  idle(): void
}

export interface EnrolListen {
  /** 32 bytes; without them a connection ends before the handshake. */
  readonly shield: Uint8Array
  /** Multiaddr to listen on. */
  readonly listen: string
  /** Addresses of this node that others were told instead of those it listens on: their hosts count. */
  readonly announce: readonly string[]
}

/** A listener for joiners. */
export interface EnrolListener {
  /** Binary multiaddrs under which it may be reached. */
  readonly addresses: readonly Uint8Array[]
  /** Nobody is connected. */
  readonly isIdle: boolean
  stop(): Promise<void>
}

/** What a joiner dials. */
export interface EnrolCall {
  readonly shield: Uint8Array
  readonly enroller: MemberId
  /** Binary multiaddrs. */
  readonly addresses: readonly Uint8Array[]
}

/**
 * The way of those who have no network key yet: apart from the `Network`, under the same node key.
 * Connections are few and short, whatever comes on them is bounded, and nothing is decided here.
 */
export interface EnrolNetwork {
  /** The id of the member with this raw public key; undefined when it is none. */
  memberOf(publicKey: Uint8Array): MemberId | undefined
  /** Rejects when the address cannot be listened on. */
  listen(handlers: EnrolHandlers, init: EnrolListen): Promise<EnrolListener>
  /** Hears an offer, says what `apply` makes of it, resolves with the answer; rejects without one. */
  call(call: EnrolCall, apply: (offer: Uint8Array) => Uint8Array): Promise<Uint8Array>
}
