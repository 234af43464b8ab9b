// Runs command lines in this process against a daemon whose application is a fake.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Api } from '../../src/adapters/http/api.ts'
import { HttpServer } from '../../src/adapters/http/server.ts'
import { main } from '../../src/cli/main.ts'
import { fakeApi, fakeTokens } from '../adapters/http/fake-api.ts'

/** What a command line did. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface World {
  readonly env?: Readonly<Record<string, string>>
  /** Answer of the user; with it there is a terminal. */
  readonly answer?: string
  readonly stdin?: string
  readonly columns?: number
  readonly colour?: boolean
  readonly signal?: AbortSignal
}

/** 2027-03-01T12:00:05Z: five seconds before the next tick of the fake. */
export const nowMs = 1_803_902_405_000

/** Runs one command line in a world of its own. */
export async function run(argv: readonly string[], world: World = {}): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string | Uint8Array) => void (texts[name] += Buffer.from(text).toString()),
    isTTY: world.columns !== undefined || world.colour === true,
    columns: world.columns ?? 200,
  })
  const { answer } = world
  const code = await main(argv, {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: world.env ?? {},
    ask: answer === undefined ? undefined : async () => answer,
    readStdin: async () => world.stdin ?? '',
    nowMs: () => nowMs,
    signal: world.signal ?? new AbortController().signal,
    exitCode: 0,
  })
  return { code, ...texts }
}

/** A daemon on a socket, and command lines that ask it. */
export interface Daemon {
  readonly dataDir: string
  readonly port: number
  readonly api: ReturnType<typeof fakeApi>
  run(argv: readonly string[], world?: World): Promise<Outcome>
}

const endings: (() => Promise<void>)[] = []

// A hook of the file: one that is registered inside a hook or a test would run at its end.
after(async () => {
  await Promise.all(endings.map((end) => end()))
})

/** Starts a daemon over a fake application; it ends with the test file. */
export async function startDaemon(overrides: Partial<Api> = {}): Promise<Daemon> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mc-cli-'))
  const api = fakeApi(overrides)
  const clock = { monoMs: () => performance.now(), wallMs: () => Date.now() }
  const server = new HttpServer(
    { api, clock, tokens: fakeTokens, onError: (error) => console.error(error) },
    {
      address: { host: '127.0.0.1', port: 0 },
      socketPath: join(dataDir, 'api.sock'),
      token: 'mct_cli',
      version: '0.1.0',
    },
  )
  const started = await server.start()
  if (!started.ok) throw new Error(started.refusal.message)
  endings.push(async () => {
    await server.close()
    rmSync(dataDir, { recursive: true })
  })
  return {
    dataDir,
    port: started.value.port,
    api,
    run: async (argv, world) => await run(['--data-dir', dataDir, ...argv], world),
  }
}
