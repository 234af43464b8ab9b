import { chmodSync, chownSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { relative } from 'node:path'
import type { Duplex } from 'node:stream'
import { ok, refuse } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import { formatHttpAddress } from './address.ts'
import type { HttpAddress } from './address.ts'
import { problemOf } from './problem.ts'

/** Certificate chain and key in PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export type Listen = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

const connectionsMax = 256
/** What the kernel takes as the path of a socket. */
const socketPathBytesMax = 107
const closeAfterMs = 1_000

const bounds = {
  maxHeaderSize: 8_192,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
}
/** A handshake takes no longer than the headers of a request. */
const handshakeTimeout = 10_000

/** A server with the bounds that every listener has; with `tls` it speaks nothing else. */
export function createListener(listen: Listen, tls?: TlsFiles): Server | TlsServer {
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // A connection that was busy when the server closed would be kept alive for more requests.
    outgoing.once('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
    void listen(incoming, outgoing)
  }
  const server =
    tls === undefined
      ? createServer(bounds, answer)
      : createTlsServer({ ...bounds, ...tls, handshakeTimeout, minVersion: 'TLSv1.2' }, answer)
  server.maxConnections = connectionsMax
  server.on('clientError', answerClientError)
  return server
}

/** Listens on an address; the value is the port. */
export async function listenTcp(
  server: Server | TlsServer,
  address: HttpAddress,
): Promise<Result<number>> {
  const error = await listening(server, () => server.listen(address))
  if (error === undefined) return ok((server.address() as AddressInfo).port)
  const where = formatHttpAddress(address)
  if (error.code === 'EADDRINUSE') {
    const hint = 'stop it, or choose another port with --http'
    return refuse('MC_PORT_IN_USE', `another process listens on ${where}`, hint)
  }
  const message = `http: cannot listen on ${where}: ${error.code}`
  return refuse('MC_BAD_CONFIG', message, 'choose another address with --http')
}

/** Listens on a socket file that only its owner may open, and a group if one is named. */
export async function listenSocket(
  server: Server | TlsServer,
  path: string,
  gid?: number,
): Promise<Result<void>> {
  const short = shortest(path)
  if (Buffer.byteLength(short) > socketPathBytesMax) {
    const message = `the path of the socket ${path} is longer than ${socketPathBytesMax} bytes`
    return refuse('MC_DATA_DIR', message, 'use a data directory with a shorter path')
  }
  removeStale(path)
  const error = await listening(server, () => {
    // The file is made inside `listen`: with this mask it is never open to others.
    const mask = process.umask(0o177)
    server.listen(short)
    process.umask(mask)
  })
  if (error !== undefined) {
    const message = `cannot listen on ${path}: ${error.code}`
    return refuse('MC_DATA_DIR', message, 'check the rights of the data directory')
  }
  if (gid === undefined) chmodSync(path, 0o600)
  else {
    try {
      chownSync(path, -1, gid)
      chmodSync(path, 0o660)
    } catch {
      const message = `the socket cannot be given to group ${gid}`
      return refuse('MC_BAD_CONFIG', message, 'the user of the daemon must be in it')
    }
  }
  return ok(undefined)
}

/** Stops taking requests; what is still busy after a second is cut. */
export async function closeListener(server: Server | TlsServer): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), closeAfterMs)
  await promise
  clearTimeout(timer)
}

async function listening(
  server: Server | TlsServer,
  listen: () => void,
): Promise<NodeJS.ErrnoException | undefined> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | undefined>()
  server.once('error', resolve)
  server.once('listening', () => resolve(undefined))
  listen()
  const error = await promise
  server.off('error', resolve)
  return error
}

/** The same file as seen from here, in fewer bytes. */
function shortest(path: string): string {
  const local = relative(process.cwd(), path)
  return local.length < path.length ? local : path
}

function removeStale(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return
  }
}

const clientErrors: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers exceed 8 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not arrive in time'],
}

/** Requests that never became one get a problem document too. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, phrase, message] = clientErrors[error.code ?? ''] ?? [
    400,
    'Bad Request',
    'this is not HTTP',
  ]
  const refusal = { code: 'MC_BAD_INPUT', message, hint: 'send a plain HTTP/1.1 request' } as const
  const body = `${JSON.stringify(problemOf(refusal, { status }))}\n`
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
