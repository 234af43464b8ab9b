import type { EventRing } from './event-ring.ts'
import { RequestRefused } from './problem.ts'
import type { Event } from './schema.ts'

const streamsMax = 64
/** Proxies and dead clients are noticed by a comment this often. */
const heartbeatMs = 15_000

const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }

/** Serves the event stream to a bounded number of watchers. */
export class EventStreams {
  readonly #ring: EventRing
  readonly #streamsMax: number
  readonly #open = new Set<AbortController>()

  constructor(
    components: { readonly ring: EventRing },
    init: { readonly streamsMax?: number } = {},
  ) {
    this.#ring = components.ring
    this.#streamsMax = init.streamsMax ?? streamsMax
  }

  get open(): number {
    return this.#open.size
  }

  /** Ends every stream. */
  close(): void {
    for (const stream of this.#open) stream.abort()
  }

  serve(request: Request): Response {
    if (request.method === 'HEAD') return new Response(null, { headers })
    if (this.#open.size >= this.#streamsMax) throw tooMany(this.#streamsMax)
    const stream = new AbortController()
    this.#open.add(stream)
    stream.signal.addEventListener('abort', () => this.#open.delete(stream), { once: true })
    const lastEventId = request.headers.get('last-event-id')
    // The place is taken now, not at the first read: what happens in between counts.
    const resumed = lastEventId === null ? this.#ring.end : this.#ring.positionAfter(lastEventId)
    const texts = this.#texts(resumed, this.#ring.end, stream.signal)
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      // Called only when the reader has taken what there was: a slow one costs no memory.
      pull: async (controller) => {
        const { value, done } = await texts.next()
        if (done !== true) controller.enqueue(encoder.encode(value))
        else controller.close()
      },
      cancel: () => stream.abort(),
    })
    return new Response(body, { headers })
  }

  /** `resumed` is undefined when the watcher names an event of another process. */
  async *#texts(
    resumed: number | undefined,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    yield 'retry: 1000\n\n'
    if (resumed === undefined) yield this.#gapBefore(end, true)
    let position = resumed ?? end
    while (!signal.aborted) {
      const batch = this.#ring.read(position)
      if (batch.from > position) yield this.#gapBefore(batch.from, false)
      if (batch.events.length > 0) yield batch.events.map(textOf).join('')
      position = batch.position
      await this.#ring.wait(position, heartbeatMs, signal)
      if (position === this.#ring.end && !signal.aborted) yield ': still here\n\n'
    }
  }

  #gapBefore(position: number, restarted: boolean): string {
    const at = new Date().toISOString()
    return textOf({ type: 'gap', restarted, id: this.#ring.idOf(position - 1), at })
  }
}

function textOf(event: Event): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

function tooMany(max: number): RequestRefused {
  return new RequestRefused(
    'MC_BUSY',
    `${max} event streams are open`,
    'close one, or read the state by polling',
    { headers: { 'retry-after': '10' } },
  )
}
