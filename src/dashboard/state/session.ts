// The token of this tab, and every request that is made with it. It comes in the fragment of the URL,
// which no server sees, is taken out of the address bar at once, and is forgotten with the tab.

import { signal, type Signal } from '@preact/signals'
import type { Problem } from '../answers.ts'
import { tokenOf } from '../model/route.ts'

const key = 'meshcron.token'

/** Undefined: the page asks for one. */
export const token: Signal<string | undefined> = signal(undefined)

/** Takes the token out of the address bar, or out of the tab's storage. */
export function openSession(): void {
  const given = tokenOf(location.hash)
  if (given !== undefined) {
    sessionStorage.setItem(key, given)
    history.replaceState(null, '', `${location.pathname}#/`)
  }
  token.value = sessionStorage.getItem(key) ?? undefined
}

/** Uses another token. */
export function useToken(given: string): void {
  sessionStorage.setItem(key, given)
  token.value = given
}

/** Forgets the token: the page asks for one. */
export function closeSession(): void {
  sessionStorage.removeItem(key)
  token.value = undefined
}

/** A request that the node refused, or that did not reach it. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string
  readonly hint: string
  readonly status: number
  readonly problem: Problem | undefined

  constructor(init: { code: string; message: string; hint: string; problem?: Problem }) {
    super(init.message)
    this.code = init.code
    this.hint = init.hint
    this.problem = init.problem
    this.status = init.problem?.status ?? 0
  }
}

export interface Ask {
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Asks the node; throws {@link Refused} for whatever is no answer. */
export async function send(method: string, path: string, ask: Ask = {}): Promise<Response> {
  const { query = {}, body, headers, signal } = ask
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  const init: RequestInit = {
    method,
    headers: {
      authorization: `Bearer ${token.value ?? ''}`,
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }
  const response = await fetch(`/api/v1${path}${search === '' ? '' : `?${search}`}`, init).catch(
    (error: unknown) => {
      if (signal?.aborted === true) throw error
      throw new Refused({
        code: 'MC_UNREACHABLE',
        message: 'this node does not answer',
        hint: 'start it again, or open the dashboard of another node; this page comes back by itself',
      })
    },
  )
  if (response.ok) return response
  throw await refusedOf(response)
}

/** As {@link send}, with the answer's JSON. */
export async function ask<T>(method: string, path: string, options: Ask = {}): Promise<T> {
  const response = await send(method, path, options)
  return (response.status === 204 ? undefined : await response.json()) as T
}

async function refusedOf(response: Response): Promise<Refused> {
  if (response.status === 401) closeSession()
  try {
    const problem = (await response.json()) as Problem
    return new Refused({ ...problem, message: problem.detail, problem })
  } catch {
    const message = `the node answered with status ${response.status}`
    return new Refused({ code: 'MC_INTERNAL', message, hint: 'look into its log' })
  }
}

/** A path whose parameters are encoded. */
export function apiPath(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent))
}
