// `meshcron init`: the keys of a new cluster, without starting a node.

import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { refuse, type Result } from '../core/result.ts'
import { resolveConfig } from './config.ts'
import type { StartOptions } from './config.ts'
import type { Founded } from './credentials.ts'
import { prepareDataDir, writeFirstPolicy } from './start-files.ts'

export interface InitOptions extends Pick<StartOptions, 'dataDir' | 'tag'> {
  /** Path for the cluster key; undefined: `cluster.key` in the data directory. */
  readonly keyFile: string | undefined
}

/** Makes a data directory that `meshcron start` then uses. */
export async function runInit({ keyFile, ...flags }: InitOptions): Promise<Result<Founded>> {
  const { env } = process
  const settings = resolveConfig({ flags, env, cwd: process.cwd(), hostname: hostname() })
  if (!settings.ok) return settings
  const { dataDir } = settings.value
  if (['certificate', 'store.db', 'cluster.key'].some((name) => existsSync(join(dataDir, name)))) {
    return refuse(
      'MC_DATA_DIR',
      `${dataDir} is the data directory of a node already`,
      'start it with meshcron start, or choose another one with --data-dir',
    )
  }
  const prepared = prepareDataDir(dataDir)
  if (!prepared.ok) return prepared
  const policy = writeFirstPolicy(settings.value)
  if (!policy.ok) return policy
  const { found } = await import('./daemon.ts')
  return await found({ ...settings.value, clusterKeyFile: keyFile ?? join(dataDir, 'cluster.key') })
}
