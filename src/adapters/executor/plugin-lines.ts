// The protocol of plugins (docs/reference/plugins.md): one JSON object per line in both directions.

import { limits } from '../../core/limits.ts'

/** The version that this node speaks. */
export const pluginProtocol = 1

/** What a plugin says. */
export type PluginMessage =
  | { readonly type: 'ready'; readonly protocol: number }
  | { readonly type: 'output'; readonly data: string }
  | { readonly type: 'progress'; readonly percent: number | undefined; readonly message: string }
  | { readonly type: 'result'; readonly value: unknown }
  | {
      readonly type: 'error'
      readonly code: string
      readonly message: string
      readonly exit: number
    }

/** Reads one line; a text says what is wrong with it. */
export function readPluginLine(line: string): PluginMessage | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return `${shown(line)} is no JSON`
  }
  if (typeof value !== 'object' || value === null) return `${shown(line)} is no JSON object`
  const message = value as Readonly<Record<string, unknown>>
  switch (message['type']) {
    case 'ready':
      return Number.isInteger(message['protocol'])
        ? { type: 'ready', protocol: message['protocol'] as number }
        : 'ready names no protocol'
    case 'output':
      return typeof message['data'] === 'string'
        ? { type: 'output', data: message['data'] }
        : 'output has no text in data'
    case 'progress': {
      const { percent } = message
      const isPercent = typeof percent === 'number' && percent >= 0 && percent <= 100
      return {
        type: 'progress',
        percent: isPercent ? Math.round(percent) : undefined,
        message: textOf(message['message']),
      }
    }
    case 'result':
      return { type: 'result', value: message['value'] }
    case 'error':
      return errorOf(message)
    default:
      return `${shown(String(message['type']))} is no type of message`
  }
}

function errorOf(message: Readonly<Record<string, unknown>>): PluginMessage {
  const { exit } = message
  const isExit = typeof exit === 'number' && Number.isInteger(exit) && exit >= 1 && exit <= 255
  return {
    type: 'error',
    code: textOf(message['code']) || 'error',
    message: textOf(message['message']),
    exit: isExit ? exit : 1,
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '')
const shown = (text: string): string => JSON.stringify(text.slice(0, 80))

/** Cuts a stream of bytes into lines; answers undefined when a line is longer than allowed. */
export class LineCutter {
  #rest: Buffer = Buffer.alloc(0)

  cut(bytes: Buffer): readonly string[] | undefined {
    const lines: string[] = []
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (end > limits.pluginLineBytesMax) return undefined
      const line = rest.toString('utf8', 0, end).trim()
      if (line !== '') lines.push(line)
      rest = rest.subarray(end + 1)
    }
    if (rest.length > limits.pluginLineBytesMax) return undefined
    this.#rest = Buffer.from(rest)
    return lines
  }
}
