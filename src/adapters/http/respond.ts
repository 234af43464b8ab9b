import type { Result } from '../../core/result.ts'
import { refuseWith, RequestRefused } from './problem.ts'
import type { Job } from './schema.ts'

/** Sends a value as JSON. */
export function sendJson(
  value: unknown,
  status: number = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${JSON.stringify(value)}\n`, {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Sends what the application answers: the value with `status`, or its refusal. */
export function send<T>(result: Result<T>, status: number = 200): Response {
  if (!result.ok) return refuseWith(result.refusal)
  return result.value === undefined
    ? new Response(null, { status: 204 })
    : sendJson(result.value, status)
}

/** Sends a job with its version. */
export function sendJob(result: Result<Job>, status: number = 200): Response {
  if (!result.ok) return refuseWith(result.refusal)
  return sendJson(result.value, status, { etag: `"${result.value.etag}"` })
}

/** What `If-Match` asks for: a bare ETag or `*`. */
export function readIfMatch(request: Request): { ifMatch?: string } {
  const header = request.headers.get('if-match')?.trim()
  if (header === undefined) return {}
  const ifMatch = header === '*' ? '*' : /^"?([\x21\x23-\x2b\x2d-\x7e]+)"?$/.exec(header)?.[1]
  if (ifMatch !== undefined) return { ifMatch }
  throw new RequestRefused(
    'MC_BAD_INPUT',
    'If-Match is not one ETag',
    'send the etag of the job in double quotes, or *',
  )
}

/** Whether `If-None-Match: *` says that the thing must be new. */
export function readMustBeNew(request: Request): boolean {
  const header = request.headers.get('if-none-match')?.trim()
  if (header === undefined) return false
  if (header === '*') return true
  throw new RequestRefused('MC_BAD_INPUT', 'If-None-Match is not *', 'send If-None-Match: *')
}

/** The path names it; a document that says the same or nothing is accepted. */
export function withName(name: string, body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  if (!('name' in body)) return { name, ...body }
  if (body.name === name) return body
  throw new RequestRefused(
    'MC_BAD_INPUT',
    `name: is not ${JSON.stringify(name)} as in the path`,
    'leave it out, or PUT to its own path; nothing can be renamed',
  )
}
