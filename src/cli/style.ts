import type { Io, Sink } from './io.ts'

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

const codes: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }

export type Paint = (text: string, colour: Colour | undefined) => string

/** Colours text on a terminal, unless NO_COLOR is set to anything. */
export function painter(io: Io, sink: Sink = io.stdout): Paint {
  const isOn = sink.isTTY === true && (io.env['NO_COLOR'] ?? '') === ''
  return (text, colour) =>
    isOn && colour !== undefined && text !== '' ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text
}

const outcomeColours: Readonly<Record<string, Colour>> = {
  success: 'green',
  running: 'green',
  alive: 'green',
  failure: 'red',
  lost: 'red',
  missed: 'red',
  down: 'red',
  'no-eligible-node': 'red',
  unreachable: 'yellow',
  paused: 'yellow',
  cancelled: 'yellow',
  retrying: 'yellow',
}

/** Colour of a state or an outcome. */
export function colourOf(word: string): Colour | undefined {
  return outcomeColours[word]
}
