// Answers what other members ask in order to catch up: definitions by page, records, watermarks, views.

import { isAfter, type Cursor, type SeenVector } from '../clock/version-vector.ts'
import type { JobName, MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import type { Membership } from '../membership/membership.ts'
import type { Turn } from '../turn.ts'
import type { Replica } from './replica.ts'
import {
  decodeSyncRequest,
  encodeSync,
  type SyncRequest,
  type SyncResponse,
  type Watermark,
} from './sync-message.ts'

export class SyncServer {
  readonly #turn: Turn
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #isStoreFailed: () => boolean
  readonly #watermarks: (names: readonly JobName[]) => readonly Watermark[]

  constructor(components: {
    turn: Turn
    membership: Membership
    replica: Replica
    isStoreFailed: () => boolean
    watermarks: (names: readonly JobName[]) => readonly Watermark[]
  }) {
    this.#turn = components.turn
    this.#membership = components.membership
    this.#replica = components.replica
    this.#isStoreFailed = components.isStoreFailed
    this.#watermarks = components.watermarks
  }

  /** A frame of the sync protocol. */
  answer(id: number, from: MemberId, bytes: Uint8Array): void {
    const request = decodeSyncRequest(bytes)
    if (!request.ok) {
      this.#turn.report({ kind: 'refused', from, what: 'sync', reason: request.reason })
    }
    // nothing with a dot of ours leaves the process before it is durable
    if (!request.ok || this.#isStoreFailed()) this.#respond(id, { kind: 'busy' })
    else this.#serve(id, request.value)
  }

  #serve(id: number, request: SyncRequest): void {
    switch (request.kind) {
      case 'intents':
        this.#respond(id, this.#page(request.seen, request.cursor))
        return
      case 'records':
        this.#turn.emit({ ...request, kind: 'respondRecords', id })
        return
      case 'watermarks':
        this.#respond(id, this.#watermarkPage(request.after))
        return
      case 'view':
        this.#replica.mergeFacts(request.facts)
        this.#respond(id, { kind: 'view', facts: this.#membership.facts() })
        return
    }
  }

  #respond(id: number, response: SyncResponse): void {
    this.#turn.emit({ kind: 'respond', id, bytes: encodeSync(response) })
  }

  /** What somebody who has seen `seen` lacks of the definitions, from memory. */
  #page(seen: SeenVector, cursor: Cursor | null): SyncResponse {
    const { catalog, seen: own } = this.#replica
    const page: Uint8Array[] = []
    const names = new Set<JobName>()
    let size = 0
    let more = false
    // whoever has seen all that we have lacks nothing: the usual case, and not worth a walk
    const intents = seen.includes(own) ? [] : catalog.intents()
    for (const intent of intents) {
      if (cursor !== null && !isAfter(intent, cursor)) continue
      if (seen.has(intent)) continue
      if (size + intent.bytes.length > limits.pageBytesMax) {
        more = true
        break
      }
      size += intent.bytes.length + 64
      page.push(intent.bytes)
      names.add(intent.job)
    }
    const watermarks = this.#watermarks([...names])
    return { kind: 'intents', intents: page, more, seen: own, watermarks }
  }

  /** The end of a first pull. */
  #watermarkPage(after: JobName | null): SyncResponse {
    const names = this.#replica.catalog
      .jobs()
      .map(({ name }) => name)
      .filter((name) => after === null || name > after)
    const page = names.slice(0, limits.watermarksPerPageMax)
    const next = page.length < names.length ? page.at(-1)! : null
    return { kind: 'watermarks', watermarks: this.#watermarks(page), next }
  }
}
