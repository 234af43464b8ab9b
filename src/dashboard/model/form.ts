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
  /** The value that a text means, in the place of what was there; undefined removes the key. */
  readonly write: (text: string, before?: unknown) => unknown
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

const mapOf = (value: unknown): Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : {}

/** One key of `delivery`, which may also be a mode alone. */
function delivered(key: 'mode' | 'minority'): Pick<Field, 'read' | 'write'> {
  return {
    read: (value) =>
      typeof value === 'string' ? (key === 'mode' ? value : '') : readText(mapOf(value)[key]),
    write: (given, before) => {
      const whole = typeof before === 'string' ? { mode: before } : mapOf(before)
      const { [key]: _old, ...others } = whole
      const next = given === '' ? others : { ...others, [key]: given }
      const keys = Object.keys(next)
      if (keys.length === 0) return undefined
      return keys.join() === 'mode' ? next['mode'] : next
    },
  }
}

/** Members that vote, one per line; without any a mode needs no map. */
const roster: Pick<Field, 'read' | 'write'> = {
  read: (value) => lines.read(mapOf(value)['roster']),
  write: (given, before) => {
    const { roster: _old, ...others } =
      typeof before === 'string' ? { mode: before } : mapOf(before)
    const members = given.split('\n').filter((line) => line.trim() !== '')
    if (members.length > 0) return { mode: 'at-most-once', ...others, roster: members }
    return delivered('mode').write(readText(others['mode']), others)
  },
}

/** `backup` or `backup: failure`, one per line. */
const edges: Pick<Field, 'read' | 'write'> = {
  read: (value) =>
    (Array.isArray(value) ? value : [])
      .map(mapOf)
      .map(({ job, on }) => `${readText(job)}${on === undefined ? '' : `: ${readText(on)}`}`)
      .join('\n'),
  write: (given) => {
    const entries = given.split('\n').filter((line) => line.trim() !== '')
    if (entries.length === 0) return undefined
    return entries.map((line) => {
      const [job = '', on = ''] = line.split(':').map((part) => part.trim())
      return on === '' ? { job } : { job, on }
    })
  },
}

/** `name=default` or `name`, one per line; patterns and the like stay as they were. */
const params: Pick<Field, 'read' | 'write'> = {
  read: (value) =>
    Object.entries(mapOf(value))
      .map(([name, one]) => {
        const { default: usual } = mapOf(one)
        return usual === undefined ? name : `${name}=${readText(usual)}`
      })
      .join('\n'),
  write: (given, before) => {
    const entries = given
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const [name = '', usual] = line.split(/=(.*)/s)
        const { default: _old, ...others } = mapOf(mapOf(before)[name.trim()])
        return [name.trim(), usual === undefined ? others : { ...others, default: usual }] as const
      })
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  },
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
  text({
    key: 'after',
    label: 'after other jobs',
    path: ['after'],
    kind: 'area',
    placeholder: 'backup: success',
    hint: 'instead of a schedule; success, failure, complete or missed; one per line',
    ...edges,
  }),
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
  text({
    key: 'count',
    label: 'on so many nodes',
    path: ['placement', 'count'],
    placeholder: '1',
    write: writeNumber,
  }),
  text({
    key: 'shards',
    label: 'in so many parts',
    path: ['placement', 'shards'],
    hint: 'several may share a node',
    write: writeNumber,
  }),
]

const howFields: readonly Field[] = [
  choice({
    key: 'delivery',
    label: 'promise',
    path: ['delivery'],
    choices: ['', 'at-least-once', 'at-most-once'],
    ...delivered('mode'),
  }),
  text({
    key: 'roster',
    label: 'who votes',
    path: ['delivery'],
    kind: 'area',
    hint: 'at most once needs 3 or 5 members, one per line',
    ...roster,
  }),
  choice({
    key: 'minority',
    label: 'on the smaller side of a split',
    path: ['delivery'],
    choices: ['', 'run', 'hold'],
    ...delivered('minority'),
  }),
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
    choices: ['', 'latest', 'skip', 'all'],
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
  text({
    key: 'params',
    label: 'parameters',
    path: ['params'],
    kind: 'area',
    placeholder: 'target=all',
    hint: 'name, or name=default; one per line',
    ...params,
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
