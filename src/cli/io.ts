/** Where text goes. */
export interface Sink {
  write(text: string | Uint8Array): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Everything that a command has of the world beside the daemon. */
export interface Io {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** What stood after `--`. */
  readonly rest: readonly string[]
  /** Asks a question on the terminal; undefined where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** The whole of standard input. */
  readStdin(): Promise<string>
  nowMs(): number
  /** Aborts when the user wants it to end. */
  readonly signal: AbortSignal
  /** What the process exits with; 0 unless a command says otherwise. */
  exitCode: number
}

/** Waits, and returns at once when the user wants it to end. */
export async function pause(io: Io, ms: number): Promise<void> {
  if (io.signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = (): void => resolve()
  const timer = setTimeout(end, ms)
  io.signal.addEventListener('abort', end)
  await promise
  io.signal.removeEventListener('abort', end)
  clearTimeout(timer)
}

/**
 * Asks before something is destroyed. Without a terminal nobody could answer, so `--yes` has to say
 * it; a prompt would hang a script.
 */
export async function confirm(io: Io, yes: boolean, question: string): Promise<boolean> {
  if (yes) return true
  if (io.ask === undefined) {
    const { usage } = await import('./cli-error.ts')
    throw usage(`${question} needs a confirmation, and there is no terminal`, 'add --yes')
  }
  return /^y(es)?$/i.test((await io.ask(`${question} [y/N] `)).trim())
}
