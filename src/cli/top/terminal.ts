// The terminal while a program has the whole screen: the alternate one, no cursor, keys as they come.
// It is given back on every way out, also when the process is told to end.

import { emitKeypressEvents } from 'node:readline'
import type { Size } from './frame.ts'

export interface Terminal {
  readonly size: Size
  draw(lines: readonly string[]): void
  /** Gives everything back; more than once does no harm. */
  close(): void
}

interface Key {
  readonly name?: string
  readonly ctrl?: boolean
}

const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[0m\u001b[?25h\u001b[?1049l'
const ends = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const

/** Takes the terminal of this process; undefined where there is none. */
export function openTerminal(
  onKey: (key: string) => void,
  onResize: () => void,
): Terminal | undefined {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) return undefined
  const listen = (text: string | undefined, key: Key): void => {
    const letter = text?.length === 1 && text >= ' ' && text !== '\u007f' ? text : undefined
    onKey(key.ctrl === true ? `ctrl-${key.name}` : (letter ?? key.name ?? ''))
  }
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    stdin.off('keypress', listen)
    stdout.off('resize', onResize)
    for (const end of ends) process.off(end, onEnd)
    process.off('exit', close)
    stdin.setRawMode(false)
    stdin.pause()
    stdout.write(leave)
  }
  const onEnd = (signal: NodeJS.Signals): void => {
    close()
    process.kill(process.pid, signal)
  }
  emitKeypressEvents(stdin, undefined)
  stdin.setRawMode(true)
  stdin.resume()
  stdin.on('keypress', listen)
  stdout.on('resize', onResize)
  for (const end of ends) process.on(end, onEnd)
  process.on('exit', close)
  stdout.write(enter)
  return {
    get size() {
      return { rows: stdout.rows, columns: stdout.columns }
    },
    draw: (lines) =>
      void stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`),
    close,
  }
}
