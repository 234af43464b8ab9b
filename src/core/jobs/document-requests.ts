// The executors that send something over the network: HTTP requests and MQTT messages.

import { limits } from '../limits.ts'
import type { Run } from './definition.ts'
import { map, own, plainMap, set } from './shape-collection.ts'
import { jsonMap } from './shape-json.ts'
import { type Advice, field, record } from './shape-record.ts'
import { bad, flag, integer, nullable, refine, type Shape, text } from './shape.ts'

type Variant<K extends Run['kind']> = Omit<Extract<Run, { readonly kind: K }>, 'kind' | 'profile'>

const method = text({
  name: 'an HTTP method',
  hint: 'write it in capitals: GET, POST, PUT',
  max: 32,
  pattern: '^[A-Z]+$',
})

/** A URL of one of two schemes, the second one with TLS; passwords have fields of their own. */
export function url(plainScheme: 'http' | 'mqtt', passwordHint: string): Shape<string> {
  const letters = { http: '[Hh][Tt][Tt][Pp]', mqtt: '[Mm][Qq][Tt][Tt]' }[plainScheme]
  return refine(
    text({
      name: `an ${plainScheme} or ${plainScheme}s URL`,
      hint: `write ${plainScheme}://host or ${plainScheme}s://host`,
      max: 8_192,
      pattern: `^${letters}[Ss]?://[^\\s\\u0000]+$`,
    }),
    (value, path) => {
      const parsed = URL.parse(value)
      if (parsed === null || parsed.hostname === '') {
        const shown = JSON.stringify(value.slice(0, 80))
        return bad(path, `${shown} is not a URL`, 'check host and port')
      }
      return parsed.username !== '' || parsed.password !== ''
        ? bad(path, 'a URL must not hold a password', passwordHint)
        : undefined
    },
  )
}

const headerValue = text({
  name: 'a header value',
  hint: 'use one line of printable characters',
  max: 8_192,
  pattern: '^[\\t\\u0020-\\u007e\\u0080-\\u00ff]*$',
})

/** Names and values of an HTTP request. */
export const headers: Shape<Readonly<Record<string, string>>> = refine(
  map(headerValue, {
    name: 'a header name',
    keyPattern: "^[A-Za-z0-9!#$%&'*+.^_`|~\\-]{1,256}$",
    keyHint: 'use letters, digits and dashes',
    max: 64,
  }),
  (value, path) => {
    const names = Object.keys(value)
    const twin = names.find((name, i) =>
      names.some((other, j) => j < i && other.toLowerCase() === name.toLowerCase()),
    )
    return twin === undefined
      ? undefined
      : bad(
          `${path}.${twin}`,
          'the header is there twice',
          'capitals do not matter in header names',
        )
  },
)

const body = text({ name: 'a body', hint: 'write it as a text', max: limits.intentBytesMax })

const statuses = set(
  integer(100, 599),
  { min: 0, max: 64, hint: 'write expect: [200, 204]', single: true },
  (a, b) => a - b,
)

const phrase = text({ name: 'a text', hint: 'write it as a text', min: 1, max: 4_096 })

/** Compiled only where it is written: a later engine may know more than ours. */
const pattern: Shape<string> = {
  ...phrase,
  parse: (value, path) => {
    const read = phrase.parse(value, path)
    if (!read.ok) return read
    try {
      RegExp(read.value, 'u')
      return read
    } catch (error) {
      const why = (error as Error).message.replace(/^Invalid regular expression: /, '')
      return bad(path, `is no regular expression: ${why.slice(0, 200)}`, 'use contains: for a text')
    }
  },
}

/** Keys are JSON pointers (RFC 6901), values what must stand there. */
const pointers = refine(jsonMap, (value, path) => {
  const wrong = Object.keys(JSON.parse(value) as object).find(
    (key) => !/^(?:\/(?:[^~/]|~[01])*)*$/.test(key),
  )
  return wrong === undefined
    ? undefined
    : bad(path, `${JSON.stringify(wrong.slice(0, 80))} is no JSON pointer`, 'write /status: ok')
})

