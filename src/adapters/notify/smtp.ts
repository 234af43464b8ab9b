// As much of SMTP as handing a message to a mail server takes: RFC 5321, STARTTLS, AUTH PLAIN and
// LOGIN. Each command waits for its answer; an answer that is not expected ends the session.

import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Server {
  readonly host: string
  readonly port: number
  readonly security: 'tls' | 'starttls' | 'none'
  readonly username: string
  readonly password: string
}

export interface Envelope {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body with CRLF, lines of ASCII. */
  readonly data: string
}

interface Answer {
  readonly code: number
  readonly lines: readonly string[]
}

const answerBytesMax = 65_536

/** Hands over one message; rejects with the answer of the server when it does not take it. */
export async function submit(
  server: Server,
  envelope: Envelope,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(await open(server, signal))
  const abort = (): void => session.destroy()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await session.expect(220)
    let able = await session.hello()
    if (server.security === 'starttls') {
      if (!able.has('STARTTLS')) throw new Error('the server offers no STARTTLS')
      await session.command('STARTTLS', 220)
      session.upgrade(await secure(session.socket, server.host))
      able = await session.hello()
    }
    if (server.username !== '') await logIn(session, server, able)
    await session.command(`MAIL FROM:<${envelope.from}>`, 250)
    for (const to of envelope.to) await session.command(`RCPT TO:<${to}>`, 250)
    await session.command('DATA', 354)
    const stuffed = envelope.data.replaceAll(/^\./gm, '..')
    await session.command(`${stuffed.replace(/\r\n$/, '')}\r\n.`, 250)
    // it has the message: what follows is only polite
    session.end('QUIT')
  } finally {
    signal.removeEventListener('abort', abort)
    session.destroy()
  }
}

function open({ host, port, security }: Server, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const isSecure = security === 'tls'
  const socket = isSecure
    ? connectTls({ host, port, ...serverName(host) })
    : connectPlain({ host, port })
  const abort = (): void => void socket.destroy(new Error('no answer in time'))
  signal.addEventListener('abort', abort, { once: true })
  socket.once('error', reject)
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    signal.removeEventListener('abort', abort)
    socket.off('error', reject)
    resolve(socket)
  })
  return promise
}

function secure(socket: Socket, host: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const secured = connectTls({ socket, ...serverName(host) })
  secured.once('error', reject)
  secured.once('secureConnect', () => resolve(secured))
  return promise
}

const serverName = (host: string): { servername?: string } =>
  isIP(host) === 0 ? { servername: host } : {}

async function logIn(
  session: Session,
  { username, password, security }: Server,
  able: ReadonlyMap<string, string>,
): Promise<void> {
  if (security === 'none') throw new Error('a password is not sent without TLS')
  const ways = (able.get('AUTH') ?? '').toUpperCase().split(/\s+/)
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  if (ways.includes('PLAIN')) {
    await session.command(`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`, 235)
    return
  }
  if (!ways.includes('LOGIN')) throw new Error('the server offers neither AUTH PLAIN nor LOGIN')
  await session.command('AUTH LOGIN', 334)
  await session.command(base64(username), 334)
  await session.command(base64(password), 235)
}

/** One connection: commands and answers take turns. */
class Session {
  socket: Socket
  #text = ''
  #failure: Error | undefined
  #heard: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    this.#listen()
  }

  #listen(): void {
    this.socket.setEncoding('utf8')
    this.socket.on('data', (text: string) => {
      this.#text += text
      if (this.#text.length > answerBytesMax)
        this.#fail(new Error('the server does not stop talking'))
      this.#heard()
    })
    this.socket.on('error', (error) => this.#fail(error))
    this.socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#heard()
  }

  /** From now on over this socket; what was said before in the clear counts for nothing. */
  upgrade(socket: Socket): void {
    this.socket.removeAllListeners()
    this.socket.on('error', () => undefined)
    this.socket = socket
    this.#text = ''
    this.#listen()
  }

  /** What the server offers, by keyword. */
  async hello(): Promise<ReadonlyMap<string, string>> {
    const { lines } = await this.command('EHLO meshcron', 250)
    return new Map(
      lines.slice(1).map((line): [string, string] => {
        const [word = '', ...rest] = line.split(/[ =]/)
        return [word.toUpperCase(), rest.join(' ')]
      }),
    )
  }

  async command(line: string, code: number): Promise<Answer> {
    this.socket.write(`${line}\r\n`)
    return await this.expect(code)
  }

  async expect(code: number): Promise<Answer> {
    const answer = await this.#read()
    // 251: it passes the message on
    if (answer.code === code || (code === 250 && answer.code === 251)) return answer
    throw new Error(`the server said ${answer.code} ${answer.lines.join(' ')}`.slice(0, 300))
  }

  async #read(): Promise<Answer> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.#text)
      if (whole !== null) {
        this.#text = this.#text.slice(whole[0].length)
        const lines = whole[0].trimEnd().split(/\r?\n/)
        return { code: Number(lines[0]!.slice(0, 3)), lines: lines.map((line) => line.slice(4)) }
      }
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  end(line: string): void {
    this.socket.end(`${line}\r\n`)
  }

  destroy(): void {
    this.socket.destroySoon()
  }
}
