// The HTTP API of one daemon, as another program sees it.

import assert from 'node:assert/strict'
import type {
  ExecutionDetail,
  ExecutionItem,
  ExecutionPage,
  Job,
  JobWrite,
  Plan,
  Problem,
  Status,
} from '../../../src/adapters/http/schema.ts'

const timeoutMs = 30_000

/** An answer of any status. */
export interface Answer {
  readonly status: number
  readonly text: string
  /** The body, when it is JSON. */
  readonly json: unknown
}

export interface Request {
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

type Document = Readonly<Record<string, unknown>>

export class Api {
  readonly #base: string
  readonly #token: string

  constructor(init: { readonly base: string; readonly token: string }) {
    this.#base = init.base
    this.#token = init.token
  }

  /** Sends a request and takes any answer. */
  async send(method: string, path: string, request: Request = {}): Promise<Answer> {
    const { body, raw, headers } = request
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload as string }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined }
  }

  async #ask<T>(method: string, path: string, request: Request = {}): Promise<T> {
    const answer = await this.send(method, path, request)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.json as T
  }

  /** The problem document of a request that must be refused with this status. */
  async refused(
    status: number,
    method: string,
    path: string,
    request: Request = {},
  ): Promise<Problem> {
    const answer = await this.send(method, path, request)
    assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.json as Problem
  }

  status(): Promise<Status> {
    return this.#ask('GET', '/api/v1/status')
  }

  createJob(body: Document): Promise<JobWrite> {
    return this.#ask('POST', '/api/v1/jobs', { body })
  }

  putJob(name: string, body: Document, headers: Request['headers'] = {}): Promise<JobWrite> {
    return this.#ask('PUT', `/api/v1/jobs/${name}`, { body, headers })
  }

  job(name: string): Promise<Job> {
    return this.#ask('GET', `/api/v1/jobs/${name}`)
  }

  async hasJob(name: string): Promise<boolean> {
    const { status } = await this.send('GET', `/api/v1/jobs/${name}`)
    return status === 200
  }

  removeJob(name: string): Promise<void> {
    return this.#ask('DELETE', `/api/v1/jobs/${name}`)
  }

  pauseJob(name: string): Promise<Job> {
    return this.#ask('POST', `/api/v1/jobs/${name}/pause`)
  }

  resumeJob(name: string): Promise<Job> {
    return this.#ask('POST', `/api/v1/jobs/${name}/resume`)
  }

  /** Starts a job now; the answer is the id of the execution. */
  async runJob(name: string, key?: string): Promise<string> {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const path = `/api/v1/jobs/${name}/trigger`
    return (await this.#ask<{ execution: string }>('POST', path, { headers })).execution
  }

  execution(id: string): Promise<ExecutionDetail> {
    return this.#ask('GET', `/api/v1/executions/${encodeURIComponent(id)}`)
  }

  stopExecution(id: string): Promise<unknown> {
    return this.#ask('POST', `/api/v1/executions/${encodeURIComponent(id)}/stop`)
  }

  async output(id: string): Promise<string> {
    const path = `/api/v1/executions/${encodeURIComponent(id)}/output`
    const answer = await this.send('GET', path)
    assert.equal(answer.status, 200, answer.text)
    return answer.text
  }

  /** All executions of a job that this node knows, newest first. */
  async executions(job: string, query = ''): Promise<readonly ExecutionItem[]> {
    const items: ExecutionItem[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: ExecutionPage = await this.#ask(
        'GET',
        `/api/v1/executions?job=${job}&limit=200${query}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      items.push(...page.items)
      cursor = page.cursor
    }
    return items
  }

  async plan(job: string, limit = 10): Promise<Plan['ticks']> {
    return (await this.#ask<Plan>('GET', `/api/v1/plan?job=${job}&limit=${limit}`)).ticks
  }
}
