import { destination, pino } from 'pino'
import type { Logger } from '../../ports/logger.ts'

export interface LoggerInit {
  readonly format: 'text' | 'json'
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Fields of every line. */
  readonly base: Readonly<Record<string, unknown>>
}

/** Lines of one event and level beyond this many in a minute are counted, not written. */
const linesPerMinuteMax = 120

/** Writes to standard error, so that standard output keeps to what the user asked for. */
export function createLogger(init: LoggerInit): Logger {
  const write = init.format === 'json' ? jsonWriter(init) : textWriter(init)
  const counts = new Map<string, number>()
  let minute = 0
  return {
    log: (level, event, message, fields = {}) => {
      const now = Math.floor(Date.now() / 60_000)
      if (now !== minute) {
        for (const [key, count] of counts) {
          const suppressed = count - linesPerMinuteMax
          if (suppressed > 0)
            write('warn', 'suppressed', 'lines were left out', { key, suppressed })
        }
        counts.clear()
        minute = now
      }
      const count = (counts.get(event) ?? 0) + 1
      counts.set(event, count)
      if (count <= linesPerMinuteMax) write(level, event, message, fields)
    },
  }
}

type Write = Logger['log']

function jsonWriter({ level, base }: LoggerInit): Write {
  const out = pino(
    {
      level,
      base,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination({ dest: 2, sync: true }),
  )
  return (lineLevel, event, message, fields) => out[lineLevel]({ event, ...fields }, message)
}

const order = ['debug', 'info', 'warn', 'error']

function textWriter({ level }: LoggerInit): Write {
  return (lineLevel, event, message, fields = {}) => {
    if (order.indexOf(lineLevel) < order.indexOf(level)) return
    const time = new Date().toISOString().slice(11, 23)
    const rest = Object.entries(fields).map(([key, value]) => `${key}=${printable(value)}`)
    process.stderr.write(`${time} ${lineLevel.padEnd(5)} ${event}: ${message} ${rest.join(' ')}\n`)
  }
}

/** One line, no control characters: fields may hold text of peers and commands. */
function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return (text ?? '').replace(/\p{Cc}/gu, '?')
}
