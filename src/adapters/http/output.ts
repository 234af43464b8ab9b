import type { Api, Output, ReadOutput } from './api.ts'
import { present } from './param.ts'
import { refuseWith } from './problem.ts'
import { sendJson } from './respond.ts'
import type { OutputPage } from './schema.ts'

/** Content types of output. */
export const outputMedia = { raw: 'text/plain', json: 'application/json' } as const

export interface OutputQuery {
  readonly slot: string | undefined
  readonly attempt: number | undefined
  readonly offset: number
  readonly limit: number | undefined
  readonly wait: number
  readonly follow: boolean
}

const pageBytes = 65_536
/** Within this a silent attempt is asked again, so that an ended client is noticed. */
const followWaitMs = 20_000

/** Answers with output: a page as JSON, or bytes until the end of what there is or will be. */
export async function serveOutput(
  api: Api,
  id: string,
  query: OutputQuery,
  request: Request,
): Promise<Response> {
  const { slot, attempt, offset, wait: waitMs } = query
  const limit = query.limit ?? pageBytes
  const read: ReadOutput = { offset, limit, waitMs, ...present({ slot, attempt }) }
  const first = await api.output(id, read)
  if (!first.ok) return refuseWith(first.refusal)
  if (request.headers.get('accept')?.includes(outputMedia.json) === true) {
    return sendJson(pageOf(id, first.value))
  }
  const headers = headersOf(first.value)
  const isWhole = query.limit !== undefined && !query.follow
  if (isWhole || request.method === 'HEAD') {
    return new Response(Buffer.from(first.value.bytes), { headers })
  }
  // Later pages are of the attempt that the first one was of, also when a retry has begun.
  const rest = { ...read, slot: first.value.slot, attempt: first.value.attempt }
  return new Response(ReadableStream.from(pages(api, id, rest, first.value, query.follow)), {
    headers,
  })
}

async function* pages(
  api: Api,
  id: string,
  read: ReadOutput,
  first: Output,
  follow: boolean,
): AsyncGenerator<Uint8Array> {
  let page = first
  for (;;) {
    if (page.bytes.length > 0) yield page.bytes
    const offset = page.offset + page.bytes.length
    const isDrained = offset >= page.total
    if (isDrained && (page.ended || !follow)) return
    const waitMs = isDrained ? followWaitMs : 0
    const result = await api.output(id, { ...read, limit: pageBytes, offset, waitMs })
    // The bytes are on their way already: a broken stream is the only thing left to tell.
    if (!result.ok) throw new Error(result.refusal.message)
    const isStuck = !isDrained && result.value.bytes.length === 0
    if (isStuck) return
    page = result.value
  }
}

function headersOf(page: Output): Readonly<Record<string, string>> {
  return {
    'content-type': `${outputMedia.raw}; charset=utf-8`,
    'x-output-offset': String(page.offset),
    'x-output-total': String(page.total),
    'x-output-dropped': String(page.dropped),
    'x-output-ended': String(page.ended),
  }
}

function pageOf(id: string, page: Output): OutputPage {
  const { slot, attempt, offset, total, dropped, ended } = page
  const bytes = Buffer.from(page.bytes)
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(bytes)
  return {
    execution: id,
    slot,
    attempt,
    offset,
    total,
    dropped,
    ended,
    encoding: isText ? 'utf8' : 'base64',
    data: isText ? text : bytes.toString('base64'),
  }
}
