import type { Clock } from '../../ports/clock.ts'

/** Node clamps longer timers to 1 ms, and a suspended machine makes long ones late. */
const chunkMs = 30_000

/** The clocks and one timer of this process. */
export class SystemClock implements Clock {
  #timer: NodeJS.Timeout | undefined

  monoMs(): number {
    return performance.now()
  }

  wallMs(): number {
    return Date.now()
  }

  setAlarm(monoMs: number, ring: () => void): void {
    clearTimeout(this.#timer)
    const waitMs = monoMs - performance.now()
    // timers take whole milliseconds and may fire a little early: round up, and look again
    const delayMs = Math.min(chunkMs, Math.max(0, Math.ceil(waitMs)))
    this.#timer = setTimeout(() => {
      if (performance.now() >= monoMs) ring()
      else this.setAlarm(monoMs, ring)
    }, delayMs)
  }

  clearAlarm(): void {
    clearTimeout(this.#timer)
  }
}
