// A command line in one field: words as a shell would split them, without anything else of a shell.

import { quoted } from './command.ts'

/** The arguments of a line; quotes hold them together, a backslash takes the next sign as it is. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let isOpen = false
  let quote = ''
  for (let i = 0; i < line.length; i += 1) {
    const sign = line[i]!
    if (quote !== '') {
      if (sign === quote) quote = ''
      else if (sign === '\\' && quote === '"' && /["\\]/.test(line[i + 1] ?? '')) word += line[++i]!
      else word += sign
    } else if (sign === "'" || sign === '"') {
      quote = sign
      isOpen = true
    } else if (sign === '\\' && i + 1 < line.length) word += line[++i]!
    else if (/\s/.test(sign)) {
      if (word !== '' || isOpen) words.push(word)
      word = ''
      isOpen = false
    } else word += sign
  }
  if (word !== '' || isOpen) words.push(word)
  return words
}

/** The line that splits into these arguments. */
export const joinWords = (words: readonly string[]): string => words.map(quoted).join(' ')
