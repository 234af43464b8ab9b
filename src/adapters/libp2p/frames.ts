import { Uint8ArrayList } from 'uint8arraylist'

/** A frame that is over its bound or whose length cannot be read. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Prepends the length as an unsigned varint: streams keep no message boundaries. */
export function encodeFrame(bytes: Uint8Array): Uint8Array {
  const prefix: number[] = []
  let rest = bytes.byteLength
  for (; rest > 0x7f; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80)
  prefix.push(rest)
  const frame = new Uint8Array(prefix.length + bytes.byteLength)
  frame.set(prefix)
  frame.set(bytes, prefix.length)
  return frame
}

/** Cuts a stream of bytes into frames, however its chunks were split or joined. */
export class FrameDecoder {
  readonly #bytesMax: number
  readonly #buffer = new Uint8ArrayList()
  #length: number | undefined

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Yields the frames that are complete now; throws {@link FrameError}, after which it is unusable. */
  *push(chunk: Uint8Array | Uint8ArrayList): Generator<Uint8Array> {
    this.#buffer.append(chunk)
    for (;;) {
      this.#length ??= this.#readLength()
      if (this.#length === undefined || this.#buffer.byteLength < this.#length) return
      // a copy: a view would keep the socket's whole buffer alive
      const frame = this.#buffer.slice(0, this.#length)
      this.#buffer.consume(this.#length)
      this.#length = undefined
      yield frame
    }
  }

  #readLength(): number | undefined {
    let length = 0
    for (let at = 0; at < this.#buffer.byteLength; at++) {
      const byte = this.#buffer.get(at)
      length += (byte & 0x7f) * 2 ** (7 * at)
      if (length > this.#bytesMax || at > 3) throw new FrameError('frame over its bound')
      if (byte > 0x7f) continue
      if (byte === 0 && at > 0) throw new FrameError('length is not minimal')
      this.#buffer.consume(at + 1)
      return length
    }
    return undefined
  }
}
