// Where a command looks for a node when nobody says where.

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { options } from './config-options.ts'
import { demoHome, isOurs } from './demo-home.ts'

/**
 * Data directories to try, in this order. The one in the current folder, and only when there is
 * none the nodes of a running demo: what is meant for a real fleet must not end in a demo.
 */
export function defaultDataDirs(cwd: string = process.cwd()): readonly string[] {
  const own = resolve(cwd, options.dataDir.fallback!)
  return existsSync(own) ? [own] : [own, ...demoDataDirs()]
}

/** Data directories of the demo's nodes that are up, the first node first. */
function demoDataDirs(): readonly string[] {
  const { dir, aliveFile } = demoHome()
  if (!isOurs(dir)) return []
  try {
    const names = readFileSync(aliveFile, 'utf8').split('\n')
    return names.filter((name) => name !== '').map((name) => join(dir, name))
  } catch {
    return []
  }
}
