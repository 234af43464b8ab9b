// Reads a JSON body without trusting it: size and depth are judged while it arrives, before
// anything is parsed, and `__proto__` is refused instead of being set on something later.

import { limits } from '../../core/limits.ts'
import { didYouMean } from '../../core/suggest.ts'
import { RequestRefused } from './problem.ts'

/** Deeper documents are refused: no document of ours comes near, and recursion has an end. */
export const jsonDepthMax = 32

const quote = 0x22
const backslash = 0x5c

/** Counts how deep JSON text nests, a chunk at a time. */
export class DepthGauge {
  #depth = 0
  #inString = false
  #escaped = false

  /** False as soon as the text nests deeper than `max`. */
  accepts(chunk: Uint8Array, max: number = jsonDepthMax): boolean {
    for (const byte of chunk) {
      if (this.#escaped) this.#escaped = false
      else if (this.#inString) this.#readInString(byte)
      else if (byte === quote) this.#inString = true
      else if (byte === 0x7b || byte === 0x5b) this.#depth += 1
      else if (byte === 0x7d || byte === 0x5d) this.#depth -= 1
      if (this.#depth > max) return false
    }
    return true
  }

  #readInString(byte: number): void {
    if (byte === backslash) this.#escaped = true
    else if (byte === quote) this.#inString = false
  }
}

/** The body's value; undefined when there is none. A form of another site cannot say that it is JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw notJson(type)
  const bytes = await readBytes(request)
  return bytes.length === 0 ? undefined : parseJson(bytes)
}

/** Refuses a body with a key that no schema of it has, with the one that was meant. */
export function refuseUnknownKey(value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null) return
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const hint = didYouMean(unknown, known, `use ${known.join(', ')}`)
  throw new RequestRefused('MC_BAD_INPUT', `${unknown.slice(0, 80)}: unknown key`, hint)
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > limits.bodyBytesMax) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const gauge = new DepthGauge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > limits.bodyBytesMax) throw tooLarge()
    if (!gauge.accepts(chunk)) throw tooDeep()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RequestRefused('MC_BAD_INPUT', 'the body is not UTF-8', 'send JSON in UTF-8')
  }
  // A reviver is slow: only texts that can spell the name get one.
  const reviver = /__proto__|\\u/.test(text) ? refusePrototype : undefined
  try {
    return JSON.parse(text, reviver)
  } catch (error) {
    if (error instanceof RequestRefused) throw error
    const where = error instanceof SyntaxError ? `: ${error.message}` : ''
    throw new RequestRefused('MC_BAD_INPUT', `the body is not JSON${where}`, 'send one JSON value')
  }
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value
  throw new RequestRefused('MC_BAD_INPUT', 'a key is named __proto__', 'remove it')
}

function notJson(type: string | undefined): RequestRefused {
  return new RequestRefused(
    'MC_BAD_INPUT',
    `the content type is ${type === undefined ? 'missing' : 'not JSON'}`,
    'send content-type: application/json',
    // what there is of a body is not read, so the connection cannot be used again
    { status: 415, headers: { connection: 'close' } },
  )
}

function tooLarge(): RequestRefused {
  return new RequestRefused(
    'MC_BODY_TOO_LARGE',
    `the body is larger than ${limits.bodyBytesMax} bytes`,
    'send less; large input belongs in a file that the command reads',
    // What is left of the body is not read, so the connection cannot be used again.
    { headers: { connection: 'close' } },
  )
}

function tooDeep(): RequestRefused {
  return new RequestRefused(
    'MC_BAD_INPUT',
    `the body nests deeper than ${jsonDepthMax} levels`,
    'send a flatter document',
    { headers: { connection: 'close' } },
  )
}
