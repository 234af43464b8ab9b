const lengthMax = 180
const keptLength = 140

/**
 * File name for an attempt's text, whatever it holds: other bytes than letters, digits, `_`, `-`
 * and `.` become `%XX`, and what is too long for a file system ends in a hash. Needs a suffix, so
 * that it is never `.` or `..`.
 */
export function fileNameOf(text: string): string {
  let name = ''
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte)
    const isPlain = /[A-Za-z0-9_.-]/.test(character)
    name += isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  if (name.length <= lengthMax) return name
  // Seldom needed, and 1 MB that every fork would have to copy.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return `${name.slice(0, keptLength)}~${hash}`
}
