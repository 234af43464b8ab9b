/** Time of this machine, and one alarm. */
export interface Clock {
  /** Milliseconds that never jump, with a fraction. */
  monoMs(): number
  /** The system clock in UTC milliseconds; may jump either way. */
  wallMs(): number
  /**
   * Calls `ring` once at or after the monotonic instant `monoMs`, never before, however far away
   * it is. A later call replaces the earlier one.
   */
  setAlarm(monoMs: number, ring: () => void): void
  clearAlarm(): void
}
