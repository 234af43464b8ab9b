// Output of a command as lines of styled text. Colours of a terminal become classes, every other
// sequence is dropped, and a control character is shown as its picture: output is never markup.

/** Text of one look; the class names are ours alone. */
export interface Span {
  readonly text: string
  readonly look: string
}

export type Line = readonly Span[]

/** Lines kept; the oldest go first. */
export const linesMax = 5_000
/** A line without an end is broken here. */
const lineMax = 20_000

interface Style {
  fore: number | undefined
  back: number | undefined
  flags: Set<string>
}

const flagsByCode: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
}
const flagsEndedBy: Readonly<Record<number, readonly string[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
}

// oxlint-disable no-control-regex -- control characters are what is read here
const token =
  /\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|\r\n|[\r\n]|[^\x1b\r\n]+|\x1b/g
const unfinished = /\x1b(?:\[[0-9;:<=>?]*[ -/]*|\][^\x07\x1b]*|[ -/]*)?$|\r$/
const control = /[\x00-\x08\x0b-\x1f\x7f]/g

/** Reads output as it comes. */
export class AnsiText {
  /** Lines that are no longer kept. */
  dropped = 0
  readonly #lines: Line[] = []
  #line: Span[] = []
  #length = 0
  #rest = ''
  #isReturned = false
  readonly #style: Style = { fore: undefined, back: undefined, flags: new Set() }

  push(text: string): void {
    let all = this.#rest + text
    const cut = unfinished.exec(all)
    // a sequence that goes on for ever is none
    const isCut = cut !== null && all.length - cut.index < 4_096
    this.#rest = isCut ? all.slice(cut.index) : ''
    if (isCut) all = all.slice(0, cut.index)
    for (const match of all.matchAll(token)) this.#take(match)
  }

  #take([all, parameters, final]: RegExpMatchArray): void {
    if (all === '\n' || all === '\r\n') return this.#end()
    if (all === '\r') {
      this.#isReturned = true
      return
    }
    if (all.startsWith('\x1b')) {
      if (final === 'm') this.#restyle(parameters ?? '')
      return
    }
    // a bar of progress writes the same line again and again
    if (this.#isReturned) this.#clear()
    this.#write(all.replaceAll(control, picture))
  }

  #write(text: string): void {
    this.#line.push({ text, look: lookOf(this.#style) })
    this.#length += text.length
    if (this.#length > lineMax) this.#end()
  }

  #clear(): void {
    this.#line = []
    this.#length = 0
    this.#isReturned = false
  }

  #end(): void {
    this.#lines.push(this.#line)
    this.#clear()
    if (this.#lines.length <= linesMax * 1.1) return
    const extra = this.#lines.length - linesMax
    this.#lines.splice(0, extra)
    this.dropped += extra
  }

  #restyle(parameters: string): void {
    const codes = parameters.split(/[;:]/).map(Number)
    for (let i = 0; i < codes.length; i += 1) {
      const code = codes[i]!
      if (code === 38 || code === 48) {
        const isIndexed = codes[i + 1] === 5
        if (isIndexed) this.#colour(code === 38, codes[i + 2] ?? 0)
        i += isIndexed ? 2 : 4
      } else this.#apply(code)
    }
  }

  #apply(code: number): void {
    const style = this.#style
    const flag = flagsByCode[code]
    if (code === 0) {
      style.flags.clear()
      style.fore = undefined
      style.back = undefined
    } else if (flag !== undefined) style.flags.add(flag)
    else if (code >= 30 && code <= 37) style.fore = code - 30
    else if (code >= 90 && code <= 97) style.fore = code - 82
    else if (code >= 40 && code <= 47) style.back = code - 40
    else if (code >= 100 && code <= 107) style.back = code - 92
    else if (code === 39) style.fore = undefined
    else if (code === 49) style.back = undefined
    else for (const ended of flagsEndedBy[code] ?? []) style.flags.delete(ended)
  }

  /** Of 256 colours only the first sixteen have a name that a theme can fill. */
  #colour(isFore: boolean, index: number): void {
    const colour = index < 16 ? index : undefined
    if (isFore) this.#style.fore = colour
    else this.#style.back = colour
  }

  /** All lines kept; the last one may not be whole yet. */
  lines(): readonly Line[] {
    return this.#line.length === 0 ? [...this.#lines] : [...this.#lines, [...this.#line]]
  }
}

function lookOf({ fore, back, flags }: Style): string {
  const names = [...flags]
  if (fore !== undefined) names.push(`fore-${fore}`)
  if (back !== undefined) names.push(`back-${back}`)
  return names.join(' ')
}

const picture = (character: string): string =>
  character === '\x7f' ? '\u2421' : String.fromCharCode(0x2400 + character.charCodeAt(0))

/** The text of a line. */
export const textOfLine = (line: Line): string => line.map(({ text }) => text).join('')

/** A line cut at the places where a search matches; capitals do not matter. */
export function markedLine(
  line: Line,
  search: string,
): readonly (Span & { readonly isMatch: boolean })[] {
  const wanted = search.toLowerCase()
  if (wanted === '') return line.map((span) => ({ ...span, isMatch: false }))
  return line.flatMap(({ text, look }) => {
    const parts: (Span & { isMatch: boolean })[] = []
    const lower = text.toLowerCase()
    let at = 0
    while (at < text.length) {
      const found = lower.indexOf(wanted, at)
      const end = found === -1 ? text.length : found
      if (end > at) parts.push({ text: text.slice(at, end), look, isMatch: false })
      if (found === -1) break
      parts.push({ text: text.slice(found, found + wanted.length), look, isMatch: true })
      at = found + wanted.length
    }
    return parts
  })
}
