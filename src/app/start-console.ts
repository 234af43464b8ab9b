// What `start` itself says: one line when ready on standard output, troubles on standard error.

import { errors, type ErrorCode } from '../core/errors.ts'
import { InvariantError } from '../core/invariant.ts'
import type { Refusal, Result } from '../core/result.ts'
import type { Config } from './config.ts'
import type { Started } from './daemon.ts'
import type { LogFormat } from './config-value.ts'
import { version } from './build.ts'

/** Exit status after a programming error: EX_SOFTWARE of sysexits.h. */
export const invariantExit = 70

const faultsPerMinuteMax = 20

/** Writes in the form that `--log` asks for. */
export class StartConsole {
  readonly #format: LogFormat
  #faults = 0
  #minute = 0
  #faultsOfMinute = 0

  constructor(format: LogFormat) {
    this.#format = format
  }

  /** The line that says that the node is up; on a terminal also the one that opens the dashboard. */
  ready(
    { member, name, addresses, http: url }: Started,
    { dataDir, token }: Pick<Config, 'dataDir' | 'token'>,
  ): void {
    if (this.#format === 'json') {
      const fields = { version, name, id: member, addresses, http: url, dataDir }
      process.stdout.write(`${jsonLine('info', 'ready', 'the node is up', fields)}\n`)
      return
    }
    const parts = [
      `meshcron ${version}`,
      name,
      shortId(member),
      `peers ${addresses[0] ?? 'none'}`,
      `http ${url}`,
      `data ${dataDir}`,
    ]
    process.stdout.write(`${parts.join('  ')}\n`)
    // elsewhere the token would lie in a journal
    if (process.stdout.isTTY) process.stdout.write(`dashboard ${url}/#token=${token}\n`)
  }

  /** The first start has decided for the owner, and says so. */
  wrotePolicy(path: string): void {
    const message = `${path} lets every author of this cluster run any command here as this user`
    const line =
      this.#format === 'json' ? jsonLine('info', 'policy', message, {}) : `policy: ${message}`
    process.stderr.write(`${line}\n`)
  }

  /** How the next machine gets in; the token only on a terminal: elsewhere it would lie in a journal. */
  async joinLine(invite: () => Promise<Result<{ readonly token: string }>>): Promise<void> {
    if (this.#format === 'json') return
    if (!process.stdout.isTTY) {
      process.stdout.write('more machines: meshcron invite\n')
      return
    }
    const made = await invite()
    if (!made.ok) return this.#write('error', 'invite', made.refusal.message, { ...made.refusal })
    process.stdout.write(
      `join      meshcron start --join ${made.value.token}\n` +
        `          5 uses, 1 hour, any --tag; executors and viewers. More: meshcron invite\n`,
    )
  }

  /** The node asked to join, and somebody has to accept it. */
  waiting(shortId: string): void {
    const message = `waits to be accepted as ${shortId}: meshcron pending accept ${shortId}`
    this.#note('waiting', message, { shortId })
  }

  replaced(folder: string): void {
    const message = `what the other cluster left, its jobs among it, is in ${folder}`
    this.#note('replaced', message, { folder })
  }

  /** Told when a used token could not be deleted; a member starts all the same. */
  consumed(trouble: string | undefined): void {
    if (trouble !== undefined) this.#note('tokenFile', trouble)
  }

  joined(name: string): void {
    this.#note('joined', `${name} is a member now`)
  }

  #note(event: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const line = this.#format === 'json' ? jsonLine('info', event, message, fields) : message
    process.stderr.write(`${line}\n`)
  }

  /** Tells why the node does not run; the value is the exit status. */
  refused({ code, message, hint }: Refusal): number {
    this.#write('error', 'failed', message, { code, hint })
    return errors[code].exit
  }

  /** Tells why the node does not run any more; the value is the exit status. */
  failed(error: unknown): number {
    const refusal = refusalOf(error)
    if (refusal !== undefined) return this.refused(refusal)
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#write('error', 'failed', text, { code: 'MC_INTERNAL', hint: 'please report this' })
    return error instanceof InvariantError ? invariantExit : errors.MC_INTERNAL.exit
  }

  /** Counts an error that nobody caught, and tells of it at a bounded rate. */
  fault(kind: string, error: unknown): void {
    this.#faults += 1
    const minute = Math.floor(performance.now() / 60_000)
    if (minute !== this.#minute) this.#faultsOfMinute = 0
    this.#minute = minute
    this.#faultsOfMinute += 1
    if (this.#faultsOfMinute > faultsPerMinuteMax) return
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#write('error', 'fault', text, { kind, count: this.#faults })
  }

  #write(
    level: string,
    event: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    if (this.#format === 'json') {
      process.stderr.write(`${jsonLine(level, event, message, fields)}\n`)
      return
    }
    const { code, hint } = fields
    const head = typeof code === 'string' ? `error ${code}` : `error ${event}`
    const tail = typeof hint === 'string' && hint !== '' ? `\n  hint: ${hint}` : ''
    process.stderr.write(`${head}: ${message}${tail}\n`)
  }
}

/** The end of a member's id, which differs where the beginnings are all alike. */
export const shortId = (member: string): string => member.slice(-8)

function jsonLine(
  level: string,
  event: string,
  msg: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ level, time: new Date().toISOString(), event, ...fields, msg })
}

/** The refusal that an error stands for; undefined for a bug. */
function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const code = String(error.code)
  if (!Object.hasOwn(errors, code) || code === 'MC_INTERNAL') return undefined
  const hint = 'hint' in error ? String(error.hint) : ''
  return { code: code as ErrorCode, message: error.message, hint }
}
