import type { ClientRequest, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import type { ResolvedAddress } from './http-guard.ts'

const connectMs = 10_000
// A job that is called over HTTP answers when it is done, so the first byte may take long; the job's
// own timeout is the core's.
const answerMs = 3_600_000
const silenceMs = 60_000

/** One request as it goes out. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends one request to one of the checked addresses and nowhere else; resolves with its answer. */
export function exchange(
  outgoing: Outgoing,
  addresses: readonly ResolvedAddress[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { url, method, body } = outgoing
  const isSecure = url.protocol === 'https:'
  // Loaded by the first HTTP job: 6 MB that every fork of this process would have to copy.
  const http = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http')
  // A socket of its own and no proxy: neither the environment nor an earlier request choose the peer.
  const agent = new http.Agent({ keepAlive: false })
  const headers = headersOf(outgoing)
  const request = http.request(url, { method, headers, agent, signal, lookup: pinned(addresses) })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  let timer = deadline(request, connectMs, 'no connection')
  request.on('socket', (socket) => {
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      timer = deadline(request, answerMs, 'no answer')
    })
  })
  request.on('error', reject)
  request.on('close', () => {
    clearTimeout(timer)
    reject(new Error('the connection was closed without an answer'))
  })
  request.on('response', (response) => {
    clearTimeout(timer)
    response.setTimeout(silenceMs, () =>
      response.destroy(new Error(`the answer stopped for ${silenceMs / 1_000} s`)),
    )
    resolve(response)
  })
  request.end(body)
  return promise
}

function deadline(request: ClientRequest, ms: number, what: string): NodeJS.Timeout {
  return setTimeout(() => request.destroy(new Error(`${what} within ${ms / 1_000} s`)), ms)
}

/** What would let a job frame its message differently from what is sent is not the job's to say. */
function headersOf({ headers, body, method }: Outgoing): Record<string, string | number> {
  const framing = new Set(['connection', 'content-length', 'host', 'transfer-encoding', 'upgrade'])
  const own = Object.entries(headers).filter(([name]) => !framing.has(name.toLowerCase()))
  const hasBody = body !== '' || (method !== 'GET' && method !== 'HEAD')
  const length = hasBody ? { 'content-length': Buffer.byteLength(body) } : {}
  return { 'user-agent': 'meshcron', ...Object.fromEntries(own), ...length }
}

/** Answers with the checked addresses, whatever is asked. */
export function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, options, callback) => {
    if (options.all === true) return callback(null, [...addresses])
    const [first] = addresses
    if (first === undefined) return callback(new Error('no address'), '')
    callback(null, first.address, first.family)
  }
}
