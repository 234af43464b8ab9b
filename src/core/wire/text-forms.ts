// Bytes as text: hexadecimal, and base64 for URLs (RFC 4648 §5) without padding and strict, so that
// there is one text for each value.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const values: ReadonlyMap<string, number> = new Map(Array.from(alphabet, (digit, i) => [digit, i]))

/** Lower-case digits. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(held >> (bits - 6)) & 63]
    held &= 0xff
  }
  return bits === 0 ? text : text + alphabet[(held << (6 - bits)) & 63]
}

/** Undefined when the text is not what {@link toBase64url} makes of some bytes. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8))
  let at = 0
  let bits = 0
  let held = 0
  for (const digit of text) {
    const value = values.get(digit)
    if (value === undefined) return undefined
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = held >> bits
  }
  // a digit too many, or bits that say nothing and yet are set
  return bits < 6 && (held & ((1 << bits) - 1)) === 0 ? bytes : undefined
}
