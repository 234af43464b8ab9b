// One link to one member: what was heard on it, when, and how regular it is. Numbers only; the
// verdicts are the view's.

import type { MemberId } from '../ids.ts'
import type { Heartbeat } from './heartbeat.ts'

/** How long a silence is normal on this link, from the gaps seen so far. */
interface Gaps {
  meanMs: number
  varianceMs2: number
}

export class Link {
  readonly member: MemberId
  readonly upAtMs: number
  /** Highest incarnation that the other side speaks with; 0: nothing heard yet. */
  heardIncarnation: number = 0
  lastHeardMs: number
  lastSentMs: number = -Infinity
  lastBeat: Heartbeat | undefined
  /**
   * Reported as silent and not healthy since. One report per episode, whatever incarnation the other
   * raises to: otherwise one bad link makes its victim refute for ever.
   */
  isReported = false
  sentSeq = 0
  /** Consecutive heartbeats whose digests differed from ours for good. */
  storeMismatches = 0
  /** Digest of what we had seen when the last heartbeat came. */
  ownSeenDigest = 0n
  viewMismatches = 0
  /** A complete pull and a view exchange have succeeded on this link. */
  hasPulled = false
  hasView = false
  #gaps: Gaps = { meanMs: 0, varianceMs2: 0 }
  #echoMovedMs: number

  constructor(member: MemberId, nowMs: number) {
    this.member = member
    this.upAtMs = nowMs
    this.lastHeardMs = nowMs
    this.#echoMovedMs = nowMs
  }

  heard(beat: Heartbeat, nowMs: number): void {
    if (this.lastBeat !== undefined) this.#learnGap(nowMs - this.lastHeardMs)
    if (beat.echoSeq > (this.lastBeat?.echoSeq ?? 0)) this.#echoMovedMs = nowMs
    this.lastHeardMs = nowMs
    this.lastBeat = beat
    this.heardIncarnation = Math.max(this.heardIncarnation, beat.incarnation)
  }

  #learnGap(gapMs: number): void {
    const delta = gapMs - this.#gaps.meanMs
    this.#gaps.meanMs += delta / 8
    this.#gaps.varianceMs2 += (delta * delta - this.#gaps.varianceMs2) / 8
  }

  /**
   * Silence beyond which the member is reported: its own limit, stretched by irregular arrival up
   * to three times, and by our own health (0 good … 8 bad), so that a slow observer accuses nobody.
   */
  silenceLimitMs(silenceMs: number, health: number): number {
    const irregular = this.#gaps.meanMs + 4 * Math.sqrt(this.#gaps.varianceMs2)
    return Math.min(3 * silenceMs, Math.max(silenceMs, irregular)) * (1 + health / 4)
  }

  /** Nothing from before this instant speaks against the other side: we were not there to hear it. */
  excuse(sinceMs: number): void {
    this.lastHeardMs = Math.max(this.lastHeardMs, sinceMs)
    this.#echoMovedMs = Math.max(this.#echoMovedMs, sinceMs)
  }

  /** Milliseconds for which the other side has not heard us, although we hear it. */
  unheardMs(): number {
    return Math.max(0, this.lastHeardMs - this.#echoMovedMs)
  }
}
