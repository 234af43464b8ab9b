/**
 * What leaves a machine in a support archive, without what opens it. Fields that hold secrets by their
 * nature are blanked, known secrets wherever they stand, and what looks like one in a text. Commands and
 * scripts stay readable: a password that is nothing but a word of one is not seen.
 */

export const blank = '[redacted]'

/** Under these keys every value is blanked, and its name stays. */
const maps = new Set(['env', 'headers', 'config'])
const fields = /^(password|passphrase|body|payload|token|secret|secrets|authorization|username)$/i
const looks: readonly (readonly [RegExp, string])[] = [
  [/\b(?:mct_|mc1:)[\w.+/=-]{8,}/g, blank],
  [/-----BEGIN [A-Z ]+-----[^]*?-----END [A-Z ]+-----/g, blank],
  [/\bAGE-SECRET-KEY-1[0-9A-Z]+/g, blank],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${blank}`],
  [/(:\/\/)[^\s/@:]*:[^\s/@]+@/g, `$1${blank}@`],
  [/([?&][\w.-]+=)[^\s&#"']+/g, `$1${blank}`],
  [
    /((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|credentials?)[\w-]*(?:\s*[=:]\s*|\s+))("[^"]*"|'[^']*'|[^\s"'&;|)]+)/gi,
    `$1${blank}`,
  ],
  [/\b[0-9a-f]{64,}\b/gi, blank],
]

/** Shorter ones would blank ordinary words. */
const shortestSecret = 6

/** The value without secrets; `known` are those of this machine. */
export function redact(value: unknown, known: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, known)
  if (Array.isArray(value)) return redactWords(value, known)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    if (maps.has(key) && typeof inner === 'object' && inner !== null) return [key, blanked(inner)]
    if (fields.test(key) && inner !== null) return [key, blank]
    return [key, redact(inner, known)]
  })
  return Object.fromEntries(entries) as unknown
}

/** Names stay, values go; `config` of a plugin may be a map in a map. */
function blanked(value: object): object {
  return Object.fromEntries(Object.keys(value).map((key) => [key, blank]))
}

const secretFlag =
  /^--?(?:[\w-]*-)?(?:p|pw|pass(?:word|wd|phrase)?|secret|token|(?:api|access)-?key|u|user)$/i

/** In a list of arguments the word behind `--password` is one. */
function redactWords(words: readonly unknown[], known: readonly string[]): readonly unknown[] {
  return words.map((word, i) => {
    const before = words[i - 1]
    const isSecret =
      typeof before === 'string' && secretFlag.test(before) && typeof word === 'string'
    return isSecret ? blank : redact(word, known)
  })
}

/** A text without known secrets and what looks like one. */
export function redactText(text: string, known: readonly string[]): string {
  const forms = known
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ])
  const without = forms.reduce((rest, form) => rest.replaceAll(form, blank), text)
  return looks.reduce((rest, [pattern, by]) => rest.replaceAll(pattern, by), without)
}
