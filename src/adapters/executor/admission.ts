// The owner's policy at the last moment: the core has judged names before the claim, here the file
// that would be started is looked at, because what a path leads to may have changed since.

import { realpathSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Launch } from '../../core/effect.ts'
import { profileOf } from '../../core/jobs/definition.ts'
import {
  allowsPath,
  denialOf,
  denialText,
  profileIn,
  type Policy,
  type Profile,
} from '../../core/trust/policy.ts'
import { accountOf, type Account } from './account.ts'

export type Admission =
  | {
      readonly ok: true
      readonly profile: Profile
      readonly account: Account | undefined
      /** The file to start instead of the first argument; undefined: as it is written. */
      readonly file: string | undefined
    }
  | { readonly ok: false; readonly why: string }

/** Whether a launch may be started, and as whom. */
export function admit(policy: Policy, { job, run }: Pick<Launch, 'job' | 'run'>): Admission {
  const denial = denialOf(policy, { job, run, authors: [] })
  const profile = profileIn(policy, profileOf(run))
  if (denial !== undefined) return refused(denialText(denial))
  if (profile === undefined) return refused('its profile is gone')
  const account = profile.user === null ? undefined : accountOf(profile.user)
  if (profile.user !== null && account === undefined) {
    return refused(`this machine has no account ${profile.user}`)
  }
  if (profile.paths.length === 0 || run.kind !== 'exec') {
    return { ok: true, profile, account, file: undefined }
  }
  const uid = account?.uid ?? process.getuid?.() ?? 0
  return checkProgram(run.argv[0]!, profile, uid) ?? programOf(run.argv[0]!, profile, account)
}

const programOf = (path: string, profile: Profile, account: Account | undefined): Admission => ({
  ok: true,
  profile,
  account,
  file: realpathSync(path),
})

/** Refuses what the paths do not hold once it is resolved, and what the job could have written. */
function checkProgram(path: string, profile: Profile, uid: number): Admission | undefined {
  if (!isAbsolute(path)) return refused(`${path} is no absolute path`)
  try {
    const real = realpathSync(path)
    if (!allowsPath(profile, real)) return refused(`${path} leads to ${real}, which is not allowed`)
    const stat = statSync(real)
    if ((stat.mode & 0o022) !== 0) return refused(`others may write ${real}: chmod go-w`)
    const isOwn = stat.uid === uid && uid !== 0
    return isOwn ? refused(`the job's own account may write ${real}`) : undefined
  } catch (error) {
    return refused(`${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`)
  }
}

const refused = (why: string): Admission => ({ ok: false, why })
