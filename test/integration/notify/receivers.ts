// What messages are sent to in tests: servers on loopback that keep what they get.

import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { text } from 'node:stream/consumers'
import type { Channel } from '../../../src/ports/notifier.ts'
import { Outgoing } from '../../../src/adapters/executor/outgoing.ts'
import { LocalNotifier } from '../../../src/adapters/notify/notifier.ts'
import { certificate, privateKey } from '../executor/localhost-tls.ts'

/** A notifier as the daemon makes it. */
export function notifierOf(
  channels: Readonly<Record<string, Channel>>,
  output = '',
): LocalNotifier {
  const outgoing = new Outgoing({}, { deny: ['127.0.0.1:1'] })
  return new LocalNotifier(
    {
      post: (call, signal) => outgoing.post(call, signal),
      publish: (channel, payload, signal) =>
        outgoing.publish(channel, { ...channel, payload }, signal),
      outputOf: async () => output,
    },
    { channels, link: 'https://cron.example.org/' },
  )
}

export interface Post {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An HTTP server that keeps each request; a path `/status/500` is answered so, `/hang` never. */
export async function openWeb(t: TestContext): Promise<{ url: string; posts: Post[] }> {
  const posts: Post[] = []
  const server = createHttpServer((request, response) => {
    void text(request).then((body) => {
      const path = request.url ?? ''
      if (path === '/hang') return
      const status = /^\/status\/(\d+)/.exec(path)?.[1]
      if (status === undefined) posts.push({ path, headers: request.headers, body })
      response.writeHead(Number(status ?? 204)).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts }
}

export interface MailServer {
  readonly port: number
  /** Commands, with what was said before TLS marked by `plain`. */
  readonly said: string[]
  readonly mails: string[]
}

/** A mail server: EHLO, STARTTLS, AUTH PLAIN and LOGIN for barn with the password secret, one mail after another. */
export async function openMail(
  t: TestContext,
  init: { readonly auth?: string; readonly isTls?: boolean; readonly refuses?: string } = {},
): Promise<MailServer> {
  const said: string[] = []
  const mails: string[] = []
  const serve = (socket: Socket): void => new Talk(socket, init, said, mails).begin()
  const tls = { cert: certificate, key: privateKey }
  const server = init.isTls === true ? createTlsServer(tls, serve) : createServer(serve)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, said, mails }
}

class Talk {
  #socket: Socket
  readonly #init: { readonly auth?: string; readonly isTls?: boolean; readonly refuses?: string }
  readonly #said: string[]
  readonly #mails: string[]
  #text = ''
  #isSecure: boolean
  #mode: 'command' | 'data' | 'user' | 'password' = 'command'

  constructor(
    socket: Socket,
    init: { readonly auth?: string; readonly isTls?: boolean; readonly refuses?: string },
    said: string[],
    mails: string[],
  ) {
    this.#socket = socket
    this.#init = init
    this.#said = said
    this.#mails = mails
    this.#isSecure = init.isTls === true
  }

  begin(): void {
    this.#listen()
    this.#write('220 test')
  }

  #listen(): void {
    this.#socket.on('error', () => undefined)
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1')
      this.#take()
    })
  }

  #write(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }

  #take(): void {
    const end = this.#mode === 'data' ? '\r\n.\r\n' : '\r\n'
    const at = this.#text.indexOf(end)
    if (at < 0) return
    const line = this.#text.slice(0, at)
    this.#text = this.#text.slice(at + end.length)
    if (this.#mode === 'data') {
      this.#mode = 'command'
      this.#mails.push(line)
      this.#write('250 taken')
    } else this.#hear(line)
    this.#take()
  }

  #hear(line: string): void {
    this.#said.push(this.#isSecure ? line : `plain ${line}`)
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    if (this.#mode === 'user') {
      this.#mode = 'password'
      this.#write(line === base64('barn') ? '334 UGFzc3dvcmQ6' : '535 no')
    } else if (this.#mode === 'password') {
      this.#mode = 'command'
      this.#write(line === base64('secret') ? '235 in' : '535 no')
    } else this.#command(line)
  }

  #command(line: string): void {
    const { auth = 'PLAIN LOGIN', refuses } = this.#init
    if (refuses !== undefined && line.startsWith(refuses)) return this.#write('550 not you')
    const [verb = ''] = line.split(' ')
    switch (verb) {
      case 'EHLO':
        this.#write('250-test at your service')
        if (!this.#isSecure) this.#write('250-STARTTLS')
        return this.#write(`250 AUTH ${auth}`)
      case 'STARTTLS':
        this.#write('220 go')
        return this.#secure()
      case 'AUTH': {
        const plain = Buffer.from('\0barn\0secret').toString('base64')
        if (line === 'AUTH LOGIN') {
          this.#mode = 'user'
          return this.#write('334 VXNlcm5hbWU6')
        }
        return this.#write(line === `AUTH PLAIN ${plain}` ? '235 in' : '535 no')
      }
      case 'DATA':
        this.#mode = 'data'
        return this.#write('354 go on')
      case 'QUIT':
        return void this.#socket.end('221 bye\r\n')
      default:
        return this.#write('250 ok')
    }
  }

  #secure(): void {
    this.#socket.removeAllListeners('data')
    const isServer = true
    const options = { isServer, cert: certificate, key: privateKey }
    this.#socket = new TLSSocket(this.#socket, options)
    this.#isSecure = true
    this.#listen()
  }
}
