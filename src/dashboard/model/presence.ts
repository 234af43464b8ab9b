// When members were gone: what the timeline shades. The API tells who is gone now and since when they
// were last heard; what happens while the page is open is noted here.

import type { Event, Status } from '../answers.ts'

/** A span in which a member could not be seen; without an end it lasts. */
export interface Absence {
  readonly fromMs: number
  toMs: number | undefined
  state: string
}

/** Spans kept per member; the oldest are forgotten. */
const spansMax = 50

export class Presence {
  readonly #absences = new Map<string, Absence[]>()

  /** Spans of one member, oldest first. */
  of(member: string): readonly Absence[] {
    return this.#absences.get(member) ?? []
  }

  /** Takes what the node says now. */
  see({ members }: Pick<Status, 'members'>, nowMs: number): void {
    for (const { id, state, lastSeenMs } of members) {
      // never heard: for longer than the node itself is up
      const sinceMs = lastSeenMs === null ? 0 : nowMs - lastSeenMs
      this.#change(id, state, sinceMs, nowMs)
    }
  }

  /** Takes a change that was just told. */
  note({ member, state }: Extract<Event, { readonly type: 'member' }>, nowMs: number): void {
    this.#change(member, state, nowMs, nowMs)
  }

  #change(member: string, state: string, sinceMs: number, nowMs: number): void {
    const spans = this.#absences.get(member) ?? []
    const open = spans.at(-1)?.toMs === undefined ? spans.at(-1) : undefined
    if (state === 'alive') {
      if (open !== undefined) open.toMs = nowMs
      return
    }
    if (open !== undefined) {
      open.state = state
      return
    }
    spans.push({ fromMs: sinceMs, toMs: undefined, state })
    if (spans.length > spansMax) spans.shift()
    this.#absences.set(member, spans)
  }
}
