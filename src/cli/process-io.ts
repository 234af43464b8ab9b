import type { Io } from './io.ts'

/** The world as this process has it. */
export function processIo(): Omit<Io, 'rest'> {
  const { stdin, stdout, stderr, env } = process
  // A reader that goes away, like head, ends the command and is no error of it.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  return {
    stdout,
    stderr,
    env,
    ask: stdin.isTTY && stdout.isTTY ? ask : undefined,
    readStdin: async () => await (await import('node:stream/consumers')).text(stdin),
    nowMs: () => Date.now(),
    // The interrupt ends the process by itself; only tests end a command in other ways.
    signal: new AbortController().signal,
    exitCode: 0,
  }
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return await reader.question(question)
  } finally {
    reader.close()
  }
}
