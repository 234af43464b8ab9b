import type { IncomingMessage } from 'node:http'
import { limits } from '../../core/limits.ts'
import type { Run } from '../../core/jobs/definition.ts'
import { type Ending, notStarted, type Running } from './ending.ts'
import { looksAtBody, unmet } from './http-expect.ts'
import type { HttpGuard } from './http-guard.ts'
import { exchange, type Outgoing } from './http-exchange.ts'
import { redirected } from './http-redirect.ts'
import type { Recording } from './recording.ts'

const redirectsMax = 5

type HttpRun = Extract<Run, { kind: 'http' }>

export interface HttpAttemptComponents {
  readonly guard: HttpGuard
  /** Gets the body of the last answer. */
  readonly recording: Recording
  /** The first request is about to be sent. */
  readonly started: () => void
}

/** One HTTP job: the request and the redirects that it leads to. */
export class HttpAttempt implements Running {
  readonly ended: Promise<Ending>
  readonly #components: HttpAttemptComponents
  readonly #run: HttpRun
  readonly #abort = new AbortController()
  #isStarted = false

  constructor(components: HttpAttemptComponents, run: HttpRun) {
    this.#components = components
    this.#run = run
    this.ended = this.#follow(run).catch((error: unknown) => this.#failed(error as Error))
  }

  stop(): void {
    this.#abort.abort()
  }

  kill(): void {
    this.#abort.abort()
  }

  async #follow(run: HttpRun): Promise<Ending> {
    let outgoing: Outgoing = {
      url: new URL(run.url),
      method: run.method.toUpperCase(),
      headers: run.headers,
      body: run.body,
    }
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#send(outgoing)
      const status = response.statusCode ?? 0
      const location = response.headers.location
      const isFinal = this.#isExpected(status) || location === undefined || !isRedirect(status)
      if (isFinal) return this.#judge(status, response)
      response.destroy()
      const next = redirected(outgoing, status, location)
      if (typeof next === 'string') return unexpected(next)
      if (redirects === redirectsMax) return unexpected(`more than ${redirectsMax} redirects`)
      outgoing = next
    }
  }

  async #send(outgoing: Outgoing): Promise<IncomingMessage> {
    const { guard, started } = this.#components
    const { signal } = this.#abort
    const resolved = await guard.resolve(outgoing.url)
    signal.throwIfAborted()
    if (!resolved.ok) throw new Error(resolved.detail)
    const answer = exchange(outgoing, resolved.addresses, signal)
    if (!this.#isStarted) started()
    this.#isStarted = true
    return answer
  }

  async #judge(status: number, response: IncomingMessage): Promise<Ending> {
    const isKept = looksAtBody(this.#run)
    const { isWhole, body } = await record(response, this.#components.recording, isKept)
    const detail = isWhole
      ? `status ${status}`
      : `status ${status}, body cut at ${limits.bodyBytesMax} bytes`
    if (!this.#isExpected(status)) return unexpected(detail)
    const lack = unmet(this.#run, body)
    return lack === undefined
      ? { reason: 'exit', exit: 0, detail }
      : unexpected(`${detail}, ${lack}`)
  }

  #isExpected(status: number): boolean {
    const { expect } = this.#run
    if (expect.length > 0) return expect.includes(status)
    return status >= 200 && status <= 299
  }

  #failed(error: Error): Ending {
    if (this.#abort.signal.aborted) {
      if (!this.#isStarted) return notStarted('stopped before it was started')
      return { reason: 'signal', exit: null, detail: 'the request was aborted' }
    }
    const detail = error.message.slice(0, 300)
    return this.#isStarted ? unexpected(detail) : notStarted(detail)
  }
}

const unexpected = (detail: string): Ending => ({ reason: 'expect', exit: null, detail })

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

/** Records the body, and keeps it when it is to be looked at; not whole when longer than is read. */
async function record(
  response: IncomingMessage,
  recording: Recording,
  isKept: boolean,
): Promise<{ readonly isWhole: boolean; readonly body: string }> {
  const kept: Buffer[] = []
  const body = (): string => Buffer.concat(kept).toString()
  let left: number = limits.bodyBytesMax
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, left)
    recording.write(part)
    if (isKept) kept.push(part)
    left -= chunk.length
    // Leaving the loop destroys the response and its socket.
    if (left < 0) return { isWhole: false, body: body() }
  }
  return { isWhole: true, body: body() }
}