const expectAdvice: Advice = {
  'expect.body': 'write expect: { contains: "…" }, { matches: "…" } or { json: { /status: ok } }',
  'expect.code': 'did you mean "status"?',
  'expect.codes': 'did you mean "status"?',
}

const httpFields = record<Variant<'http'>>(
  {
    method: field('method', method, 'HTTP method', 'GET'),
    url: field('url', url('http', 'use headers: { Authorization: … }'), 'where to send it'),
    headers: field('headers', headers, 'request headers', {}),
    body: field('body', body, 'request body', ''),
    expect: field('expect.status', statuses, 'statuses of success; none means 200 to 299', []),
    expectContains: field('expect.contains', nullable(phrase), 'text in the answer', null),
    expectMatches: field('expect.matches', nullable(pattern), 'pattern in the answer', null),
    expectJson: field('expect.json', nullable(pointers), 'JSON pointers and their values', null),
  },
  expectAdvice,
)

const httpSchema = httpFields.schema as { readonly properties: Readonly<Record<string, object>> }

/** An HTTP request; `expect: [200]` is short for `expect: { status: [200] }`. */
const shortHttp: Shape<Variant<'http'>> = {
  ...httpFields,
  parse: (value, path) => {
    const document = plainMap(value)
    const expect = document === undefined ? undefined : own(document, 'expect')
    if (!Array.isArray(expect) && typeof expect !== 'number') return httpFields.parse(value, path)
    const status = statuses.parse(expect, `${path}.expect`)
    return status.ok ? httpFields.parse({ ...document, expect: { status: expect } }, path) : status
  },
  print: (value) => {
    const document = httpFields.print(value) as Record<string, unknown>
    const expect = plainMap(document['expect'])
    const isShort = expect !== undefined && Object.keys(expect).join() === 'status'
    return isShort ? { ...document, expect: expect['status'] } : document
  },
  schema: {
    ...httpSchema,
    properties: {
      ...httpSchema.properties,
      expect: { anyOf: [statuses.schema, httpSchema.properties['expect']] },
    },
  },
}

/** An HTTP request. */
export const http: Shape<Variant<'http'>> = refine(shortHttp, (value, path) =>
  value.body !== '' && (value.method === 'GET' || value.method === 'HEAD')
    ? bad(`${path}.body`, `${value.method} sends no body`, 'set method: POST')
    : undefined,
)

/** Where a message is published. */
export const topic: Shape<string> = text({
  name: 'a topic',
  hint: 'write levels with / between them; + and # are for subscriptions only',
  min: 1,
  max: 1_024,
  pattern: '^[^+#\\u0000-\\u001f]+$',
})

/** Quality of service. */
export const qos: Shape<0 | 1 | 2> = integer(0, 2) as Shape<0 | 1 | 2>

/** A user name or a password. */
export const credential: Shape<string> = text({
  name: 'a text',
  hint: 'write it as a text',
  max: 1_024,
})

/** One message to an MQTT broker. */
export const mqtt: Shape<Variant<'mqtt'>> = refine(
  record<Variant<'mqtt'>>(
    {
      url: field('url', url('mqtt', 'use username: … and password: …'), 'the broker'),
      topic: field('topic', topic, 'where to publish'),
      payload: field('payload', body, 'the message', ''),
      qos: field('qos', qos, '0: sent, 1: acknowledged, 2: acknowledged once', 1),
      retain: field('retain', flag, 'the broker keeps it for later subscribers', false),
      username: field('username', credential, 'who we are at the broker', ''),
      password: field('password', credential, 'proof of it', ''),
    },
    {
      broker: 'write url: mqtt://host:1883',
      host: 'write url: mqtt://host:1883',
      message: 'did you mean "payload"?',
      body: 'did you mean "payload"?',
      user: 'did you mean "username"?',
    },
  ),
  (value, path) =>
    value.password !== '' && value.username === ''
      ? bad(`${path}.password`, 'stands without a username', 'add username: …')
      : undefined,
)
