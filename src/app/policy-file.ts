// Where the owner's policy comes from: a file of this machine that nobody else may write. Without one
// nothing is allowed.

import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { parseAllowed } from './config-value.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { parsePolicy } from '../core/trust/policy-document.ts'
import { closedPolicy, type Denial, type Policy, type Profile } from '../core/trust/policy.ts'

/** Its name in the data directory. */
export const policyFileName = 'policy.yaml'
const systemFile = '/etc/meshcron/policy.yaml'
const bytesMax = 65_536

/** What the first start of a node writes. */
export const quickStartPolicy = `# What the owner of this node lets the fleet run on it. It is read at start and on SIGHUP.
version: 1
executors: [exec, shell, http, mqtt, plugin] # shell: every author runs any command as this user
authors: ['*']
jobs: ['*']
profiles:
  default: { tier: auto }
`

/** A policy and where it stands. */
export interface OwnPolicy {
  readonly policy: Policy
  /** Undefined: there is no file, and nothing is allowed. */
  readonly path: string | undefined
  /** Line of a place such as `profiles.backup.jobs`, or of what is around it; 1 when it is not there. */
  readonly lineOf: (at: string) => number
}

/** Why this machine cannot keep to a profile; undefined: it can. */
export type LackOf = (profile: Profile) => string | undefined

/** Where to look. */
export interface PolicyPlaces {
  readonly policyFile: string | undefined
  readonly dataDir: string
}

/** The file that counts: the named one, else that of the system, else that of the data directory. */
export function policyPath({ policyFile, dataDir }: PolicyPlaces): string {
  if (policyFile !== undefined) return policyFile
  const isThere = statSync(systemFile, { throwIfNoEntry: false }) !== undefined
  return isThere ? systemFile : join(dataDir, policyFileName)
}

/** Reads the policy; a file that cannot be used is a refusal, none allows nothing. */
export function readPolicy(
  places: PolicyPlaces,
  lackOf: LackOf = () => undefined,
): Result<OwnPolicy> {
  const path = policyPath(places)
  try {
    const insecure = insecurity(path)
    if (insecure !== undefined)
      return refuse('MC_BAD_CONFIG', `${path}: ${insecure}`, ownHint(path))
    const text = readFileSync(path, 'utf8')
    if (text.length <= bytesMax) return parse(text, path, lackOf)
    return refuse('MC_BAD_CONFIG', `${path} is larger than 64 KiB`, 'keep it short')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ok({ policy: closedPolicy, path: undefined, lineOf: () => 1 })
    return refuse('MC_BAD_CONFIG', `${path} cannot be read (${code})`, 'check its rights')
  }
}

/** A denial with its line and what to write there. */
export function whereDenied({ path, lineOf }: OwnPolicy, { at, why, add }: Denial): string {
  return path === undefined
    ? 'it has no policy.yaml, so it runs nothing: write one, docs/operate/security.md shows how'
    : `${path}:${lineOf(at)}: ${at} ${why}; ${add} there, and send SIGHUP to the daemon`
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

function parse(text: string, path: string, lackOf: LackOf): Result<OwnPolicy> {
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
  const read = parsePolicy(document.toJS({ maxAliasCount: 100 }))
  if (!read.ok) {
    const { message, hint } = read.refusal
    const line = lineOf(message.slice(0, message.indexOf(':')))
    return refuse('MC_BAD_CONFIG', `${path}:${line}: ${message}`, hint)
  }
  for (const entry of read.value.http.allow) {
    const parsed = parseAllowed(entry)
    const line = lineOf('http.allow')
    if (!parsed.ok) return refuse('MC_BAD_CONFIG', `${path}:${line}: ${parsed.why}`, parsed.hint)
  }
  const profiles = Object.entries(read.value.profiles)
  const known = profiles.map(
    ([name, profile]) => [name, { ...profile, lack: lackOf(profile) ?? null }] as const,
  )
  return ok({ policy: { ...read.value, profiles: Object.fromEntries(known) }, path, lineOf })
}
