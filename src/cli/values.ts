// Values of options, read into what documents and the API hold.

import { parseInstant, parseInterval } from '../core/scheduler/instant.ts'
import { usage } from './cli-error.ts'

/** `k=v` texts as a map; undefined when there are none. */
export function readPairs(
  option: string,
  texts: readonly string[] | undefined,
): Readonly<Record<string, string>> | undefined {
  if (texts === undefined) return undefined
  const pairs = texts.map((text) => {
    const at = text.indexOf('=')
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const
    throw usage(`${option}: ${JSON.stringify(text)} is not key=value`, `write ${option} key=value`)
  })
  return Object.fromEntries(pairs)
}

/** A whole number within bounds. */
export function readCount(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw usage(`${option}: ${JSON.stringify(text)} is no number from ${min} to ${max}`, 'correct it')
}

/** A duration like `90s` in milliseconds. */
export function readDuration(option: string, text: string): number {
  const ms = parseInterval(text)
  if (ms !== undefined) return ms
  throw usage(`${option}: ${JSON.stringify(text)} is no duration`, 'write one like 90s, 10m, 1h30m')
}

/** An instant with an offset in milliseconds; `now` and `+10m` are relative to `nowMs`. */
export function readInstant(option: string, text: string, nowMs: number): number {
  if (text === 'now') return nowMs
  const offsetMs = /^[+-]/.test(text) ? parseInterval(text.slice(1)) : undefined
  const atMs =
    offsetMs === undefined ? parseInstant(text) : nowMs + (text[0] === '-' ? -1 : 1) * offsetMs
  if (atMs !== undefined) return atMs
  throw usage(
    `${option}: ${JSON.stringify(text)} is no instant`,
    'write one like 2027-03-01T09:00:00Z or +10m',
  )
}

/** Only the keys that have a value. */
export function present<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
