// Which program a job starts, as far as its document says.

const builtIns = new Set(
  ['cd', 'echo', 'exit', 'export', 'for', 'if', 'printf', 'read', 'set', 'test', 'true', 'false']
    .concat(['while', 'case', 'umask', 'ulimit', 'trap', 'wait', 'exec', 'eval', 'until', ':', '.'])
    .concat(['[', '{', '(', '!', 'command', 'unset', 'local', 'return', 'shift', 'then', 'do']),
)

/** The program of `exec`, or the first word of a script; undefined where none is named. */
export function programOf(document: Readonly<Record<string, unknown>>): string | undefined {
  const { exec, shell } = (document['run'] ?? {}) as {
    readonly exec?: readonly string[]
    readonly shell?: string
  }
  if (exec !== undefined) return exec[0]?.includes('{') === true ? undefined : exec[0]
  const [line = ''] = (shell ?? '').split('\n').filter((one) => !/^\s*(#|$)/.test(one))
  const words = line.trim().split(/\s+/)
  const first = words.find((word) => !/^[A-Za-z_]\w*=/.test(word)) ?? ''
  return /^[\w./+-]+$/.test(first) && !builtIns.has(first) ? first : undefined
}
