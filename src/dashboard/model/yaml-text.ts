// The document as YAML, changed in place: comments and the order of keys belong to who wrote them.

import { isMap, parseDocument, stringify } from 'yaml'
import type { Document } from './form.ts'

export interface ParsedYaml {
  readonly document: Document | undefined
  /** What is wrong, and where. */
  readonly error: string | undefined
}

/** Larger texts are for a file and the command line. */
const textMax = 100_000

export function parseYaml(text: string): ParsedYaml {
  if (text.length > textMax) return wrong('the document is too large for the editor')
  const parsed = parseDocument(text, { prettyErrors: true })
  const [error] = parsed.errors
  if (error !== undefined) return wrong(error.message.split('\n')[0] ?? 'this is no YAML')
  if (!isMap(parsed.contents)) return wrong('write one job: name, schedule, run')
  return { document: parsed.toJS({ maxAliasCount: 50 }) as Document, error: undefined }
}

const wrong = (error: string): ParsedYaml => ({ document: undefined, error })

/** The text with one value set; undefined removes it, and maps that it leaves empty. */
export function setInYaml(text: string, path: readonly string[], value: unknown): string {
  const parsed = parseDocument(text)
  // an empty text is a map without keys; anything else stays as it is until it is corrected
  if (parsed.contents !== null && !isMap(parsed.contents)) return text
  if (value !== undefined) parsed.setIn(path, parsed.createNode(value))
  else if (parsed.hasIn(path)) {
    parsed.deleteIn(path)
    for (let length = path.length - 1; length > 0; length -= 1) {
      const parent = parsed.getIn(path.slice(0, length))
      if (!isMap(parent) || parent.items.length > 0) break
      parsed.deleteIn(path.slice(0, length))
    }
  }
  return parsed.toString({ lineWidth: 100 })
}

/** A document as YAML. */
export const printYaml = (document: Document): string => stringify(document, { lineWidth: 100 })
