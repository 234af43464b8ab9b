// The form of the editor: each field knows its place in the document, how it is read from there and
// what it writes there. What the form does not show stays in the document as it is.

import { joinWords, splitWords } from './words.ts'

export type Document = Readonly<Record<string, unknown>>

export interface Field {
  readonly key: string
  readonly label: string
  readonly path: readonly string[]
  readonly kind: 'text' | 'area' | 'choice' | 'check'
  readonly choices?: readonly string[]
  readonly hint?: string
  readonly placeholder?: string
  /** Text of a value of the document; '' for an absent one. */
  readonly read: (value: unknown) => string
  /** The value that a text means; undefined removes the key. */
  readonly write: (text: string) => unknown
}

export interface FieldGroup {
  readonly title: string
  readonly fields: readonly Field[]
}

const readText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''
const writeText = (text: string): unknown => (text === '' ? undefined : text)
const writeNumber = (text: string): unknown => {
  if (text.trim() === '') return undefined
  return Number.isNaN(Number(text)) ? text : Number(text)
}

type Given = Pick<Field, 'key' | 'label' | 'path'> & Partial<Field>
const text = (given: Given): Field => ({ kind: 'text', read: readText, write: writeText, ...given })
const choice = (given: Given & { readonly choices: readonly string[] }): Field =>
  text({ ...given, kind: 'choice' })

/** One per line; a single one is written without a list. */
const lines = {
  read: (value: unknown): string => (Array.isArray(value) ? value.join('\n') : readText(value)),
  write: (given: string): unknown => {
    const entries = given.split('\n').filter((line) => line.trim() !== '')
    return entries.length > 1 ? entries : entries[0]
  },
}

/** `key=value`, one per line. */
const pairs = {
  read: (value: unknown): string =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value)
          .map(([key, one]) => `${key}=${String(one)}`)
          .join('\n')
      : '',
  write: (given: string): unknown => {
    const entries = given
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const at = line.indexOf('=')
        return at === -1 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1)]
      })
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  },
}

const argv = {
  read: (value: unknown): string => (Array.isArray(value) ? joinWords(value.map(String)) : ''),
  write: (line: string): unknown => splitWords(line),
}

/** What can be run, and the field that holds it. */
export const runKinds: readonly string[] = ['exec', 'shell', 'http']

/** The kind of executor of a document. */
export function runKindOf({ run }: Document): string {
  const keys = typeof run === 'object' && run !== null ? Object.keys(run) : []
  return keys.find((key) => runKinds.includes(key)) ?? ''
}

/** What a document gets when another kind is chosen. */
export const emptyRuns: Readonly<Record<string, unknown>> = {
  exec: { exec: ['echo', 'hi from {node}'] },
  shell: { shell: 'echo hi' },
  http: { http: { url: 'https://example.org/' } },
}

const runFields: Readonly<Record<string, readonly Field[]>> = {
  exec: [
    text({
      key: 'exec',
      label: 'command',
      path: ['run', 'exec'],
      hint: 'program and arguments; no shell reads them',
      ...argv,
    }),
  ],
  shell: [text({ key: 'shell', label: 'script', path: ['run', 'shell'], kind: 'area' })],
  http: [
    text({ key: 'url', label: 'URL', path: ['run', 'http', 'url'] }),
    choice({
      key: 'method',
      label: 'method',
      path: ['run', 'http', 'method'],
      choices: ['', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD'],
    }),
    text({ key: 'body', label: 'body', path: ['run', 'http', 'body'], kind: 'area' }),
  ],
}

/** The fields that a document shows. */
export function fieldGroups(document: Document, isNew: boolean): readonly FieldGroup[] {
  const name = text({
    key: 'name',
    label: 'name',
    path: ['name'],
    placeholder: 'ops.rotate-logs',
    hint: 'a-z, 0-9, _ and -; dots make namespaces; it cannot be changed later',
  })
  const about = text({ key: 'description', label: 'for people', path: ['description'] })
  return [
    {
      title: 'What',
      fields: [...(isNew ? [name] : []), about, ...(runFields[runKindOf(document)] ?? [])],
    },
    { title: 'When', fields: whenFields },
    { title: 'Where', fields: whereFields },
    { title: 'How hard', fields: howFields },
  ]
}

const whenFields: readonly Field[] = [
  text({
    key: 'schedule',
    label: 'schedule',
    path: ['schedule'],
    kind: 'area',
    placeholder: '30 2 * * *',
    hint: '5 to 7 fields, H, @every 90s, @at …, @daily, @manually; one per line',
    ...lines,
  }),
  text({ key: 'timezone', label: 'time zone', path: ['timezone'], placeholder: 'Europe/Berlin' }),
  choice({
    key: 'dst',
    label: 'when clocks change',
    path: ['dst'],
    choices: ['', 'cron', 'skip', 'strict'],
  }),
  text({ key: 'jitter', label: 'spread', path: ['jitter'], placeholder: '30s' }),
]

const whereFields: readonly Field[] = [
  text({
    key: 'tags',
    label: 'tags',
    path: ['placement', 'tags'],
    kind: 'area',
    placeholder: 'site=field',
    hint: 'all must match; one per line',
    ...pairs,
  }),
  text({
    key: 'where',
    label: 'only where',
    path: ['placement', 'where'],
    placeholder: 'arch == "arm64"',
    hint: 'what a node tells of itself',
  }),
  {
    key: 'every',
    label: 'on every matching node',
    path: ['placement', 'every'],
    kind: 'check',
    read: (value) => (value === true ? 'true' : ''),
    write: (given) => (given === 'true' ? true : undefined),
  },
]

const howFields: readonly Field[] = [
  text({ key: 'timeout', label: 'longest run', path: ['timeout'], placeholder: '10m' }),
  choice({
    key: 'overlap',
    label: 'while it still runs',
    path: ['overlap'],
    choices: ['', 'skip', 'allow', 'queue-one', 'queue-all', 'cancel-other', 'kill-other'],
  }),
  choice({
    key: 'misfire',
    label: 'late ticks',
    path: ['misfire', 'policy'],
    choices: ['', 'latest', 'skip'],
  }),
  text({
    key: 'deadline',
    label: 'latest start',
    path: ['misfire', 'deadline'],
    placeholder: '30m',
  }),
  text({
    key: 'retries',
    label: 'try again',
    path: ['retry', 'max'],
    placeholder: '0',
    write: writeNumber,
  }),
  text({ key: 'base', label: 'first wait', path: ['retry', 'base'], placeholder: '5s' }),
  choice({
    key: 'retryWhere',
    label: 'try again on',
    path: ['retry', 'where'],
    choices: ['', 'other', 'same', 'any'],
  }),
  text({ key: 'env', label: 'environment', path: ['env'], kind: 'area', ...pairs }),
]

/** The value at a path; undefined where there is none. */
export function valueAt(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Document)[key] : undefined,
    document,
  )
}
