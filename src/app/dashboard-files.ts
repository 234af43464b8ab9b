// The dashboard as it was built: inside the bundle, or from source what `scripts/build-dashboard.ts`
// has left in .cache. Without either a node serves its API alone, and says so under `/`.

import { readFileSync } from 'node:fs'

/** One file: its content type, and its gzip in base64. */
export interface PackedFile {
  readonly type: string
  readonly gzip: string
}

/** Files by path. */
export type PackedFiles = Readonly<Record<string, PackedFile>>

declare const MESHCRON_DASHBOARD: PackedFiles | undefined

/** Files by path; empty when nothing is built. */
export function dashboardFiles(): ReadonlyMap<string, { type: string; gzip: Uint8Array }> {
  const files = typeof MESHCRON_DASHBOARD === 'object' ? MESHCRON_DASHBOARD : readBuilt()
  const entries = Object.entries(files).map(([path, { type, gzip }]) => {
    return [path, { type, gzip: Buffer.from(gzip, 'base64') }] as const
  })
  return new Map(entries)
}

function readBuilt(): PackedFiles {
  try {
    const file = new URL('../../.cache/dashboard.json', import.meta.url)
    return JSON.parse(readFileSync(file, 'utf8')) as PackedFiles
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
