// notify.yaml in the data directory: the channels of this node, with their addresses and secrets, and
// rules of its owner for all jobs and for the fleet. A file of its own, because a channel may run a
// program and holds secrets: nobody else may write it.

import { join } from 'node:path'
import { channelName, rule } from '../core/jobs/document-notify.ts'
import { credential, headers, qos, topic, url } from '../core/jobs/document-requests.ts'
import { list, plainMap } from '../core/jobs/shape-collection.ts'
import { checkKeys, field, parseFields, record } from '../core/jobs/shape-record.ts'
import {
  bad,
  choice,
  flag,
  integer,
  nullable,
  refine,
  type Shape,
  text,
} from '../core/jobs/shape.ts'
import { limits } from '../core/limits.ts'
import { fleetEvents, jobEvents, type NotifyRule } from '../core/notify/rule.ts'
import { ok, type Result } from '../core/result.ts'
import { didYouMean } from '../core/suggest.ts'
import { partNames, type Channel } from '../ports/notifier.ts'
import { readOwnerFile, refusedIn } from './owner-file.ts'

/** Its name in the data directory. */
export const notifyFileName = 'notify.yaml'

export interface NotifyConfig {
  readonly channels: Readonly<Record<string, Channel>>
  /** For all jobs, and for what concerns the fleet. */
  readonly rules: readonly NotifyRule[]
  /** Where people reach the dashboard of some node; empty: messages have no link. */
  readonly link: string
}

type Of<K extends Channel['kind']> = Omit<Extract<Channel, { kind: K }>, 'kind'>

const none: NotifyConfig = { channels: {}, rules: [], link: '' }

/** Reads the channels; no file: there are none. */
export function readNotifyConfig(dataDir: string): Result<NotifyConfig> {
  const path = join(dataDir, notifyFileName)
  const file = readOwnerFile(path)
  if (!file.ok) return file
  if (file.value === undefined || file.value.value === null) return ok(none)
  const read = parseNotifyConfig(file.value.value)
  return read.ok ? read : refusedIn(path, file.value, read.refusal)
}

/** The content of the file. */
export function parseNotifyConfig(document: unknown): Result<NotifyConfig> {
  const keys = checkKeys(fields, document, '', { notify: 'did you mean "rules"?' })
  if (!keys.ok) return keys
  const read = parseFields(fields, keys.value, '')
  if (!read.ok) return read
  const names = Object.keys(read.value.channels)
  for (const [i, { via }] of read.value.rules.entries()) {
    if (names.includes(via)) continue
    const hint = didYouMean(via, names, `channels: ${names.join(', ')}`)
    return bad(`rules[${i}].via`, `there is no channel ${via} in this file`, hint)
  }
  return read
}

const plainUrl = url('http', 'use headers: { Authorization: … }')
const allowPrivate = field('allowPrivate', flag, 'it may be in a private network', false)
const word = text({ name: 'a text', hint: 'write it as a text', min: 1, max: 4_096 })

const template = refine(
  text({ name: 'a template', hint: 'write a text with {{names}}', min: 1, max: 16_384 }),
  (value, path) => {
    const used = [...value.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name!)
    const unknown = used.find((name) => !partNames.includes(name))
    if (unknown === undefined) return undefined
    const hint = didYouMean(unknown, partNames, `use ${partNames.join(', ')}`)
    return bad(path, `{{${unknown}}} is no part of a message`, hint)
  },
)

const webhook = record<Of<'webhook'>>({
  url: field('url', plainUrl, 'where to POST'),
  headers: field('headers', headers, 'request headers', {}),
  template: field('template', nullable(template), 'body with {{names}}; absent: JSON', null),
  secret: field('secret', nullable(credential), 'key of the signature', null),
  allowPrivate,
})

const ping = record<Of<'ping'>>({ url: field('url', plainUrl, 'where to POST'), allowPrivate })

const address = text({
  name: 'an address',
  hint: 'write NAME@HOST',
  max: 254,
  pattern: "^[A-Za-z0-9.!#$%&'*+/=?^_`\\{\\|\\}~\\-]+@[A-Za-z0-9.\\-]+$",
})

