// Brings records and messages of one step to other members: one frame per peer as far as possible.

import type { MemberId } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Membership } from '../membership/membership.ts'
import { rankKey, rankMembers } from '../placement/rendezvous.ts'
import type { Turn } from '../turn.ts'
import { encodeExecMessage, inFrames, type ExecMessage } from '../wire/exec-message.ts'

const homeMembers = 3

export class Post {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #outboxes = new Map<MemberId, Uint8Array[]>()
  /** When waiting records are sent, monotonic; undefined while none wait. */
  #flushAtMs: number | undefined

  constructor(components: { turn: Turn; timers: Timers; membership: Membership }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
  }

  /** When it wants to be woken, monotonic. */
  get nextMs(): number | undefined {
    return this.#flushAtMs
  }

  send(to: MemberId, message: ExecMessage): void {
    this.#turn.emit({ kind: 'send', to, channel: 'exec', bytes: encodeExecMessage(message) })
  }

  /** The first alive members by rendezvous of the job's name: where its history is at home. */
  home(job: string): readonly MemberId[] {
    return this.order(job).slice(0, homeMembers)
  }

  /** All alive members by rendezvous of the job's name. */
  order(job: string): readonly MemberId[] {
    const alive = this.#membership.alive().map((id) => ({ id, weight: 16 }))
    return rankMembers(rankKey('home', job), alive) as readonly MemberId[]
  }

  /**
   * Who hears of a record: everybody that can be reached, also those that our view takes for gone. A
   * member that lacks the claim of a tick would start it or record it as missed, one that lacks the
   * end would take the job for running.
   */
  receivers(): readonly MemberId[] {
    return this.#membership.linked()
  }

  /** Puts a record into the outboxes; `isUrgent` sends them with this step, else within `batchMs`. */
  record(bytes: Uint8Array, to: readonly MemberId[], isUrgent: boolean): void {
    for (const member of to) {
      if (member === this.#membership.self || this.#membership.link(member) === undefined) continue
      const outbox = this.#outboxes.get(member)
      if (outbox === undefined) this.#outboxes.set(member, [bytes])
      else outbox.push(bytes)
    }
    if (this.#outboxes.size === 0) return
    const atMs = isUrgent ? -Infinity : this.#turn.monoMs + this.#timers.batchMs
    this.#flushAtMs = Math.min(this.#flushAtMs ?? Infinity, atMs)
  }

  /** Sends what is due. */
  finishStep(): void {
    if (this.#flushAtMs === undefined || this.#flushAtMs > this.#turn.monoMs) return
    this.#flushAtMs = undefined
    let sent: readonly Uint8Array[] = []
    let frames: readonly Uint8Array[] = []
    for (const [to, records] of this.#outboxes) {
      // mostly everybody gets the same
      if (!areSame(records, sent)) frames = framesOf(records)
      sent = records
      for (const bytes of frames) this.#turn.emit({ kind: 'send', to, channel: 'exec', bytes })
    }
    this.#outboxes.clear()
  }
}

const areSame = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((bytes, i) => bytes === b[i])

function framesOf(blobs: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...inFrames(blobs)].map((records) => encodeExecMessage({ kind: 'records', records }))
}
