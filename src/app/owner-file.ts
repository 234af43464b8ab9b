// A file of this machine's owner: YAML that nobody else than root and the daemon may write, with the
// line of each place.

import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { ok, refuse, type Result } from '../core/result.ts'

export interface OwnerFile {
  readonly value: unknown
  /** Line of a place such as `profiles.backup.jobs`, or of what is around it; 1 when it is not there. */
  readonly lineOf: (at: string) => number
}

const bytesMax = 65_536

/** The content of the file; undefined when there is none. */
export function readOwnerFile(path: string): Result<OwnerFile | undefined> {
  try {
    const insecure = insecurity(path)
    if (insecure !== undefined)
      return refuse('MC_BAD_CONFIG', `${path}: ${insecure}`, ownHint(path))
    const text = readFileSync(path, 'utf8')
    if (text.length <= bytesMax) return parse(text, path)
    return refuse('MC_BAD_CONFIG', `${path} is larger than 64 KiB`, 'keep it short')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ok(undefined)
    return refuse('MC_BAD_CONFIG', `${path} cannot be read (${code})`, 'check its rights')
  }
}

/** The refusal of a value, with the line that it stands in. */
export function refusedIn(
  path: string,
  { lineOf }: OwnerFile,
  { message, hint }: { readonly message: string; readonly hint: string },
): Result<never> {
  const line = lineOf(message.slice(0, message.indexOf(':')))
  return refuse('MC_BAD_CONFIG', `${path}:${line}: ${message}`, hint)
}

const ownHint = (path: string): string =>
  `run chown root ${path} or make it the daemon's own, and chmod go-w ${path} ${dirname(path)}`

/** Who else than root and the daemon could change the file; undefined: nobody. */
function insecurity(path: string): string | undefined {
  const own = [0, process.getuid?.() ?? 0]
  for (const one of [path, dirname(path)]) {
    const { uid, mode } = statSync(one)
    if (!own.includes(uid)) return `${one} belongs to another user`
    const isSticky = (mode & 0o1000) !== 0
    if ((mode & 0o022) !== 0 && !(isSticky && one !== path)) return `others may write ${one}`
  }
  return undefined
}

function parse(text: string, path: string): Result<OwnerFile> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const [problem] = document.errors
  if (problem !== undefined) {
    const [what] = problem.message.split(/ at line|\n/)
    const { line } = lines.linePos(problem.pos[0])
    return refuse('MC_BAD_CONFIG', `${path}:${line}: ${what}`, 'correct the YAML of this line')
  }
  const lineOf = (at: string): number => {
    for (let steps = at.split(/[.[\]]+/); steps.length > 0; steps = steps.slice(0, -1)) {
      const node = document.getIn(steps, true)
      if (isNode(node) && node.range !== undefined && node.range !== null)
        return lines.linePos(node.range[0]).line
    }
    return 1
  }
  return ok({ value: document.toJS({ maxAliasCount: 100 }) as unknown, lineOf })
}
