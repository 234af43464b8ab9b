// Orders to the running demo: one line of JSON to its socket, one line back.

import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { ok, refuse, type Refusal, type Result } from '../core/result.ts'
import { demoHome, isOurs } from './demo-home.ts'

/** What a demo can be told to do. */
export const demoVerbs = ['kill', 'start', 'stop', 'split', 'heal'] as const
export type DemoVerb = (typeof demoVerbs)[number]

/** One order; `member` is a name or the begin or end of an id. */
export interface DemoOrder {
  readonly verb: DemoVerb
  readonly member: string | undefined
}

type Answer = { readonly done: string } | { readonly refusal: Refusal }

const orderBytesMax = 4_096
const connectionsMax = 16

/** Takes orders on a socket that only its owner may open. */
export class DemoControl {
  readonly #server: Server
  /** Sockets that have given no order yet. */
  readonly #silent = new Set<Socket>()
  readonly #act: (order: DemoOrder) => Promise<Result<string>>

  constructor(init: { readonly act: (order: DemoOrder) => Promise<Result<string>> }) {
    this.#act = init.act
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket))
    this.#server.maxConnections = connectionsMax
  }

  async listen(path: string): Promise<void> {
    // the directory is closed to others already
    this.#server.listen(path)
    await once(this.#server, 'listening')
  }

  /** Ends when those who wait for an answer have theirs. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#silent) socket.destroy()
    await closed
  }

  async #serve(socket: Socket): Promise<void> {
    this.#silent.add(socket)
    socket.on('close', () => this.#silent.delete(socket)).on('error', () => socket.destroy())
    const order = await readOrder(socket)
    this.#silent.delete(socket)
    if (order === undefined) return void socket.destroy()
    const result = await this.#act(order)
    const answer: Answer = result.ok ? { done: result.value } : { refusal: result.refusal }
    socket.end(`${JSON.stringify(answer)}\n`)
  }
}

/** Gives an order to the demo of this user; resolves with what was done. */
export async function orderDemo(order: DemoOrder): Promise<Result<string>> {
  const { dir, socketPath } = demoHome()
  if (!isOurs(dir)) return noDemo()
  const socket = connect(socketPath)
  try {
    await once(socket, 'connect')
  } catch {
    return noDemo()
  }
  try {
    socket.end(`${JSON.stringify(order)}\n`)
    const answer = JSON.parse(await text(socket)) as Answer
    return 'done' in answer ? ok(answer.done) : { ok: false, refusal: answer.refusal }
  } catch {
    const message = 'the demo ended before it answered'
    return refuse('MC_UNREACHABLE', message, 'start another one with meshcron demo')
  }
}

const noDemo = (): Result<never> =>
  refuse('MC_UNREACHABLE', 'no demo runs', 'start one with meshcron demo, in another terminal')

async function readOrder(socket: Socket): Promise<DemoOrder | undefined> {
  const lines = createInterface({ input: socket })
  const timer = setTimeout(() => socket.destroy(), 5_000)
  try {
    for await (const line of lines) return parseOrder(line)
  } catch {
    // it went away
  } finally {
    clearTimeout(timer)
  }
  return undefined
}

function parseOrder(line: string): DemoOrder | undefined {
  if (line.length > orderBytesMax) return undefined
  try {
    const { verb, member } = JSON.parse(line) as Partial<DemoOrder>
    const known = demoVerbs.find((one) => one === verb)
    if (known === undefined) return undefined
    return { verb: known, member: typeof member === 'string' ? member : undefined }
  } catch {
    return undefined
  }
}
