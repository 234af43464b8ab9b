import type { Connection } from '@libp2p/interface'
import { type MemberId, memberId } from '../../core/ids.ts'
import { admissionWaitersMax, admissionWaitMs } from './constants.ts'
import { wireBytes } from './internals.ts'

/** What the table of links needs from outside. */
export interface LinksComponents {
  readonly clock: { monoMs(): number }
}

/** Whom the table of links tells. */
export interface LinksInit {
  readonly changed: (peer: MemberId, up: boolean) => void
}

/** One connection of a link. */
export interface LinkConnection {
  readonly connection: Connection
  readonly openedMs: number
}

/** All connections to one peer, oldest first, and whether it is admitted. */
export interface Link {
  readonly peer: MemberId
  readonly openedMs: number
  readonly connections: readonly LinkConnection[]
  readonly admittedMs: number | undefined
}

interface OpenLink {
  readonly peer: MemberId
  readonly openedMs: number
  connections: LinkConnection[]
  admittedMs: number | undefined
  readonly waiters: Set<(admitted: boolean) => void>
}

/**
 * Who is connected, and who of them is admitted. It counts connections itself, because libp2p
 * announces some that are closed already and never takes those back.
 */
export class Links {
  readonly #components: LinksComponents
  readonly #changed: LinksInit['changed']
  readonly #links = new Map<MemberId, OpenLink>()
  readonly #closedBytes = { bytesRead: 0, bytesWritten: 0 }

  constructor(components: LinksComponents, init: LinksInit) {
    this.#components = components
    this.#changed = init.changed
  }

  /** Adds a connection; the first to a peer makes its link. */
  opened(connection: Connection): void {
    if (connection.status !== 'open') return
    const peer = memberId(connection.remotePeer.toString())
    const entry = { connection, openedMs: this.#components.clock.monoMs() }
    const link = this.#links.get(peer)
    if (link !== undefined) {
      link.connections.push(entry)
      return
    }
    this.#links.set(peer, {
      peer,
      openedMs: entry.openedMs,
      connections: [entry],
      admittedMs: undefined,
      waiters: new Set(),
    })
    this.#changed(peer, true)
  }

  /** Removes a connection; with the last one the link goes, and admission with it. */
  closed(connection: Connection): void {
    const peer = memberId(connection.remotePeer.toString())
    const link = this.#links.get(peer)
    if (link === undefined) return
    const left = link.connections.filter((one) => one.connection !== connection)
    if (left.length === link.connections.length) return
    const { bytesRead, bytesWritten } = wireBytes(connection)
    this.#closedBytes.bytesRead += bytesRead
    this.#closedBytes.bytesWritten += bytesWritten
    link.connections = left
    if (left.length > 0) return
    this.#links.delete(peer)
    settle(link, false)
    this.#changed(peer, false)
  }

  /** Admits a linked peer; false when there is no link, or it is admitted already. */
  admit(peer: MemberId): boolean {
    const link = this.#links.get(peer)
    if (link === undefined || link.admittedMs !== undefined) return false
    link.admittedMs = this.#components.clock.monoMs()
    settle(link, true)
    return true
  }

  /** Whether the peer is linked. */
  has(peer: MemberId): boolean {
    return this.#links.has(peer)
  }

  /** Whether the peer is linked and admitted. */
  isAdmitted(peer: MemberId): boolean {
    return this.#links.get(peer)?.admittedMs !== undefined
  }

  /**
   * Waits a moment for a peer's admission: both sides admit within one round trip of each other, and
   * what the faster one opened must not be lost.
   */
  whenAdmitted(peer: MemberId): Promise<boolean> {
    const link = this.#links.get(peer)
    if (link?.admittedMs !== undefined) return Promise.resolve(true)
    if (link === undefined || link.waiters.size >= admissionWaitersMax) {
      return Promise.resolve(false)
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const settled = (admitted: boolean): void => {
      clearTimeout(timer)
      link.waiters.delete(settled)
      resolve(admitted)
    }
    const timer = setTimeout(settled, admissionWaitMs, false)
    link.waiters.add(settled)
    return promise
  }

  /** The connection to open streams on: the oldest, which is the one that stays. */
  connection(peer: MemberId): Connection | undefined {
    return this.#links.get(peer)?.connections.find((one) => one.connection.status === 'open')
      ?.connection
  }

  /** One link. */
  get(peer: MemberId): Link | undefined {
    return this.#links.get(peer)
  }

  /** All links. */
  all(): readonly Link[] {
    return [...this.#links.values()]
  }

  /** Linked peers that are not admitted. */
  strangers(): number {
    let count = 0
    for (const link of this.#links.values()) if (link.admittedMs === undefined) count += 1
    return count
  }

  /** Cuts every connection at once; works against a stopped process too. */
  abort(peer: MemberId, reason: string): void {
    for (const { connection } of this.#links.get(peer)?.connections ?? []) {
      connection.abort(new Error(reason))
      // closing is announced by an event; if libp2p keeps it to itself, the table must not
      this.closed(connection)
    }
  }

  /** Takes out connections that died without an event. */
  sweep(): void {
    for (const link of this.#links.values()) {
      for (const { connection } of link.connections) {
        if (connection.timeline.close !== undefined) this.closed(connection)
      }
    }
  }

  /** Bytes on the wire since the start. */
  bytes(): { readonly read: number; readonly written: number } {
    let { bytesRead: read, bytesWritten: written } = this.#closedBytes
    for (const link of this.#links.values()) {
      for (const { connection } of link.connections) {
        const wire = wireBytes(connection)
        read += wire.bytesRead
        written += wire.bytesWritten
      }
    }
    return { read, written }
  }
}

function settle(link: OpenLink, admitted: boolean): void {
  for (const waiter of link.waiters) waiter(admitted)
}
