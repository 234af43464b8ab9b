/** Structured lines; the level decides whether one is written. */
export interface Logger {
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    event: string,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void
}
