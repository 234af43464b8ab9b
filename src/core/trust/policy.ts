// What the owner of a node lets the fleet run on it. The policy is local: it is never gossiped and no
// API writes it. Others learn only the names of the executors and profiles that it allows, which take
// candidates away; everything else is judged here, before the claim and again before the start.

import type { JobName, MemberId } from '../ids.ts'
import { executorOf, profileOf, type Run } from '../jobs/definition.ts'

export type Tier = 'T0' | 'T1' | 'T2'

/** Under which conditions the jobs that name it run. */
export interface Profile {
  /** Programs that may be run, by their resolved path; empty: any. */
  readonly paths: readonly string[]
  /** Name of the account; null: the daemon's own. */
  readonly user: string | null
  /** The least confinement; `auto`: the best that there is. */
  readonly tier: 'auto' | Tier
  readonly timeoutMs: number | null
  readonly outputMaxBytes: number | null
  readonly memoryMaxBytes: number | null
  readonly processesMax: number | null
  /** Attempts at once. */
  readonly concurrent: number | null
  readonly network: 'host' | 'none'
  /** Names of the daemon's variables that commands get; null: the usual ones. */
  readonly env: readonly string[] | null
  readonly authors: readonly string[]
  readonly jobs: readonly string[]
  /** Why this machine cannot keep to it; such a profile is not offered. */
  readonly lack: string | null
}

export interface Policy {
  readonly version: number
  /** `exec`, `shell`, `http`, `mqtt`, `plugin` for all plugins, or `plugin:NAME`. */
  readonly executors: readonly string[]
  /** Members, or `*`. */
  readonly authors: readonly string[]
  /** Names of jobs, with `*` for any part. */
  readonly jobs: readonly string[]
  readonly profiles: Readonly<Record<string, Profile>>
  readonly http: {
    /** Empty: all. */
    readonly methods: readonly string[]
    /** Addresses, CIDRs and `host:port` beside the public ones. */
    readonly allow: readonly string[]
  }
}

/** What is to be run, and by whose word. */
export interface Asked {
  readonly job: JobName
  readonly run: Run
  /** Everybody whose writes make up the job; empty: not known. */
  readonly authors: readonly MemberId[]
}

/** Why it is not allowed. */
export interface Denial {
  /** Place in the file: `profiles.backup.jobs`. */
  readonly at: string
  readonly why: string
  /** What the owner would write there. */
  readonly add: string
}

export const plainProfile: Profile = {
  paths: [],
  user: null,
  tier: 'auto',
  timeoutMs: null,
  outputMaxBytes: null,
  memoryMaxBytes: null,
  processesMax: null,
  concurrent: null,
  network: 'host',
  env: null,
  authors: ['*'],
  jobs: ['*'],
  lack: null,
}

/** Allows everything that the node can do. */
export const openPolicy: Policy = {
  version: 1,
  executors: ['exec', 'shell', 'http', 'mqtt', 'plugin'],
  authors: ['*'],
  jobs: ['*'],
  profiles: { default: plainProfile },
  http: { methods: [], allow: [] },
}

/** Allows nothing: what holds without a file. */
export const closedPolicy: Policy = { ...openPolicy, executors: [], profiles: {} }

/** The first rule that does not allow it; undefined: it may run. */
export function denialOf(policy: Policy, asked: Asked): Denial | undefined {
  const { run, job } = asked
  if (!allowsExecutor(policy, executorOf(run))) {
    return deny('executors', `has no ${executorOf(run)}`, `add ${executorOf(run)}`)
  }
  const name = profileOf(run)
  const profile = profileIn(policy, name)
  if (profile === undefined) {
    return deny('profiles', `has no profile ${name}`, `add ${name}: {} with what it allows`)
  }
  if (profile.lack !== null) {
    return deny(`profiles.${name}`, `cannot be kept to: ${profile.lack}`, 'change it')
  }
  return (
    denialBySource(policy, asked, '') ??
    denialBySource(profile, asked, `profiles.${name}.`) ??
    denialByContent(policy, profile, asked) ??
    (run.kind === 'exec' && !allowsPath(profile, run.argv[0]!)
      ? denyPath(name, job, run.argv[0]!)
      : undefined)
  )
}

