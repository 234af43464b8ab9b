// The two executors that Dkron brings along, shell and http, in the words of a job document.

import { formatSize } from '../../core/jobs/shape-size.ts'
import { shellWord } from './translation.ts'
import { splitWords } from './unit-file.ts'

export interface Executed {
  readonly fields: Readonly<Record<string, unknown>>
  readonly differences: readonly string[]
}

/** Reads a key of `executor_config`; an absent one is empty. */
type Read = (key: string) => string

const truthy = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])

export function shellOf(read: Read): Executed | { readonly why: string } {
  const command = read('command')
  if (command.trim() === '') return { why: 'its shell executor has no command' }
  const isShell = truthy.has(read('shell'))
  const argv = splitWords(command)
  const [folder, payload, user] = [read('cwd'), read('payload'), read('su')]
  const isPlain = folder === '' && payload === ''
  const line = isShell ? command : argv.map(shellWord).join(' ')
  const inFolder = folder === '' ? line : `cd ${shellWord(folder)} && {\n${line}\n}`
  const script =
    payload === '' ? inFolder : `printf %s ${shellWord(payload)} | base64 -d | (\n${inFolder}\n)`
  const env = Object.fromEntries(
    read('env')
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1)]),
  ) as Readonly<Record<string, string>>
  const memory = memoryOf(read('mem_limit'))
  const timeout = read('timeout')
  return {
    fields: {
      run: isPlain && !isShell ? { exec: argv } : { shell: script },
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(timeout === '' ? {} : { timeout }),
      ...(memory === undefined ? {} : { memory }),
    },
    differences: [
      ...(user === '' ? [] : [`it ran as ${user}; here it runs as the user of the node`]),
      ...(payload === '' ? [] : ['its payload is piped into it']),
    ],
  }
}

/** `64MB`, `64M` or bytes, with powers of 1024. */
function memoryOf(text: string): string | undefined {
  const match = /^(\d+)([KMGT]?)B?$/i.exec(text.trim())
  if (match === null) return undefined
  const power = match[2] === '' ? 0 : ' KMGT'.indexOf(match[2]!.toUpperCase())
  return formatSize(Number(match[1]) * 1_024 ** power)
}

const tlsKeys = [
  'tlsNoVerifyPeer',
  'tlsCertificateFile',
  'tlsCertificateKeyFile',
  'tlsRootCAsFile',
] as const

export function httpOf(read: Read): Executed | { readonly why: string } {
  const [url, method] = [read('url'), read('method')]
  if (url === '' || method === '') return { why: 'its http executor has no url or no method' }
  const headers = headersOf(read('headers'))
  const codes = read('expectCode')
    .split(',')
    .filter((code) => code.trim() !== '')
    .map(Number)
  const pattern = read('expectBody')
  const expect = {
    // without codes every answer is a success in Dkron
    ...(codes.length === 0 ? {} : { status: codes }),
    ...(pattern === '' ? {} : { matches: pattern }),
  }
  const seconds = Number(read('timeout') || '30')
  const tls = tlsKeys.filter((key) => read(key) !== '')
  return {
    fields: {
      run: {
        http: {
          method: method.toUpperCase(),
          url,
          ...(headers === undefined || Object.keys(headers).length === 0 ? {} : { headers }),
          ...(read('body') === '' ? {} : { body: read('body') }),
          ...(Object.keys(expect).length === 0 ? {} : { expect }),
        },
      },
      timeout: `${seconds > 0 ? seconds : 30}s`,
    },
    differences: [
      ...(headers === undefined ? ['its headers are no list of texts and are left out'] : []),
      ...(codes.length === 0 ? ['only statuses 200 to 299 are a success'] : []),
      ...(tls.length === 0 ? [] : [`not carried over: ${tls.join(', ')}`]),
    ],
  }
}

/** A JSON list of `K: V`, cut at the first colon; undefined for anything else. */
function headersOf(text: string): Readonly<Record<string, string>> | undefined {
  if (text === '') return {}
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list)) return undefined
    const pairs = list.map(String).map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const
    })
    return Object.fromEntries(pairs.filter(([key]) => key !== ''))
  } catch {
    return undefined
  }
}
