import { createApp } from '../../../src/adapters/http/app.ts'
import type { App } from '../../../src/adapters/http/app.ts'
import type { Api, Tokens } from '../../../src/adapters/http/api.ts'
import { fakeTokens } from './fake-api.ts'
import { EventRing } from '../../../src/adapters/http/event-ring.ts'
import { EventStreams } from '../../../src/adapters/http/event-stream.ts'
import { Guard } from '../../../src/adapters/http/guard.ts'
import type { Caller } from '../../../src/adapters/http/guard.ts'
import type { PageFiles } from '../../../src/adapters/http/pages.ts'
import { TokenGate } from '../../../src/adapters/http/token-gate.ts'

export const token = 'mct_test'

/** The application without listeners, and the ways to ask it. */
export interface Fixture {
  readonly app: App
  readonly ring: EventRing
  readonly streams: EventStreams
  readonly errors: unknown[]
  /** Asks with the right token, as JSON when there is a body. */
  ask(method: string, path: string, options?: AskOptions): Promise<Response>
  advance(ms: number): void
}

export interface AskOptions {
  readonly body?: unknown
  /** Replaces the JSON text of `body`. */
  readonly raw?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string | null
  readonly caller?: Caller
}

/** Builds the application over an {@link Api}. */
export function fixture(
  api: Api,
  init: { streamsMax?: number; ringSize?: number; pages?: PageFiles; tokens?: Tokens } = {},
): Fixture {
  let nowMs = 0
  const errors: unknown[] = []
  const size = init.ringSize ?? 1_024
  const ring = new EventRing({ wallMs: () => 1_803_902_400_000 + nowMs }, { epoch: 'e0', size })
  const streams = new EventStreams({ ring }, init.streamsMax === undefined ? {} : init)
  api.events((happening) => ring.push(happening))
  const gate = new TokenGate({ nowMs: () => nowMs, tokens: init.tokens ?? fakeTokens }, { token })
  const guard = new Guard(
    { gate, nowMs: () => nowMs },
    { hosts: ['localhost', '127.0.0.1', '[::1]'] },
  )
  const pages: PageFiles = init.pages ?? new Map()
  const onError = (error: unknown): void => void errors.push(error)
  const app = createApp(
    { api, guard, tokens: init.tokens ?? fakeTokens, streams, pages, onError },
    { version: '0.1.0' },
  )
  return { app, ring, streams, errors, ask, advance: (ms) => void (nowMs += ms) }

  async function ask(method: string, path: string, options: AskOptions = {}): Promise<Response> {
    const body =
      options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const bearer = options.token === undefined ? token : options.token
    const headers = {
      host: '127.0.0.1:7172',
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    }
    const caller = options.caller ?? { via: 'tcp', address: '127.0.0.1' }
    const init = { method, headers, ...(body === undefined ? {} : { body }) }
    return await app.request(path, init, caller)
  }
}
