// A tar archive (ustar) of a few files.

export interface Entry {
  readonly name: string
  readonly text: string
}

const block = 512

/** The archive, uncompressed. */
export function tar(entries: readonly Entry[], nowMs: number): Buffer {
  const parts = entries.flatMap(({ name, text }) => {
    const body = Buffer.from(text)
    const padding = Buffer.alloc((block - (body.length % block)) % block)
    return [header(name, body.length, nowMs), body, padding]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function header(name: string, bytes: number, nowMs: number): Buffer {
  const head = Buffer.alloc(block)
  const octal = (value: number, at: number, length: number): void => {
    head.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  }
  head.write(name, 0, 100, 'utf8')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(bytes, 124, 12)
  octal(Math.floor(nowMs / 1_000), 136, 12)
  head.write('        0', 148, 'latin1')
  head.write('ustar\u000000', 257, 'latin1')
  // the sum counts its own field as blanks
  const sum = head.reduce((all, byte) => all + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return head
}
