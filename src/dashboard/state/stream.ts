// The event stream of the node: read for as long as the page is open, and taken up again after the
// last event that was seen. Silence longer than the node's own pulse counts as a lost connection.

import type { Event } from '../answers.ts'
import { SseParser } from '../model/sse.ts'
import { send } from './session.ts'

export type LinkState = 'connecting' | 'live' | 'lost'

export interface StreamHandlers {
  readonly event: (event: Event) => void
  readonly state: (state: LinkState) => void
}

/** The node says something every 15 s. */
const silenceMs = 40_000
const waits = [300, 1_000, 2_000, 4_000]

/** Reads events until the signal aborts. */
export async function followEvents(handlers: StreamHandlers, signal: AbortSignal): Promise<void> {
  let lastId = ''
  let tries = 0
  handlers.state('connecting')
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = lastId === '' ? {} : { 'last-event-id': lastId }
      await readOnce(headers, signal, {
        state: handlers.state,
        event: (event) => {
          lastId = event.id
          tries = 0
          handlers.event(event)
        },
      })
    } catch {
      // what went wrong is told by the state, and healed by the next try
    }
    if (signal.aborted) return
    handlers.state('lost')
    await pause(waits[Math.min(tries, waits.length - 1)]!, signal)
    tries += 1
  }
}

async function readOnce(
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  handlers: StreamHandlers,
): Promise<void> {
  const silence = new AbortController()
  const stop = AbortSignal.any([signal, silence.signal])
  let timer = 0
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), silenceMs)
  }
  heard()
  try {
    const { body } = await send('GET', '/events', { headers, signal: stop })
    handlers.state('live')
    const parser = new SseParser()
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      heard()
      for (const { data } of parser.push(chunk)) handlers.event(JSON.parse(data) as Event)
    }
  } finally {
    clearTimeout(timer)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
