import { spawn } from 'node:child_process'
import type { Message } from './message.ts'

const saidMax = 300

/** Runs the owner's program with the message; it is killed with all that it started when time is up. */
export function runProgram(
  argv: readonly string[],
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const [program, ...rest] = argv
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const env = {
    ...process.env,
    MESHCRON_EVENT: message.event,
    MESHCRON_TEXT: message.text,
    MESHCRON_NOTICE_ID: message.id,
    MESHCRON_JOB: message.job,
  }
  const child = spawn(program!, rest, { env, stdio: ['pipe', 'ignore', 'pipe'], detached: true })
  let said = ''
  const stop = (): void => {
    reject(new Error('it did not end in time'))
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      return // it has ended meanwhile
    }
  }
  signal.addEventListener('abort', stop, { once: true })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-saidMax)
  })
  child.on('error', reject)
  child.on('close', (code, by) => {
    signal.removeEventListener('abort', stop)
    if (code === 0) resolve()
    else reject(new Error(`${code === null ? `ended by ${by}` : `exit ${code}`} ${said.trim()}`))
  })
  // a program that does not read its input is no failure
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(message.parts))
  return promise
}