/** What a profile asks for and no machine can keep to, because this version does not know how. */
export function lackOfVersion({ tier, network, processesMax }: Profile): string | undefined {
  if (tier === 'T1' || tier === 'T2') return `this version confines no command to ${tier}`
  if (network === 'none') return 'this version cannot take the network from a command'
  if (processesMax !== null) return 'this version cannot bound the processes of a command'
  return undefined
}

/** The profile that a job names. */
export const profileIn = ({ profiles }: Policy, name: string): Profile | undefined =>
  Object.hasOwn(profiles, name) ? profiles[name] : undefined

/** Whether a profile lets a program be run that lies there. */
export const allowsPath = ({ paths }: Profile, path: string): boolean =>
  paths.length === 0 || paths.some((pattern) => matchesGlob(pattern, path, '/'))

export const denyPath = (profile: string, job: JobName, path: string): Denial =>
  deny(`profiles.${profile}.paths`, `does not hold ${path}, which ${job} runs`, `add ${path}`)

/** What a node tells others: names only. */
export function offerOf(
  policy: Policy,
  able: readonly string[],
): { readonly executors: readonly string[]; readonly profiles: readonly string[] } {
  return {
    executors: able.filter((executor) => allowsExecutor(policy, executor)),
    profiles: Object.keys(policy.profiles).filter((name) => policy.profiles[name]!.lack === null),
  }
}

/** What a node says of itself, with what its owner leaves of it. */
export const offered = <S extends { readonly executors: readonly string[] }>(init: {
  readonly self: S
  readonly policy: Policy
}): S & ReturnType<typeof offerOf> => ({
  ...init.self,
  ...offerOf(init.policy, init.self.executors),
})

/** Whether the policy lets an executor be used; `plugin` stands for all of them. */
const allowsExecutor = ({ executors }: Policy, executor: string): boolean =>
  executors.includes(executor) || executors.includes(executor.replace(/:.*$/, ''))

function denialBySource(
  { authors, jobs }: Pick<Policy, 'authors' | 'jobs'>,
  asked: Asked,
  at: string,
): Denial | undefined {
  if (!jobs.some((pattern) => matchesGlob(pattern, asked.job))) {
    return deny(`${at}jobs`, `does not hold ${asked.job}`, `add ${asked.job}`)
  }
  const stranger = authors.includes('*')
    ? undefined
    : asked.authors.find((author) => !authors.includes(author))
  return stranger === undefined
    ? undefined
    : deny(`${at}authors`, `does not hold ${stranger}, who wrote ${asked.job}`, `add ${stranger}`)
}

function denialByContent({ http }: Policy, profile: Profile, { run }: Asked): Denial | undefined {
  if (run.kind === 'http') {
    const isFree = http.methods.length === 0 || http.methods.includes(run.method)
    return isFree ? undefined : deny('http.methods', `has no ${run.method}`, `add ${run.method}`)
  }
  if (profile.paths.length === 0 || run.kind === 'exec' || run.kind === 'mqtt') return undefined
  const at = `profiles.${profileOf(run)}.paths`
  return deny(at, `names programs, and ${run.kind} runs any`, 'use exec in the job')
}

const deny = (at: string, why: string, add: string): Denial => ({ at, why, add })

/** A denial as others hear it, without paths of this machine. */
export const denialText = ({ at, why }: Denial): string =>
  `its owner's policy does not allow it: ${at} ${why}`

/** Whether `*` in a pattern, for any part without the separator, makes it the text. */
export function matchesGlob(pattern: string, text: string, separator?: string): boolean {
  // the place after the last star, and how much of the text that star has taken so far
  let star = -1
  let taken = 0
  let p = 0
  let t = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p += 1
      taken = t
    } else if (pattern[p] === text[t]) {
      p += 1
      t += 1
    } else if (star >= 0 && text[taken] !== separator) {
      taken += 1
      t = taken
      p = star
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