const email = refine(
  record<Of<'email'>>({
    host: field('host', word, 'the mail server'),
    port: field('port', integer(1, 65_535), 'its port', 587),
    security: field(
      'security',
      choice(['starttls', 'tls', 'none']),
      'how it is secured',
      'starttls',
    ),
    username: field('username', credential, 'who we are there', ''),
    password: field('password', credential, 'proof of it', ''),
    from: field('from', address, 'sender'),
    to: field(
      'to',
      list(address, { min: 1, max: 32, hint: 'write to: [a@b.c]', single: true }),
      'receivers',
    ),
  }),
  ({ security, username }, path) =>
    security === 'none' && username !== ''
      ? bad(`${path}.security`, 'none would send the password in the clear', 'use starttls or tls')
      : undefined,
)

const mqtt = record<Of<'mqtt'>>({
  url: field('url', url('mqtt', 'use username: … and password: …'), 'the broker'),
  topic: field('topic', topic, 'where to publish'),
  qos: field('qos', qos, '0: sent, 1: acknowledged, 2: acknowledged once', 1),
  retain: field('retain', flag, 'the broker keeps it', false),
  username: field('username', credential, 'who we are at the broker', ''),
  password: field('password', credential, 'proof of it', ''),
  allowPrivate,
})

const argv = list(word, { min: 1, max: 64, hint: 'write exec: [program, argument, …]' })

type Parse = (value: unknown, path: string) => Result<Channel>

const parsers: Readonly<Record<Channel['kind'], Parse>> = {
  webhook: (value, path) => made('webhook', webhook.parse(short(value), path)),
  ping: (value, path) => made('ping', ping.parse(short(value), path)),
  email: (value, path) => made('email', email.parse(value, path)),
  mqtt: (value, path) => made('mqtt', mqtt.parse(value, path)),
  exec: (value, path) => {
    const read = argv.parse(value, path)
    return read.ok ? ok({ kind: 'exec', argv: read.value }) : read
  },
}

/** A URL alone is short for a map with it. */
const short = (value: unknown): unknown => (typeof value === 'string' ? { url: value } : value)

const made = <K extends Channel['kind']>(kind: K, read: Result<Of<K>>): Result<Channel> =>
  read.ok ? ok({ kind, ...read.value } as unknown as Channel) : read

function parseChannel(value: unknown, path: string): Result<Channel> {
  const kinds = Object.keys(parsers)
  const hint = `write exactly one of ${kinds.join(', ')}`
  const map = plainMap(value)
  const [kind, ...more] = Object.keys(map ?? {})
  if (map === undefined || kind === undefined || more.length > 0) {
    return bad(path, 'says not what the channel is', hint)
  }
  if (!Object.hasOwn(parsers, kind)) {
    return bad(`${path}.${kind}`, 'unknown kind', didYouMean(kind, kinds, hint))
  }
  return parsers[kind as Channel['kind']](map[kind], `${path}.${kind}`)
}

const channels: Pick<Shape<NotifyConfig['channels']>, 'parse'> = {
  parse: (value, path) => {
    const map = plainMap(value)
    if (map === undefined)
      return bad(path, 'wants a map', 'write channels: { ops: { webhook: … } }')
    const entries = Object.entries(map)
    if (entries.length > limits.channelsMax) {
      return bad(path, `has more than ${limits.channelsMax} entries`, 'use fewer')
    }
    const found: [string, Channel][] = []
    for (const [name, one] of entries) {
      const named = channelName.parse(name, `${path}.${name}`)
      if (!named.ok) return named
      const read = parseChannel(one, `${path}.${name}`)
      if (!read.ok) return read
      found.push([name, read.value])
    }
    return ok(Object.fromEntries(found))
  },
}

/** The file is read and never written, so of its shapes only the reading counts. */
const asShape = <T>({ parse }: Pick<Shape<T>, 'parse'>): Shape<T> => ({
  parse,
  check: parse,
  print: (value) => value,
  schema: {},
})

const rules = list(rule([...jobEvents, ...fleetEvents]), {
  min: 0,
  max: limits.notifyRulesMax,
  hint: 'write rules: [{ on: [member-down], via: ops }]',
})

const fields = {
  channels: field('channels', asShape(channels), 'the channels by name', {}),
  link: field('link', plainUrl, 'where people reach a dashboard', ''),
  rules: field('rules', rules, 'what is told of all jobs and of the fleet', []),
}
