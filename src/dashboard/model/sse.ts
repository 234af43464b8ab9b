// Server-sent events out of a stream of text, as the specification reads them. EventSource cannot
// send a token, so the stream is read by hand.

export interface Message {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** Gathers chunks; a message is whole at its empty line. */
export class SseParser {
  #rest = ''
  #id = ''
  #event = ''
  #data: string[] = []

  /** The messages that this chunk completes. */
  push(chunk: string): readonly Message[] {
    const messages: Message[] = []
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const message = this.#line(line)
      if (message !== undefined) messages.push(message)
    }
    return messages
  }

  #line(line: string): Message | undefined {
    if (line === '') return this.#complete()
    const at = line.indexOf(':')
    const name = at === -1 ? line : line.slice(0, at)
    const value = at === -1 ? '' : line.slice(at + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #complete(): Message | undefined {
    const data = this.#data.join('\n')
    const event = this.#event === '' ? 'message' : this.#event
    this.#data = []
    this.#event = ''
    return data === '' ? undefined : { id: this.#id, event, data }
  }
}
