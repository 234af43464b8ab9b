// The API of one node on its socket; each question on a connection of its own.

import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Plan, Status } from '../../src/adapters/http/schema.ts'

const timeoutMs = 30_000

type Document = Readonly<Record<string, unknown>>

export class Api {
  readonly #socketPath: string

  constructor(init: { readonly socketPath: string }) {
    this.#socketPath = init.socketPath
  }

  async status(): Promise<Status> {
    return (await this.#ask('GET', '/api/v1/status')) as Status
  }

  async putJob(name: string, body: Document): Promise<void> {
    await this.#ask('PUT', `/api/v1/jobs/${name}`, body)
  }

  async removeJob(name: string): Promise<void> {
    await this.#ask('DELETE', `/api/v1/jobs/${name}`)
  }

  async plan(job: string, limit: number): Promise<Plan['ticks']> {
    return ((await this.#ask('GET', `/api/v1/plan?job=${job}&limit=${limit}`)) as Plan).ticks
  }

  /** The event stream, which lasts as long as the node. */
  events(): Promise<IncomingMessage> {
    return this.#send('GET', '/api/v1/events')
  }

  async #ask(method: string, path: string, body?: Document): Promise<unknown> {
    const response = await this.#send(method, path, body)
    const answer = await text(response)
    const status = response.statusCode!
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${answer}`)
    return answer === '' ? undefined : JSON.parse(answer)
  }

  #send(method: string, path: string, body?: Document): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const asked = request({
      socketPath: this.#socketPath,
      method,
      path,
      headers: {
        host: 'localhost',
        accept: 'application/json',
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
      agent: false,
    })
    const timer = setTimeout(() => asked.destroy(new Error(`no answer: ${path}`)), timeoutMs)
    asked.on('response', (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    asked.on('error', reject)
    asked.end(payload)
    return promise
  }
}
