import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Problem } from './answers.ts'
import { CliError } from './cli-error.ts'
import { targetText } from './target.ts'
import type { Target } from './target.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface Send {
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Nothing answers later than this, long polls included. */
const answerMsMax = 60_000
/** What means that nobody listens there, so that the next target may be tried. */
const nobody = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

/** Speaks to the first target that answers. */
export class Client {
  readonly #targets: readonly Target[]
  #target: Target | undefined

  readonly #timeoutMs: number

  constructor(init: { readonly targets: readonly Target[]; readonly timeoutMs?: number }) {
    this.#targets = init.targets
    this.#timeoutMs = init.timeoutMs ?? answerMsMax
  }

  /** A read; throws {@link CliError} on any problem. */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    return await this.send<T>('GET', path, { query })
  }

  /** A request; the answer is undefined when it has no content. */
  async send<T>(method: string, path: string, send: Send = {}): Promise<T> {
    const answer = await this.#connect(method, path, send)
    const body = await text(answer)
    const status = answer.statusCode ?? 0
    if (status === 204) return undefined as T
    const value = parse(body)
    if (status < 400) return value as T
    const { code, detail, hint } = (value ?? {}) as Partial<Problem>
    throw new CliError(
      code ?? 'MC_INTERNAL',
      detail ?? `the daemon answers with status ${status}`,
      hint ?? 'is it a meshcron daemon?',
    )
  }

  async #connect(method: string, path: string, send: Send): Promise<IncomingMessage> {
    const targets = this.#target === undefined ? this.#targets : [this.#target]
    for (const target of targets) {
      try {
        const answer = await exchange(target, method, path, send, this.#timeoutMs)
        this.#target = target
        return answer
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
        if (nobody.has(code) && target !== targets.at(-1)) continue
        throw unreachable(targets, target, code)
      }
    }
    throw unreachable(targets, targets[0]!, 'ENOENT')
  }
}

async function exchange(
  target: Target,
  method: string,
  path: string,
  { query, body, headers }: Send,
  timeoutMs: number,
): Promise<IncomingMessage> {
  const content = body === undefined ? '' : JSON.stringify(body)
  const outgoing = request({
    ...(target.kind === 'socket'
      ? { socketPath: target.path }
      : { host: target.host, port: target.port }),
    method,
    path: `/api/v1${path}${queryText(query)}`,
    headers: {
      accept: 'application/json',
      ...(method === 'GET'
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
      ...(target.kind === 'tcp' && target.token !== undefined
        ? { authorization: `Bearer ${target.token}` }
        : {}),
      ...headers,
    },
    signal: AbortSignal.timeout(timeoutMs),
  })
  outgoing.end(content)
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return answer
}

function queryText(query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
  const params = new URLSearchParams()
  for (const [name, value] of pairs) params.set(name, String(value))
  return params.size === 0 ? '' : `?${params.toString()}`
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function unreachable(targets: readonly Target[], target: Target, code: string): CliError {
  const where = targetText(target)
  if (code === 'EACCES') {
    const hint = 'use the user that runs the daemon, or --host with --token'
    return new CliError('MC_UNREACHABLE', `you may not open ${where}`, hint)
  }
  const names = nobody.has(code) ? targets.map(targetText).join(', ') : where
  const why = nobody.has(code) ? '' : ` (${code})`
  return new CliError(
    'MC_UNREACHABLE',
    `no daemon answers at ${names}${why}`,
    'start one with meshcron start, or say which with --data-dir or --host',
  )
}

/** A path of the API with its parts escaped. */
export function apiPath(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce((path, next, i) => `${path}${encodeURIComponent(parts[i - 1]!)}${next}`)
}
