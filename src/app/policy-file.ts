// Where the owner's policy comes from: a file of this machine that nobody else may write. Without one
// nothing is allowed.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllowed } from './config-value.ts'
import { readOwnerFile, refusedIn, type OwnerFile } from './owner-file.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { parsePolicy } from '../core/trust/policy-document.ts'
import { closedPolicy, type Denial, type Policy, type Profile } from '../core/trust/policy.ts'

/** Its name in the data directory. */
export const policyFileName = 'policy.yaml'
const systemFile = '/etc/meshcron/policy.yaml'

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
  const file = readOwnerFile(path)
  if (!file.ok) return file
  if (file.value !== undefined) return parse(file.value, path, lackOf)
  return ok({ policy: closedPolicy, path: undefined, lineOf: () => 1 })
}

/** A denial with its line and what to write there. */
export function whereDenied({ path, lineOf }: OwnPolicy, { at, why, add }: Denial): string {
  return path === undefined
    ? 'it has no policy.yaml, so it runs nothing: write one, docs/operate/security.md shows how'
    : `${path}:${lineOf(at)}: ${at} ${why}; ${add} there, and send SIGHUP to the daemon`
}

function parse(file: OwnerFile, path: string, lackOf: LackOf): Result<OwnPolicy> {
  const { lineOf } = file
  const read = parsePolicy(file.value)
  if (!read.ok) return refusedIn(path, file, read.refusal)
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
